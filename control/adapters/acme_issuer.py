"""Certificates from an ACME server, through certbot's library."""

from __future__ import annotations

import hashlib
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from typing import Any, cast

import requests
from acme import challenges, client, crypto_util, errors, messages
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from josepy.jwk import JWKRSA

from control.ports.issuer import IssuanceRefused, Issued, IssuerUnavailable
from control.ports.vault import ConfigVault
from control.settings import Secret
from jobs.names import PLATFORM_FOLDER

_USER_AGENT = "nomapaas"
_PATIENCE = timedelta(seconds=90)
_MOST_WAIT = timedelta(days=7)
_NONCES = 3
"""Tries, of two nonces each, before the last one."""

_BUSY = {"rateLimited", "serverInternal", "badNonce"}
"""Problems that are not the domain's (RFC 8555 §6.7)."""


class _Network(client.ClientNetwork):
    """The library tries a refused nonce once more; a server may refuse several (RFC 8555, 6.5).

    It also keeps to itself for how long a server that refuses wants to be left alone (6.6).
    """

    retry_after: timedelta | None = None

    def _send_request(self, *args: Any, **kwargs: Any) -> requests.Response:
        response = super()._send_request(*args, **kwargs)
        self.retry_after = None if response.ok else _wait(response.headers.get("Retry-After", ""))
        return response

    def post(self, *args: Any, **kwargs: Any) -> requests.Response:
        for _ in range(_NONCES):
            try:
                return super().post(*args, **kwargs)
            except messages.Error as exc:
                if exc.code != "badNonce":
                    raise
        return super().post(*args, **kwargs)


@dataclass(frozen=True)
class AccountBinding:
    """What a server gave whoever may have an account there (RFC 8555, 7.3.4)."""

    kid: str
    hmac: Secret
    """The key, in base64url."""


class AcmeIssuer:
    """One server; the account's key lies in Vault, so that all workers and later ones are the same account."""

    def __init__(
        self,
        directory: str,
        vault: ConfigVault,
        *,
        email: str = "",
        ca_file: str = "",
        binding: AccountBinding | None = None,
    ) -> None:
        self._directory = directory
        self._vault = vault
        self._email = email
        self._ca_file = ca_file
        self._binding = binding
        self._lock = threading.Lock()
        self._net: _Network | None = None
        self._client: client.ClientV2 | None = None

    def issue(self, hostname: str, *, publish: Callable[[str, str], None]) -> Issued:
        key = ec.generate_private_key(ec.SECP256R1())
        pem = _pem(key)
        with self._lock, self._translated():
            known = self._connected()
            order = known.new_order(crypto_util.make_csr(pem.encode(), [hostname]))
            for authorization in order.authorizations:
                _answer(known, authorization, publish)
            # The library compares with the local time without a zone.
            deadline = datetime.now() + _PATIENCE  # noqa: DTZ005
            done = known.poll_and_finalize(order, deadline)
        return Issued(chain=done.fullchain_pem, private_key=pem)

    def _connected(self) -> client.ClientV2:
        if self._client is None:
            key = JWKRSA(key=self._account_key())
            net = self._net = _Network(
                key,
                user_agent=_USER_AGENT,
                # It hands this on to requests, which takes a file as well.
                verify_ssl=cast("bool", self._ca_file or True),
                timeout=20,
            )
            found = client.ClientV2(client.ClientV2.get_directory(self._directory, net), net)
            try:
                self._sign_in(found, key)
            except errors.ConflictError as exc:
                net.account = messages.RegistrationResource(uri=exc.location, body=messages.Registration())
            self._client = found
        return self._client

    def _sign_in(self, found: client.ClientV2, key: JWKRSA) -> None:
        """Make the account; the library raises ConflictError, with its address, for one that is there."""
        try:
            # First, because a server may take a binding once and no more.
            found.new_account(messages.NewRegistration(only_return_existing=True))
        except messages.Error as exc:
            if exc.code != "accountDoesNotExist":
                raise
        bound = None
        if self._binding:
            bound = messages.ExternalAccountBinding.from_data(
                key.public_key(), self._binding.kid, self._binding.hmac.reveal(), found.directory
            )
        found.new_account(
            messages.NewRegistration.from_data(
                email=self._email or None, terms_of_service_agreed=True, external_account_binding=bound
            )
        )

    @contextmanager
    def _translated(self) -> Iterator[None]:
        try:
            yield
        except errors.ValidationError as exc:
            raise IssuanceRefused(_reason(exc)) from exc
        except messages.Error as exc:
            if exc.code in _BUSY:
                said = f"The ACME server cannot help now: {exc.detail}."
                raise IssuerUnavailable(said, retry_after=self._asked_to_wait()) from exc
            raise IssuanceRefused(f"The ACME server refused: {exc.detail}.") from exc
        except errors.TimeoutError as exc:
            raise IssuanceRefused("The ACME server did not decide in time.") from exc
        except requests.RequestException as exc:
            raise IssuerUnavailable(f"The ACME server does not answer ({type(exc).__name__}).") from exc
        except (errors.Error, ValueError) as exc:
            said = f"The ACME server does not answer properly ({type(exc).__name__})."
            raise IssuerUnavailable(said, retry_after=self._asked_to_wait()) from exc

    def _asked_to_wait(self) -> timedelta | None:
        return self._net.retry_after if self._net else None

    def _account_key(self) -> rsa.RSAPrivateKey:
        path = f"{PLATFORM_FOLDER}/acme-{hashlib.sha256(self._directory.encode()).hexdigest()[:16]}"
        kept = self._vault.platform_secret(path)
        if kept is None:
            made = rsa.generate_private_key(public_exponent=65537, key_size=2048)
            kept = {"private_key": _pem(made), "directory": self._directory}
            self._vault.keep_platform_secret(path, kept)
        found = serialization.load_pem_private_key(kept["private_key"].encode(), password=None)
        if not isinstance(found, rsa.RSAPrivateKey):
            raise IssuerUnavailable(f"The account key of {self._directory} in Vault is of another kind.")
        return found


def _answer(
    known: client.ClientV2, authorization: messages.AuthorizationResource, publish: Callable[[str, str], None]
) -> None:
    if authorization.body.status == messages.STATUS_VALID:
        return
    offered = [each for each in authorization.body.challenges if isinstance(each.chall, challenges.HTTP01)]
    if not offered:
        raise IssuanceRefused("The ACME server offers no check over HTTP for this name.")
    response, answer = offered[0].response_and_validation(known.net.key)
    publish(offered[0].chall.encode("token"), answer)
    known.answer_challenge(offered[0], response)


def _wait(header: str) -> timedelta | None:
    """What `Retry-After` says, in seconds or as a date."""
    if header.isascii() and header.isdigit():
        return timedelta(seconds=min(int(header), int(_MOST_WAIT.total_seconds())))
    try:
        return min(max(parsedate_to_datetime(header) - datetime.now(UTC), timedelta()), _MOST_WAIT)
    except (ValueError, TypeError):
        return None


def _reason(error: errors.ValidationError) -> str:
    details = [
        challenge.error.detail
        for authorization in error.failed_authzrs
        for challenge in authorization.body.challenges
        if challenge.error is not None and challenge.error.detail
    ]
    return f"The ACME server could not reach this platform under that name: {details[0] if details else 'no reason'}."


def _pem(key: ec.EllipticCurvePrivateKey | rsa.RSAPrivateKey) -> str:
    form = serialization.PrivateFormat.PKCS8
    return key.private_bytes(serialization.Encoding.PEM, form, serialization.NoEncryption()).decode()
