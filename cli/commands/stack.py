"""stack, stack:set."""

from __future__ import annotations

import click

from cli.command import app_command, json_option
from cli.paths import api_path
from cli.session import Session


@app_command("stack")
@json_option
def stack(session: Session, app: str, *, as_json: bool) -> None:
    """Show an app's stack, marked among all that there are."""
    known = session.client.get(api_path("apps", app))
    current = known["stack"]["name"]
    following = (known.get("build_stack") or known["stack"])["name"]
    found = session.client.list("/stacks")
    console = session.console
    if as_json:
        console.json([{**one, "current": one["name"] == current, "next": one["name"] == following} for one in found])
        return
    console.header(f"{app} Available Stacks")
    for one in sorted(found, key=lambda one: str(one["name"])):
        mark = "*" if one["name"] == current else " "
        later = " (active on the next push)" if one["name"] == following != current else ""
        console.out(f"{mark} {one['name']}{later}")


@app_command("stack:set")
@click.argument("stack")
@json_option
def set_(session: Session, app: str, *, stack: str, as_json: bool) -> None:
    """Choose the stack that an app's next push is built on. Until then it runs on the one that it has."""
    console = session.console
    with console.action(f"Setting stack of {console.app(app)} to {stack}"):
        changed = session.client.patch(api_path("apps", app), {"build_stack": stack})
    if as_json:
        console.json(changed)
    elif changed["stack"]["name"] != changed["build_stack"]["name"]:
        console.note(f"Push {app} again to build it on {stack}; until then it runs on {changed['stack']['name']}.")


COMMANDS = [stack, set_]
