"""tokens, tokens:create, tokens:revoke, auth:password."""

from __future__ import annotations

import re
from datetime import timedelta
from typing import Any

import click

from cli.command import command, json_option
from cli.errors import CLIError
from cli.paths import api_path
from cli.session import Session
from cli.text import ago, parse_time

SCOPES = ("global", "identity", "read", "write", "read-protected", "write-protected")
_SPAN = re.compile(r"([0-9]{1,9})([smhdw]?)")
_SECONDS = {"": 1, "s": 1, "m": 60, "h": 3600, "d": 86_400, "w": 604_800}


@command("tokens")
@json_option
def tokens(session: Session, *, as_json: bool) -> None:
    """List your API tokens, without their secrets."""
    found = session.client.list("/oauth/authorizations")
    console = session.console
    if as_json:
        console.json(found)
        return
    now = session.env.now()
    rows = [
        (token["id"], token["description"], ", ".join(token["scope"]), _end(token), ago(token["created_at"], now))
        for token in found
    ]
    console.table(("Id", "Description", "Scope", "Expires", "Created"), rows)


@command("tokens:create")
@click.option("-d", "--description", metavar="TEXT", help="What the token is for.")
@click.option(
    "-s", "--scope", "scopes", multiple=True, type=click.Choice(SCOPES), help="What it may do; several add up."
)
@click.option("-e", "--expires-in", metavar="TIME", help="How long it works, such as 30d, 12h or 3600 (seconds).")
@json_option
def create(
    session: Session, *, description: str | None, scopes: tuple[str, ...], expires_in: str | None, as_json: bool
) -> None:
    """Make an API token, and print it this once. Without --scope it may do everything that you may."""
    body: dict[str, Any] = {"description": description or "nomapaas CLI", "scope": list(scopes) or ["global"]}
    if expires_in is not None:
        body["expires_in"] = _seconds(expires_in)
    with session.console.action("Creating a token"):
        made = session.client.post("/oauth/authorizations", body)
    if as_json:
        session.console.json(made)
        return
    session.console.note(f"It is shown this once. To take it back: nomapaas tokens:revoke {made['id']}")
    session.console.out(made["access_token"]["token"])


@command("tokens:revoke")
@click.argument("token_id", metavar="ID")
def revoke(session: Session, *, token_id: str) -> None:
    """Take an API token back; it opens nothing from then on."""
    with session.console.action(f"Revoking {token_id}"):
        session.client.delete(api_path("oauth", "authorizations", token_id))


@command("auth:password")
def password(session: Session) -> None:
    """Set your password, for logging in.

    Without a terminal the password is the next line of standard input.
    """
    env = session.env
    given = env.ask_hidden("New password: ") if env.interactive else env.stdin.readline().rstrip("\r\n")
    if not given:
        raise CLIError("No password was given, so nothing was changed.")
    if env.interactive and env.ask_hidden("The same again: ") != given:
        raise CLIError("The two passwords differ, so nothing was changed.")
    with session.console.action("Setting your password"):
        session.client.patch("/account", {"new_password": given})


def _seconds(text: str) -> int:
    match = _SPAN.fullmatch(text)
    if match is None:
        raise click.UsageError(f"{text} is no time. Give a number with s, m, h, d or w, such as 30d.")
    return int(match[1]) * _SECONDS[match[2]]


def _end(token: dict[str, Any]) -> str:
    lifetime = token["access_token"]["expires_in"]
    if lifetime is None:
        return "never"
    return f"{parse_time(token['created_at']) + timedelta(seconds=lifetime):%Y/%m/%d %H:%M:%S %z}"


COMMANDS = [tokens, create, revoke, password]
