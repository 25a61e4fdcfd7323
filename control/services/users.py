"""Accounts as admins keep them, and what people change of their own."""

from __future__ import annotations

import secrets
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any
from uuid import uuid4

from control.domain.accounts import Account, check_email
from control.domain.people import check_quota
from control.errors import InvalidParams
from control.ports.bundle import Ports
from control.ports.state import UnitOfWork
from control.services.accounts import Passwords, check_password, create_token
from control.services.actor import Actor, record
from control.services.collaborators import find_account

_FIRST_TOKEN = "first token"  # noqa: S105 - a description
_NAMED = 3


@dataclass(frozen=True, kw_only=True)
class AddUser:
    """Make an account. It has no password that anybody knows, but a token; the person may set a password with it."""

    ports: Ports
    passwords: Passwords

    def __call__(self, actor: Actor, *, email: object, name: str | None, admin: bool) -> tuple[Account, str]:
        """Return the account and its first token's secret, which is kept nowhere. Raises BrokenRule, InvalidParams."""
        address = check_email(email)
        now = self.ports.clock.now()
        account = Account(
            id=str(uuid4()),
            email=address,
            name=(name or address.partition("@")[0])[:255],
            password_hash=self.passwords.hash(secrets.token_urlsafe(18)),
            admin=admin,
            created_at=now,
            updated_at=now,
        )
        with self.ports.state.begin() as work:
            if work.accounts.by_email(address):
                raise InvalidParams(f"There is an account {address} already; see `nomapaas users`.")
            work.accounts.add(account)
            detail = f"{address}{' (admin)' if admin else ''}"
            _record(work, actor, now=now, action="account.create", detail=detail)
            _, secret = create_token(work, self.ports.clock, account, description=_FIRST_TOKEN, by=actor)
            work.commit()
        return account, secret


@dataclass(frozen=True, kw_only=True)
class UpdateUser:
    """Make an account an admin or not, rename it, or give it a quota of its own."""

    ports: Ports

    def __call__(
        self, actor: Actor, *, user: str, name: str | None, admin: bool | None, quota: dict[str, Any]
    ) -> Account:
        """Change what is given. Raises NotFound, InvalidParams, BrokenRule."""
        changes = check_quota(quota)
        now = self.ports.clock.now()
        with self.ports.state.begin() as work:
            before = find_account(work, user)
            if admin is False and before.id == actor.account.id:
                raise InvalidParams("You cannot take the admin's rights from yourself; let another admin do it.")
            own = {key: value for key, value in {**before.quota, **changes}.items() if value is not None}
            after = replace(
                before, name=(name or before.name)[:255], admin=before.admin if admin is None else admin, quota=own
            )
            if after != before:
                after = replace(after, updated_at=now)
                work.accounts.save(after)
                _record(work, actor, now=now, action="account.update", detail=_difference(before, after))
                work.commit()
        return after


@dataclass(frozen=True, kw_only=True)
class ResetUser:
    """Lock out whoever has an account's password or one of its tokens, and give it a new first token."""

    ports: Ports
    passwords: Passwords

    def __call__(self, actor: Actor, *, user: str) -> tuple[Account, str]:
        """Return the account and the token's secret. Raises NotFound."""
        encoded = self.passwords.hash(secrets.token_urlsafe(18))
        now = self.ports.clock.now()
        with self.ports.state.begin() as work:
            account = replace(find_account(work, user), password_hash=encoded, updated_at=now)
            work.accounts.save(account)
            for token in work.accounts.tokens(account.id):
                work.accounts.remove_token(token.id)
            _record(work, actor, now=now, action="account.reset", detail=account.email)
            _, secret = create_token(work, self.ports.clock, account, description=_FIRST_TOKEN, by=actor)
            work.commit()
        return account, secret


@dataclass(frozen=True, kw_only=True)
class RemoveUser:
    """Remove an account that owns nothing."""

    ports: Ports

    def __call__(self, actor: Actor, *, user: str) -> Account:
        """Remove it with its tokens and collaborations. Raises NotFound, InvalidParams."""
        with self.ports.state.begin() as work:
            account = find_account(work, user)
            if account.id == actor.account.id:
                raise InvalidParams("You cannot remove your own account; let another admin do it.")
            _remove(work, actor, account, now=self.ports.clock.now())
            work.commit()
        return account


@dataclass(frozen=True, kw_only=True)
class RemoveAccount:
    """Remove one's own account. An admin's is removed by another admin, so that one is left."""

    ports: Ports

    def __call__(self, actor: Actor) -> Account:
        """Remove it with its tokens and collaborations. Raises InvalidParams."""
        with self.ports.state.begin() as work:
            account = find_account(work, actor.account.id)
            if account.admin:
                raise InvalidParams("An admin cannot remove the own account; let another admin do it.")
            _remove(work, actor, account, now=self.ports.clock.now())
            work.commit()
        return account


@dataclass(frozen=True, kw_only=True)
class UpdateAccount:
    """Change one's own name or password."""

    ports: Ports
    passwords: Passwords

    def __call__(self, actor: Actor, *, name: str | None, password: str | None) -> Account:
        """Change what is given. Raises InvalidParams."""
        encoded = self.passwords.hash(check_password(password)) if password is not None else None
        now = self.ports.clock.now()
        with self.ports.state.begin() as work:
            before = work.accounts.get(actor.account.id) or actor.account
            after = replace(
                before, name=(name or before.name)[:255], password_hash=encoded or before.password_hash, updated_at=now
            )
            work.accounts.save(after)
            _record(work, actor, now=now, action="account.update", detail=_difference(before, after))
            work.commit()
        return after


def _remove(work: UnitOfWork, actor: Actor, account: Account, *, now: datetime) -> None:
    _demand_nothing_owned(work, account)
    # First, while there is an account to name who did it.
    _record(work, actor, now=now, action="account.destroy", detail=f"{account.email} ({account.id})")
    work.accounts.remove(account.id)


def _demand_nothing_owned(work: UnitOfWork, account: Account) -> None:
    apps = work.apps.list(owner_id=account.id)
    if apps:
        named = ", ".join(app.name for app in apps[:_NAMED]) + (", …" if len(apps) > _NAMED else "")
        raise InvalidParams(
            f"The account {account.email} still owns {named}; transfer what it owns with `nomapaas apps:transfer`, "
            "or destroy it, first."
        )
    if any(app.owner_id == account.id for app in work.apps.destroyed()):
        raise InvalidParams(f"An app of {account.email} is still being destroyed; try again in a minute.")


def _difference(before: Account, after: Account) -> str:
    parts = [f"{key}={getattr(after, key)}" for key in ("name", "admin") if getattr(before, key) != getattr(after, key)]
    parts += [
        f"quota {key}={after.quota.get(key, 'default')}"
        for key in sorted({*before.quota, *after.quota})
        if before.quota.get(key) != after.quota.get(key)
    ]
    if before.password_hash != after.password_hash:
        parts.append("password")
    return f"{after.email}: {', '.join(parts) or 'nothing'}"


def _record(work: UnitOfWork, actor: Actor, *, now: datetime, action: str, detail: str) -> None:
    record(work, now=now, action=action, detail=detail, actor_id=actor.account.id, remote=actor.remote)
