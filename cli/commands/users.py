"""users, users:add, users:info, users:update, users:reset, users:remove, users:quota."""

from __future__ import annotations

from typing import Any

import click

from cli.command import command, json_option, split_pairs
from cli.errors import CLIError
from cli.paths import api_path
from cli.session import Session

_QUOTAS = {
    "apps": "apps",
    "dynos": "dynos",
    "memory_mb": "memory of dynos (MB)",
    "builds": "builds at once",
    "storage_mb": "slugs (MB)",
    "releases": "releases kept of an app",
}


@command("users")
@json_option
def users(session: Session, *, as_json: bool) -> None:
    """List all accounts (admins only)."""
    found = session.client.list("/users")
    if as_json:
        session.console.json(found)
        return
    rows = [(user["email"], user["name"], "admin" if user["admin"] else "", user["id"]) for user in found]
    session.console.table(("E-mail", "Name", "Role", "Id"), rows)


@command("users:add")
@click.argument("email")
@click.option("--name", metavar="NAME", help="What to call the person, instead of the e-mail address's first part.")
@click.option("--admin", is_flag=True, help="Make the account an admin of the platform.")
@json_option
def add(session: Session, *, email: str, name: str | None, admin: bool, as_json: bool) -> None:
    """Add an account (admins only), and print its first token this once."""
    body = {"email": email, "admin": admin} | ({"name": name} if name else {})
    with session.console.action(f"Adding {email}"):
        made = session.client.post("/users", body)
    _show_token(session, made, as_json=as_json)


@command("users:info")
@click.argument("email")
@json_option
def info(session: Session, *, email: str, as_json: bool) -> None:
    """Show an account and what its apps use (admins only)."""
    found = session.client.get(api_path("users", email))
    console = session.console
    if as_json:
        console.json(found)
        return
    console.header(found["email"])
    console.fields({"Name": found["name"], "Admin": "yes" if found["admin"] else "no", "Id": found["id"]})
    console.out()
    _show_quota(session, found["quota"])


@command("users:update")
@click.argument("email")
@click.option("--name", metavar="NAME", help="What to call the person.")
@click.option("--admin/--no-admin", default=None, help="Make the account an admin, or no longer.")
@json_option
def update(session: Session, *, email: str, name: str | None, admin: bool | None, as_json: bool) -> None:
    """Change an account's name, or whether it is an admin (admins only)."""
    wanted = (("name", name), ("admin", admin))
    body = {key: value for key, value in wanted if value is not None}
    if not body:
        raise click.UsageError("Say what to change: --name, --admin or --no-admin.")
    with session.console.action(f"Changing {email}"):
        changed = session.client.patch(api_path("users", email), body)
    if as_json:
        session.console.json(changed)


@command("users:reset")
@click.argument("email")
@json_option
def reset(session: Session, *, email: str, as_json: bool) -> None:
    """Make an account's password and tokens worthless (admins only), and print a new token this once."""
    with session.console.action(f"Resetting {email}"):
        made = session.client.post(api_path("users", email, "actions", "reset"))
    _show_token(session, made, as_json=as_json)


@command("users:remove")
@click.argument("email")
@click.option("-c", "--confirm", metavar="EMAIL", help="Confirm by the e-mail address, without a question.")
def remove(session: Session, *, email: str, confirm: str | None) -> None:
    """Remove an account that owns no app (admins only)."""
    console = session.console
    if confirm is None and session.env.interactive:
        console.warn(f"This will remove {email} with all its tokens.\nTo go on, type {email}.")
        confirm = console.ask("> ")
    if confirm != email:
        raise CLIError(f"This would remove {email}. To do so, add --confirm {email}. Nothing was changed.")
    with console.action(f"Removing {email}"):
        session.client.delete(api_path("users", email))


@command("users:quota")
@click.argument("email", required=False)
@click.argument("changes", nargs=-1, metavar="[LIMIT=NUMBER]...")
@json_option
def quota(session: Session, *, email: str | None, changes: tuple[str, ...], as_json: bool) -> None:
    """Show what your apps may use and do use; for admins, show or change it for another account.

    LIMIT=0 takes a limit away, LIMIT=default follows the platform's again.
    """
    if email is None:
        found = session.client.get("/account/quota")
    elif changes:
        body = {"quota": {key: _number(key, value) for key, value in split_pairs(changes).items()}}
        with session.console.action(f"Changing the quota of {email}"):
            found = session.client.patch(api_path("users", email), body)["quota"]
    else:
        found = session.client.get(api_path("users", email))["quota"]
    if as_json:
        session.console.json(found)
    else:
        _show_quota(session, found)


def _number(key: str, value: str) -> int | None:
    if value == "default":
        return None
    if not value.isascii() or not value.isdigit():
        raise click.UsageError(f"{key}={value} is no quota. Give a number, 0 for no limit, or default.")
    return int(value)


def _show_quota(session: Session, found: dict[str, Any]) -> None:
    rows = [
        (name, _QUOTAS.get(name, name), "-" if row["used"] is None else str(row["used"]), str(row["limit"] or "none"))
        for name, row in found.items()
    ]
    session.console.table(("Limit", "Of", "Used", "At most"), rows)


def _show_token(session: Session, made: dict[str, Any], *, as_json: bool) -> None:
    console = session.console
    if as_json:
        console.json(made)
        return
    console.note("The token below is shown this once. Hand it over by a safe way; it goes into NOMAPAAS_API_KEY.")
    console.note("With it they can set a password: nomapaas auth:password, and from then on nomapaas login.")
    console.out(made["token"])


COMMANDS = [users, add, info, update, reset, remove, quota]
