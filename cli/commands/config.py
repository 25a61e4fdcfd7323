"""config, config:get, config:set, config:unset."""

from __future__ import annotations

from typing import Any

import click

from cli.command import app_command, json_option, split_pairs
from cli.dotenv_file import read_variables
from cli.errors import CLIError
from cli.paths import api_path
from cli.release_watch import await_release
from cli.session import Session


@app_command("config")
@click.option("-s", "--shell", is_flag=True, help="Print KEY='value' lines that a shell can read.")
@json_option
def config(session: Session, app: str, *, shell: bool, as_json: bool) -> None:
    """List an app's config vars."""
    found = session.client.get(_path(app))
    if as_json:
        session.console.json(found)
    elif shell:
        for key in sorted(found):
            session.console.out(f"{key}={_quoted(found[key])}")
    elif not found:
        session.console.note(f"{session.console.app(app)} has no config vars. Set one: nomapaas config:set KEY=value.")
    else:
        session.console.header(f"{app} Config Vars")
        session.console.fields({key: found[key] for key in sorted(found)})


@app_command("config:get")
@click.argument("keys", nargs=-1, required=True, metavar="KEY...")
@click.option("-s", "--shell", is_flag=True, help="Print KEY='value' lines that a shell can read.")
@json_option
def get(session: Session, app: str, *, keys: tuple[str, ...], shell: bool, as_json: bool) -> None:
    """Print the value of a config var, and nothing else."""
    found = session.client.get(_path(app))
    missing = [key for key in keys if key not in found]
    if missing:
        raise CLIError(f'{app} has no config var {", ".join(missing)}. "nomapaas config" lists those that there are.')
    if as_json:
        session.console.json({key: found[key] for key in keys})
        return
    for key in keys:
        session.console.out(f"{key}={_quoted(found[key])}" if shell else found[key])


@app_command("config:set")
@click.argument("pairs", nargs=-1, metavar="[KEY=value]...")
@click.option("-f", "--env-file", metavar="FILE", help="Read them from a .env or JSON file; - is standard input.")
@click.option("-w", "--wait", is_flag=True, help="Wait until the release is on the air.")
@json_option
def set_(
    session: Session, app: str, *, pairs: tuple[str, ...], env_file: str | None, wait: bool, as_json: bool
) -> None:
    """Set config vars and restart the app with them; all of them make one release."""
    from_file = read_variables(session.env, env_file) if env_file else {}
    values = {**from_file, **split_pairs(pairs)}
    if not values:
        raise click.UsageError("There is nothing to set. Give KEY=value words, or --env-file FILE.")
    found = _change(session, app, dict(values), verb="Setting", wait=wait)
    if as_json:
        session.console.json(found)
    else:
        session.console.fields({key: found[key] for key in values if key in found})


@app_command("config:unset")
@click.argument("keys", nargs=-1, required=True, metavar="KEY...")
@click.option("-w", "--wait", is_flag=True, help="Wait until the release is on the air.")
def unset(session: Session, app: str, *, keys: tuple[str, ...], wait: bool) -> None:
    """Remove config vars and restart the app without them."""
    found = session.client.get(_path(app))
    for key in keys:
        if key not in found:
            session.console.warn(f"{app} has no config var {key}.")
    present = [key for key in keys if key in found]
    if present:
        _change(session, app, dict.fromkeys(present), verb="Unsetting", wait=wait)


def _change(session: Session, app: str, values: dict[str, Any], *, verb: str, wait: bool) -> dict[str, Any]:
    console = session.console
    with console.action(f"{verb} {', '.join(values)} and restarting {console.app(app)}") as step:
        found: dict[str, Any] = session.client.patch(_path(app), values)
        latest = session.client.list(api_path("apps", app, "releases"), order="version ..; order=desc,max=1")
        if latest:
            step.status = f"done, v{latest[0]['version']}"
    if wait and latest:
        released = await_release(session, app, latest[0]["id"])
        console.note(f"       Released v{released['version']}")
    return found


def _path(app: str) -> str:
    return api_path("apps", app, "config-vars")


def _quoted(value: str) -> str:
    return "'" + value.replace("'", "'\"'\"'") + "'"


COMMANDS = [config, get, set_, unset]
