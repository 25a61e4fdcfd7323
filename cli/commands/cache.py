"""cache:info, cache:enable, cache:disable, cache:purge."""

from __future__ import annotations

from typing import Any

import click

from cli.command import app_command, json_option
from cli.errors import CLIError
from cli.paths import api_path
from cli.session import Session


@app_command("cache:info")
@json_option
def info(session: Session, app: str, *, as_json: bool) -> None:
    """Tell whether an app's HTTP cache is on, and how many requests it answers."""
    found = session.client.get(api_path("apps", app, "cache"))
    if as_json:
        session.console.json(found)
        return
    session.console.header(f"{app} Cache")
    session.console.fields(_rows(found))


def _rows(found: dict[str, Any]) -> dict[str, str]:
    rows = {"Enabled": "yes" if found["enabled"] else "no"}
    if found["hits"] is None:
        return rows | {"Counts": "unknown, the edge does not answer"}
    if found["enabled"] and not found["available"]:
        rows["State"] = "Varnish does not answer; requests go to the dynos"
    rate = found["hit_rate"]
    return rows | {
        "Hit rate": "-" if rate is None else f"{rate:.1%}",
        **{name.capitalize(): str(found[name]) for name in ("hits", "stale", "misses", "passes", "since")},
    }


@app_command("cache:enable")
def enable(session: Session, app: str) -> None:
    """Let the HTTP cache answer what the app marks as cacheable."""
    with session.console.action(f"Enabling the cache of {session.console.app(app)}"):
        session.client.patch(api_path("apps", app, "cache"), {"enabled": True})


@app_command("cache:disable")
def disable(session: Session, app: str) -> None:
    """Let every request reach a dyno."""
    with session.console.action(f"Disabling the cache of {session.console.app(app)}"):
        session.client.patch(api_path("apps", app, "cache"), {"enabled": False})


@app_command("cache:purge")
@click.option("--url", metavar="URL", help="Only this one, as /path?query or whole.")
@click.option("--prefix", metavar="URL", help="Only those that begin like this, such as /blog/.")
def purge(session: Session, app: str, *, url: str | None, prefix: str | None) -> None:
    """Have the cache forget what it has of an app."""
    if url is not None and prefix is not None:
        raise CLIError("--url and --prefix exclude each other; give one of them, or none to purge everything.")
    what = url or (f"{prefix}*" if prefix else "everything")
    values = {key: value for key, value in (("url", url), ("prefix", prefix)) if value is not None}
    with session.console.action(f"Purging {what} from the cache of {session.console.app(app)}"):
        session.client.post(api_path("apps", app, "cache", "actions", "purge"), values)


COMMANDS = [info, enable, disable, purge]
