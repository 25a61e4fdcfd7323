"""certs:auto, certs:auto:enable, certs:auto:disable, certs:auto:refresh."""

from __future__ import annotations

from typing import Any

from cli.command import app_command, confirm_option, json_option
from cli.commands.apps import confirm_by_name
from cli.paths import api_path
from cli.session import Session


@app_command("certs:auto")
@json_option
def auto(session: Session, app: str, *, as_json: bool) -> None:
    """Show how far an app's automatic certificates are."""
    found = session.client.get(api_path("apps", app))
    domains = [each for each in session.client.list(api_path("apps", app, "domains")) if each["kind"] == "custom"]
    console = session.console
    if as_json:
        console.json({"acm": found["acm"], "domains": domains})
        return
    console.header(f"Automatic certificates are {'on' if found['acm'] else 'off'} for {app}")
    if found["acm"] and domains:
        rows = [
            (each["hostname"], each["acm_status"] or "brought", each["acm_status_reason"] or "") for each in domains
        ]
        console.table(("Domain", "Status", "Reason"), rows)


@app_command("certs:auto:enable")
def enable(session: Session, app: str) -> None:
    """Let the platform get and renew certificates for an app's domains."""
    with session.console.action(f"Enabling automatic certificates for {session.console.app(app)}"):
        session.client.post(_path(app))
    session.console.note(f"See how far they are: nomapaas certs:auto --app {app}")


@app_command("certs:auto:disable")
@confirm_option
def disable(session: Session, app: str, *, confirm: str | None) -> None:
    """Get no more certificates for an app, and remove those that the platform got."""
    confirm_by_name(session, app, confirm, f"remove the automatic certificates of ⬢ {app}")
    with session.console.action(f"Disabling automatic certificates for {session.console.app(app)}"):
        session.client.delete(_path(app))


@app_command("certs:auto:refresh")
def refresh(session: Session, app: str) -> None:
    """Try again at once what failed."""
    with session.console.action(f"Refreshing automatic certificates of {session.console.app(app)}"):
        session.client.patch(_path(app), {})


def _path(app: str) -> Any:
    return api_path("apps", app, "acm")


COMMANDS = [auto, enable, disable, refresh]
