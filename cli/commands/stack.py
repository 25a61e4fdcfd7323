"""stack."""

from __future__ import annotations

from cli.command import app_command, json_option
from cli.paths import api_path
from cli.session import Session


@app_command("stack")
@json_option
def stack(session: Session, app: str, *, as_json: bool) -> None:
    """Show an app's stack, marked among all that there are."""
    current = session.client.get(api_path("apps", app))["stack"]["name"]
    found = session.client.list("/stacks")
    console = session.console
    if as_json:
        console.json([{**one, "current": one["name"] == current} for one in found])
        return
    console.header(f"{app} Available Stacks")
    for one in sorted(found, key=lambda one: str(one["name"])):
        mark = "*" if one["name"] == current else " "
        console.out(f"{mark} {one['name']}")


COMMANDS = [stack]
