"""https, https:force, https:hsts."""

from __future__ import annotations

from typing import Any

import click

from cli.command import app_command, json_option
from cli.paths import api_path
from cli.session import Session

_YEAR = 31_536_000


@app_command("https")
@json_option
def https(session: Session, app: str, *, as_json: bool) -> None:
    """Show what an app wants of encrypted requests."""
    found = session.client.get(api_path("apps", app, "https"))
    if as_json:
        session.console.json(found)
        return
    session.console.header(f"{app} HTTPS")
    hsts = f"{found['hsts']} seconds" if found["hsts"] else "off"
    session.console.fields({"Force": "on" if found["force"] else "off", "HSTS": hsts})


@app_command("https:force")
@click.argument("state", type=click.Choice(["on", "off"]))
def force(session: Session, app: str, *, state: str) -> None:
    """Send plain requests to TLS, or take them as they are."""
    words = "Sending plain requests to TLS" if state == "on" else "Taking plain requests again"
    _change(session, app, f"{words} for {session.console.app(app)}", {"force": state == "on"})


@app_command("https:hsts")
@click.argument("seconds", metavar="SECONDS|on|off")
def hsts(session: Session, app: str, *, seconds: str) -> None:
    """Tell browsers to use nothing but TLS for so long (on: a year), or tell them nothing."""
    words = {"on": _YEAR, "off": 0}
    if seconds not in words and not seconds.isdecimal():
        raise click.UsageError(f"{seconds} is neither a number of seconds nor on nor off.")
    value = words[seconds] if seconds in words else int(seconds)
    _change(session, app, f"Setting HSTS of {session.console.app(app)} to {value} seconds", {"hsts": value})


def _change(session: Session, app: str, words: str, body: dict[str, Any]) -> None:
    with session.console.action(words):
        session.client.patch(api_path("apps", app, "https"), body)


COMMANDS = [https, force, hsts]
