"""buildpacks, buildpacks:set, buildpacks:add, buildpacks:remove, buildpacks:clear, buildpacks:info."""

from __future__ import annotations

from typing import Any

import click

from cli.command import app_command, command, json_option
from cli.errors import CLIError
from cli.paths import api_path
from cli.session import Session

_INDEX = click.option("-i", "--index", type=click.IntRange(min=1), metavar="N", help="Its place in the order.")


@app_command("buildpacks")
@json_option
def buildpacks(session: Session, app: str, *, as_json: bool) -> None:
    """List the buildpacks that an app's next build uses, in their order."""
    found = session.client.list(_path(app))
    if as_json:
        session.console.json(found)
    else:
        _show(session, app, [each["buildpack"]["url"] for each in found])


@app_command("buildpacks:set")
@click.argument("buildpack")
@_INDEX
@json_option
def set_(session: Session, app: str, *, buildpack: str, index: int | None, as_json: bool) -> None:
    """Put a buildpack at a place, the first unless told, instead of the one that is there."""
    chosen = _chosen(session, app)
    place = (index or 1) - 1
    _demand_new(app, chosen[:place] + chosen[place + 1 :], buildpack)
    chosen[place : place + 1] = [buildpack]
    _put(session, app, chosen, done="set", as_json=as_json)


@app_command("buildpacks:add")
@click.argument("buildpack")
@_INDEX
@json_option
def add(session: Session, app: str, *, buildpack: str, index: int | None, as_json: bool) -> None:
    """Add a buildpack at a place, the last unless told; those from there on move back."""
    chosen = _chosen(session, app)
    _demand_new(app, chosen, buildpack)
    place = len(chosen) if index is None else index - 1
    chosen[place:place] = [buildpack]
    _put(session, app, chosen, done="added", as_json=as_json)


@app_command("buildpacks:remove")
@click.argument("buildpack", required=False)
@_INDEX
@json_option
def remove(session: Session, app: str, *, buildpack: str | None, index: int | None, as_json: bool) -> None:
    """Remove a buildpack, named or by its place."""
    if (buildpack is None) == (index is None):
        raise click.UsageError("Name one buildpack, or give its place with --index.")
    chosen = _chosen(session, app)
    if index is not None and index > len(chosen):
        raise CLIError(f"{app} has no buildpack {index}, only {len(chosen)}. Nothing was changed.")
    if buildpack is not None and buildpack not in chosen:
        raise CLIError(
            f'{app} has no buildpack {buildpack}. "nomapaas buildpacks --app {app}" lists those that it has.'
        )
    del chosen[chosen.index(buildpack) if index is None and buildpack else (index or 1) - 1]
    _put(session, app, chosen, done="removed", as_json=as_json)


@app_command("buildpacks:clear")
@json_option
def clear(session: Session, app: str, *, as_json: bool) -> None:
    """Take all buildpacks away: builds detect one again."""
    _put(session, app, [], done="cleared", as_json=as_json)


@command("buildpacks:info")
@click.argument("buildpack", required=False)
@json_option
def info(session: Session, *, buildpack: str | None, as_json: bool) -> None:
    """Show the buildpacks that come with the platform, or one of them."""
    console = session.console
    if buildpack is None:
        known = session.client.list("/buildpacks")
        if as_json:
            console.json(known)
        else:
            console.table(
                ("NAME", "BUILDS", "FITS"), [(each["name"], each["language"], each["fits"]) for each in known]
            )
        return
    namespace, _, name = buildpack.rpartition("/")
    found = session.client.get(api_path("buildpacks", namespace or "nomapaas", name))
    if as_json:
        console.json(found)
        return
    console.header(found["name"])
    fields = {"Builds": found["language"], "Fits": found["fits"], "Also known as": ", ".join(found["aliases"])}
    console.fields(fields)


def _chosen(session: Session, app: str) -> list[str]:
    return [each["buildpack"]["url"] for each in session.client.list(_path(app))]


def _demand_new(app: str, others: list[str], buildpack: str) -> None:
    if buildpack in others:
        raise CLIError(f"{app} has the buildpack {buildpack} already. Nothing was changed.")


def _put(session: Session, app: str, chosen: list[str], *, done: str, as_json: bool) -> None:
    updates = {"updates": [{"buildpack": each} for each in chosen]}
    found: list[dict[str, Any]] = session.client.put(_path(app), updates)
    if as_json:
        session.console.json(found)
        return
    now = [each["buildpack"]["url"] for each in found]
    following = f"use {', '.join(now)}" if now else "detect a buildpack"
    session.console.note(
        f"Buildpack{'s' if done == 'cleared' else ''} {done}. The next build of {app} will {following}."
    )
    session.console.note(f"Build it now: nomapaas push --app {app}")
    _show(session, app, now)


def _show(session: Session, app: str, chosen: list[str]) -> None:
    console = session.console
    if not chosen:
        console.note(f"{console.app(app)} has no buildpacks set: builds detect one.")
        return
    console.header(f"{app} Buildpack{'s' if len(chosen) > 1 else ''}")
    for number, each in enumerate(chosen, start=1):
        console.out(f"{number}. {each}" if len(chosen) > 1 else each)


def _path(app: str) -> str:
    return api_path("apps", app, "buildpack-installations")


COMMANDS = [buildpacks, set_, add, remove, clear, info]
