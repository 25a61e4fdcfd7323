"""Where certificates for custom domains come from: an ACME server (RFC 8555)."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from typing import Protocol

from control.ports.errors import PortError


class IssuerUnavailable(PortError):
    """The server does not answer, or wants less to do with us for a while."""

    def __init__(self, message: str, *, retry_after: timedelta | None = None) -> None:
        super().__init__(message)
        self.retry_after = retry_after
        """What the server asked to wait before the same again; None where it said nothing."""


class IssuanceRefused(Exception):
    """The server does not certify this name; the message is a sentence for whoever owns the domain."""


@dataclass(frozen=True, kw_only=True)
class Issued:
    """A new certificate with the key that was made for it."""

    chain: str
    private_key: str = ""

    def __repr__(self) -> str:
        return "Issued(…)"


class Issuer(Protocol):
    """One ACME server with one account at it."""

    def issue(self, hostname: str, *, publish: Callable[[str, str], None]) -> Issued:
        """Get a certificate for one name. Raises IssuanceRefused, IssuerUnavailable.

        `publish` is called with a token and with what the server has to find at
        `http://HOSTNAME/.well-known/acme-challenge/TOKEN` (HTTP-01) from when it returns.
        """
        ...
