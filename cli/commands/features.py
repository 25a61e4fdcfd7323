"""features, features:info, features:enable, features:disable."""

from __future__ import annotations

import click

from cli.command import app_command, json_option
from cli.paths import api_path
from cli.session import Session


@app_command("features")
@json_option
def features(session: Session, app: str, *, as_json: bool) -> None:
    """List what an app may switch, and what is on."""
    found = session.client.list(api_path("apps", app, "features"))
    if as_json:
        session.console.json(found)
        return
    session.console.header(f"{app} Features")
    for each in found:
        session.console.out(f"[{'+' if each['enabled'] else ' '}] {each['name']:<32}{each['description']}")


@app_command("features:info")
@click.argument("feature")
@json_option
def info(session: Session, app: str, *, feature: str, as_json: bool) -> None:
    """Show a feature, and whether it is on."""
    found = session.client.get(api_path("apps", app, "features", feature))
    if as_json:
        session.console.json(found)
        return
    session.console.header(found["name"])
    session.console.fields({"Description": found["description"], "Enabled": "yes" if found["enabled"] else "no"})


@app_command("features:enable")
@click.argument("feature")
def enable(session: Session, app: str, *, feature: str) -> None:
    """Switch a feature of an app on."""
    _switch(session, app, feature, enabled=True)


@app_command("features:disable")
@click.argument("feature")
def disable(session: Session, app: str, *, feature: str) -> None:
    """Switch a feature of an app off."""
    _switch(session, app, feature, enabled=False)


def _switch(session: Session, app: str, feature: str, *, enabled: bool) -> None:
    verb = "Enabling" if enabled else "Disabling"
    with session.console.action(f"{verb} {feature} for {session.console.app(app)}"):
        session.client.patch(api_path("apps", app, "features", feature), {"enabled": enabled})


COMMANDS = [features, info, enable, disable]
