"""apps:transfer, transfers, transfers:accept, transfers:decline, transfers:cancel."""

from __future__ import annotations

from typing import Any

import click

from cli.command import app_command, command, json_option
from cli.paths import api_path
from cli.session import Session
from cli.text import ago

_WHERE = "/account/app-transfers"


@app_command("apps:transfer")
@click.argument("recipient", metavar="EMAIL")
@json_option
def transfer(session: Session, app: str, *, recipient: str, as_json: bool) -> None:
    """Offer an app that you own to another account, which has to accept it."""
    with session.console.action(f"Offering {session.console.app(app)} to {recipient}") as step:
        made = session.client.post(_WHERE, {"app": app, "recipient": recipient})
        if made["state"] == "pending":
            step.status = "done, waiting for them to accept it"
    if as_json:
        session.console.json(made)


@command("transfers")
@json_option
def transfers(session: Session, *, as_json: bool) -> None:
    """List apps that you have offered or were offered."""
    found = session.client.list(_WHERE)
    console = session.console
    if as_json:
        console.json(found)
    elif not found:
        console.note("Nobody has offered you an app, and you have offered none.")
    else:
        now = session.env.now()
        console.table(
            ("App", "From", "To", "State", "Since"), [_row(each, ago(each["updated_at"], now)) for each in found]
        )


@command("transfers:accept")
@click.argument("app_name", metavar="APP")
@json_option
def accept(session: Session, *, app_name: str, as_json: bool) -> None:
    """Accept an app that you were offered: it is yours from then on."""
    _answer(session, app_name, "accepted", words="Accepting", as_json=as_json)


@command("transfers:decline")
@click.argument("app_name", metavar="APP")
@json_option
def decline(session: Session, *, app_name: str, as_json: bool) -> None:
    """Decline an app that you were offered."""
    _answer(session, app_name, "declined", words="Declining", as_json=as_json)


@command("transfers:cancel")
@click.argument("app_name", metavar="APP")
def cancel(session: Session, *, app_name: str) -> None:
    """Take back the offer of an app."""
    with session.console.action(f"Taking back the offer of {session.console.app(app_name)}"):
        session.client.delete(f"{_WHERE}{api_path(app_name)}")


def _answer(session: Session, app: str, state: str, *, words: str, as_json: bool) -> None:
    with session.console.action(f"{words} {session.console.app(app)}"):
        made = session.client.patch(f"{_WHERE}{api_path(app)}", {"state": state})
    if as_json:
        session.console.json(made)


def _row(each: dict[str, Any], since: str) -> tuple[str, ...]:
    return (each["app"]["name"], each["owner"]["email"], each["recipient"]["email"], each["state"], since)


COMMANDS = [transfer, transfers, accept, decline, cancel]
