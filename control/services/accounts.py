"""Accounts: login, tokens, the admin."""

from __future__ import annotations

import secrets
import threading
from dataclasses import replace
from datetime import timedelta
from uuid import uuid4

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

from control.domain.accounts import TOKEN_PREFIX, Account, Token, check_email, token_digest
from control.domain.permissions import EVERYTHING, Scope
from control.domain.rules import BrokenRule
from control.errors import InvalidParams, NotFound, RateLimited, Unauthorized
from control.ports.clock import Clock
from control.ports.state import StateStore, UnitOfWork
from control.services.actor import Actor, record
from control.services.throttle import Failures

_ADDRESS_FACTOR = 10
"""Many people may share one network address, so it may fail this much oftener than one e-mail address."""

_HASHES_AT_ONCE = 2
"""Each takes a core and 64 MB for a moment: more would let strangers starve the platform."""

_MIN_PASSWORD = 8
_MAX_PASSWORD = 1024
_MAX_TOKEN_LIFE = timedelta(days=3650)

_TOO_MANY = "Too many failed logins; wait five minutes, then try again."

BAD_LOGIN = "Invalid credentials provided: check the e-mail address and the password, or use an API token."


def check_password(password: str) -> str:
    """Return a new password that is long enough. Raises InvalidParams."""
    if not _MIN_PASSWORD <= len(password) <= _MAX_PASSWORD:
        raise InvalidParams(f"A password must have at least {_MIN_PASSWORD} characters, and at most {_MAX_PASSWORD}.")
    return password


class Passwords:
    """Hashes and checks passwords; what is checked takes equally long whether or not the account exists."""

    def __init__(self, hasher: PasswordHasher | None = None) -> None:
        self._hasher = hasher or PasswordHasher()
        self._nobody = self._hasher.hash(secrets.token_hex(16))
        self._turns = threading.BoundedSemaphore(_HASHES_AT_ONCE)

    def hash(self, password: str) -> str:
        """Hash a new password."""
        with self._turns:
            return self._hasher.hash(password)

    def matches(self, account: Account | None, password: str) -> bool:
        """Check a password against an account, or against nobody's."""
        encoded = account.password_hash if account else self._nobody
        try:
            with self._turns:
                self._hasher.verify(encoded, password[:_MAX_PASSWORD])
        except (VerificationError, InvalidHashError):
            return False
        return account is not None


class Login:
    """E-mail and password against the accounts, throttled for each e-mail and network address."""

    def __init__(self, state: StateStore, clock: Clock, passwords: Passwords, *, attempts: int) -> None:
        self._state = state
        self._passwords = passwords
        self._attempts = attempts
        self._failures = Failures(clock)

    def __call__(self, email: str, password: str, *, remote: str | None) -> Account:
        """Return the account. Raises Unauthorized, RateLimited."""
        person, place = f"email {email.lower()[:255]}", f"address {remote}"
        # Each try counts as a failure until it is none: else many at once would be checked before the first one counts.
        if not self._failures.admit(person, limit=self._attempts):
            raise RateLimited(_TOO_MANY)
        if not self._failures.admit(place, limit=self._attempts * _ADDRESS_FACTOR):
            self._failures.take_back(person)
            raise RateLimited(_TOO_MANY)
        with self._state.view() as work:
            account = work.accounts.by_email(email)
        if not self._passwords.matches(account, password) or account is None:
            raise Unauthorized(BAD_LOGIN)
        self._failures.clear(person)
        self._failures.take_back(place)
        return account


def note_login(work: UnitOfWork, clock: Clock, account: Account) -> None:
    """Write down that somebody has logged in with their password. The caller commits."""
    if latest := work.accounts.get(account.id):
        work.accounts.save(replace(latest, last_login=clock.now()))


def create_token(
    work: UnitOfWork,
    clock: Clock,
    account: Account,
    *,
    description: str,
    expires_in: int | None = None,
    scopes: tuple[Scope, ...] = EVERYTHING,
    remote: str | None = None,
    by: Actor | None = None,
) -> tuple[Token, str]:
    """Make an API token; its secret is returned this once and never kept. The caller commits. Raises BrokenRule.

    `by` is who makes it where that is not the account itself.
    """
    now = clock.now()
    if expires_in is not None and not 0 < expires_in <= _MAX_TOKEN_LIFE.total_seconds():
        raise BrokenRule(
            "The field expires_in must be a number of seconds from 1 to 315360000 (ten years), or null for never."
        )
    secret = TOKEN_PREFIX + secrets.token_urlsafe(32)
    token = Token(
        id=str(uuid4()),
        account_id=account.id,
        description=description[:200],
        digest=token_digest(secret),
        created_at=now,
        expires_at=now + timedelta(seconds=expires_in) if expires_in else None,
        scopes=scopes,
    )
    work.accounts.add_token(token)
    maker = by or Actor(account=account, remote=remote)
    detail = f"{token.id} for {account.email}: {', '.join(scopes)}"
    record(work, now=now, action="token.create", detail=detail, actor_id=maker.account.id, remote=maker.remote)
    return token, secret


def bearer_of(work: UnitOfWork, clock: Clock, secret: str, *, remote: str | None) -> Actor | None:
    """Find who an API token speaks for; None when it is unknown or has expired."""
    if not secret.startswith(TOKEN_PREFIX) or len(secret) > 100 or not secret.isascii():
        return None
    token = work.accounts.token_by_digest(token_digest(secret))
    if token is None or (token.expires_at is not None and token.expires_at <= clock.now()):
        return None
    account = work.accounts.get(token.account_id)
    return Actor(account=account, remote=remote, token_id=token.id, scopes=token.scopes) if account else None


def find_token(work: UnitOfWork, actor: Actor, token_id: str) -> Token:
    """Find a token of the actor's own; `~` is the one in use. Raises NotFound."""
    token = work.accounts.token((actor.token_id or "") if token_id == "~" else token_id)  # noqa: S105 - no secret
    if token is None or token.account_id != actor.account.id:
        raise NotFound("Couldn't find that authorization; list yours first.", resource="authorization")
    return token


def revoke_token(work: UnitOfWork, clock: Clock, actor: Actor, token: Token) -> None:
    """Remove a token; the caller commits."""
    work.accounts.remove_token(token.id)
    record(
        work,
        now=clock.now(),
        action="token.revoke",
        detail=token.id,
        actor_id=actor.account.id,
        remote=actor.remote,
    )


def ensure_admin(
    state: StateStore, clock: Clock, passwords: Passwords, *, email: str, password: str | None = None
) -> tuple[Account, str | None]:
    """Make sure that this admin exists; return it, with its password when one was made up or given.

    An account that exists keeps its password unless one is given.
    """
    address = check_email(email)
    now = clock.now()
    with state.view() as work:
        known = work.accounts.by_email(address)
    made = password or (None if known else secrets.token_urlsafe(18))
    if made is not None:
        check_password(made)
    encoded = passwords.hash(made) if made else None
    with state.begin() as work:
        account = work.accounts.by_email(address)
        if account is None:
            account = Account(
                id=str(uuid4()),
                email=address,
                name=address.partition("@")[0],
                password_hash=encoded or passwords.hash(secrets.token_urlsafe(18)),
                admin=True,
                created_at=now,
                updated_at=now,
            )
            work.accounts.add(account)
            record(work, now=now, action="account.create", detail=f"{address} (admin)", actor_id=account.id)
        elif encoded or not account.admin:
            account = replace(account, admin=True, password_hash=encoded or account.password_hash, updated_at=now)
            work.accounts.save(account)
            record(work, now=now, action="account.update", detail=f"{address} (admin)", actor_id=account.id)
        work.commit()
    return account, made
