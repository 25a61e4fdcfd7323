"""What people may do to an app, and what a token may be used for."""

from __future__ import annotations

from collections.abc import Collection
from enum import StrEnum

from control.domain.rules import BrokenRule


class Permission(StrEnum):
    """What one can be allowed to do to an app, in Heroku's words. Each includes those before it."""

    VIEW = "view"
    DEPLOY = "deploy"
    OPERATE = "operate"
    MANAGE = "manage"
    OWN = "owner"
    """Never given to a collaborator: it goes with the app, by a transfer."""

    @property
    def included(self) -> tuple[Permission, ...]:
        """This one and all that it includes, the smallest first."""
        every = tuple(Permission)
        return every[: every.index(self) + 1]


GRANTABLE = (Permission.VIEW, Permission.DEPLOY, Permission.OPERATE, Permission.MANAGE)
"""What collaborators can have."""

DESCRIPTIONS = {
    Permission.VIEW: "See the app: its releases, builds, dynos and logs.",
    Permission.DEPLOY: "Push code, release it and roll back.",
    Permission.OPERATE: "Scale and restart dynos; read and change config vars.",
    Permission.MANAGE: "Rename the app, switch maintenance, let people in, read the trail of events.",
}


def check_permissions(value: object) -> Permission:
    """Return the highest of the named permissions: it includes the others. Raises BrokenRule."""
    known = ", ".join(GRANTABLE)
    if not isinstance(value, list) or not value:
        raise BrokenRule(f"Permissions must be a list with at least one of: {known}.")
    for each in value:
        if each not in GRANTABLE:
            raise BrokenRule(f"Permission {each!s:.40} does not exist; choose of: {known}.")
    return max((Permission(each) for each in value), key=tuple(Permission).index)


class Scope(StrEnum):
    """What a token may be used for: Heroku's OAuth scopes."""

    GLOBAL = "global"
    IDENTITY = "identity"
    READ = "read"
    WRITE = "write"
    READ_PROTECTED = "read-protected"
    WRITE_PROTECTED = "write-protected"


EVERYTHING = (Scope.GLOBAL,)
"""The scopes of a token that was asked for without any."""

_INCLUDED = {
    Scope.GLOBAL: frozenset(Scope),
    Scope.IDENTITY: frozenset({Scope.IDENTITY}),
    Scope.READ: frozenset({Scope.IDENTITY, Scope.READ}),
    Scope.WRITE: frozenset({Scope.IDENTITY, Scope.READ, Scope.WRITE}),
    Scope.READ_PROTECTED: frozenset({Scope.IDENTITY, Scope.READ, Scope.READ_PROTECTED}),
    Scope.WRITE_PROTECTED: frozenset(Scope) - {Scope.GLOBAL},
}


def covers(scopes: Collection[Scope], needed: Scope) -> bool:
    """Is what these scopes allow enough for what is needed?"""
    return any(needed in _INCLUDED[scope] for scope in scopes)


def check_scopes(value: object) -> tuple[Scope, ...]:
    """Return the scopes in a request; none given means everything. Raises BrokenRule."""
    if value is None or value == []:
        return EVERYTHING
    if not isinstance(value, list):
        raise BrokenRule(f"The scope must be a list with some of: {', '.join(Scope)}.")
    for each in value:
        if not isinstance(each, str) or each not in tuple(Scope):
            raise BrokenRule(f"Scope {each!s:.40} does not exist; choose of: {', '.join(Scope)}.")
    return tuple(dict.fromkeys(Scope(each) for each in value))
