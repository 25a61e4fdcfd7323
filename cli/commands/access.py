"""access, access:add, access:update, access:remove."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

import click

from cli.command import app_command, json_option
from cli.paths import api_path
from cli.session import Session

_F = TypeVar("_F", bound=Callable[..., Any])

PERMISSIONS = ("view", "deploy", "operate", "manage")


def _permission_option(*, required: bool) -> Callable[[_F], _F]:
    return click.option(
        "-p",
        "--permissions",
        "--role",
        metavar="NAMES",
        required=required,
        help="view, deploy, operate or manage: each includes those before it.",
    )


@app_command("access")
@json_option
def access(session: Session, app: str, *, as_json: bool) -> None:
    """List who may do what to an app."""
    found = session.client.list(api_path("apps", app, "collaborators"))
    if as_json:
        session.console.json(found)
        return
    rows = [
        (each["user"]["email"], each["role"], ", ".join(permission["name"] for permission in each["permissions"]))
        for each in found
    ]
    session.console.table(("Account", "Role", "Permissions"), rows)


@app_command("access:add")
@click.argument("email")
@_permission_option(required=False)
@json_option
def add(session: Session, app: str, *, email: str, permissions: str | None, as_json: bool) -> None:
    """Let an account do something to an app: operate, unless told otherwise."""
    body: dict[str, object] = {"user": email, "silent": True}
    if permissions:
        body["permissions"] = _names(permissions)
    with session.console.action(f"Adding {email} to {session.console.app(app)}"):
        made = session.client.post(api_path("apps", app, "collaborators"), body)
    if as_json:
        session.console.json(made)


@app_command("access:update")
@click.argument("email")
@_permission_option(required=True)
@json_option
def update(session: Session, app: str, *, email: str, permissions: str, as_json: bool) -> None:
    """Change what an account may do to an app."""
    with session.console.action(f"Changing what {email} may do to {session.console.app(app)}"):
        made = session.client.patch(api_path("apps", app, "collaborators", email), {"permissions": _names(permissions)})
    if as_json:
        session.console.json(made)


@app_command("access:remove")
@click.argument("email")
def remove(session: Session, app: str, *, email: str) -> None:
    """Take all permissions on an app back from an account."""
    with session.console.action(f"Removing {email} from {session.console.app(app)}"):
        session.client.delete(api_path("apps", app, "collaborators", email))


def _names(text: str) -> list[str]:
    names = [name.strip() for name in text.split(",") if name.strip()]
    unknown = [name for name in names if name not in PERMISSIONS]
    if unknown or not names:
        raise click.UsageError(
            f"{unknown[0] if unknown else text!r} is no permission. Choose of {', '.join(PERMISSIONS)}."
        )
    return names


COMMANDS = [access, add, update, remove]
