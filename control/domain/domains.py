"""Custom domains: which names an app may answer for, and which names have one in common."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from functools import cache

import idna
from publicsuffixlist import PublicSuffixList

from control.domain.rules import BrokenRule

WILDCARD = "*."
_LONGEST = 253
"""Characters of a host name, RFC 1035 §2.3.4."""


class AcmStatus(StrEnum):
    """Heroku Platform API v3, `domain.acm_status`, as far as they occur here."""

    PENDING = "pending"
    OK = "ok"
    FAILING = "failing"
    FAILED = "failed"


@dataclass(frozen=True, kw_only=True)
class Domain:
    """One host name that an app answers for besides its own."""

    id: str
    app_id: str
    hostname: str
    """As it goes over the wire: lower case, Punycode; `*.example.com` stands for every name below example.com."""
    generation: int
    """The app's `desired_generation` that brings it to the router."""
    created_at: datetime
    updated_at: datetime
    sni_endpoint_id: str | None = None
    """The certificate that is shown for it."""
    acm_status: AcmStatus | None = None
    """How far the platform is with getting one; None where it is not asked to."""
    acm_status_reason: str | None = None
    acm_try_at: datetime | None = None
    """When it is next tried or renewed."""

    @property
    def is_wildcard(self) -> bool:
        """Whether it stands for more than one name."""
        return self.hostname.startswith(WILDCARD)


def check_hostname(hostname: object, *, zone: str) -> str:
    """Return a name as it is stored and routed when an app may ask for it. Raises BrokenRule.

    `zone` is the platform's own: apps have names there already.
    """
    name = normalized(hostname)
    base = name.removeprefix(WILDCARD)
    if base.rpartition(".")[2].isdigit():
        raise BrokenRule(f"Domain {name:.80} is an address; point a name at this platform and add that.")
    if is_below(base, zone) or (name != base and is_below(zone, base)):
        raise BrokenRule(
            f"Domain {name} belongs to the platform's own zone ({zone}); apps answer there under their names already."
        )
    if _suffixes().is_public(base):
        raise BrokenRule(
            f"Domain {name} is a public suffix, below which names belong to different people; "
            f"add a name below it, such as www.{base}."
        )
    return name


def normalized(hostname: object) -> str:
    """The one spelling of a host name: Punycode (RFC 5891), lower case, no dot at the end. Raises BrokenRule."""
    text = hostname.strip() if isinstance(hostname, str) else ""
    wildcard = WILDCARD if text.startswith(WILDCARD) else ""
    try:
        base = idna.encode(text.removeprefix(WILDCARD).removesuffix("."), uts46=True, std3_rules=True).decode().lower()
    except (idna.IDNAError, UnicodeError):
        base = ""
    if not base or len(wildcard + base) > _LONGEST:
        raise BrokenRule(
            f"Domain {text:.80} is not a host name; give one such as www.example.com, or *.example.com for every name "
            "below example.com."
        )
    return wildcard + base


def readable(hostname: str) -> str:
    """The name as people write it, with the letters that Punycode stands for."""
    wildcard = WILDCARD if hostname.startswith(WILDCARD) else ""
    try:
        return wildcard + idna.decode(hostname.removeprefix(WILDCARD))
    except (idna.IDNAError, UnicodeError):
        return hostname


def is_below(name: str, zone: str) -> bool:
    """Whether a name is a zone or lies in it."""
    return name == zone or name.endswith(f".{zone}")


def wildcards_over(hostname: str) -> tuple[str, ...]:
    """The wildcards that stand for this name too, the nearest first: `*.b.c`, `*.c` for `a.b.c` and for `*.a.b.c`."""
    labels = hostname.removeprefix(WILDCARD).split(".")
    first = 0 if hostname.startswith(WILDCARD) else 1
    return tuple(WILDCARD + ".".join(labels[start:]) for start in range(first, len(labels)))


@cache
def _suffixes() -> PublicSuffixList:
    """The list that comes with the library, of its release's day; nothing is asked over the network."""
    return PublicSuffixList()
