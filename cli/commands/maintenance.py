"""maintenance, maintenance:on, maintenance:off."""

from __future__ import annotations

from cli.command import app_command, json_option
from cli.paths import api_path
from cli.session import Session


@app_command("maintenance")
@json_option
def maintenance(session: Session, app: str, *, as_json: bool) -> None:
    """Tell whether an app is in maintenance."""
    state = bool(session.client.get(api_path("apps", app))["maintenance"])
    if as_json:
        session.console.json({"maintenance": state})
    else:
        session.console.out("on" if state else "off")


@app_command("maintenance:on")
def on(session: Session, app: str) -> None:
    """Answer visitors with a maintenance page; the dynos run on."""
    with session.console.action(f"Enabling maintenance mode for {session.console.app(app)}"):
        session.client.patch(api_path("apps", app), {"maintenance": True})


@app_command("maintenance:off")
def off(session: Session, app: str) -> None:
    """Let visitors in again."""
    with session.console.action(f"Disabling maintenance mode for {session.console.app(app)}"):
        session.client.patch(api_path("apps", app), {"maintenance": False})


COMMANDS = [maintenance, on, off]
