"""ps:wait: until all dynos run the latest release."""

from __future__ import annotations

from typing import Any

import click

from cli.command import app_command
from cli.commands.ps import ONEOFF
from cli.errors import CLIError
from cli.paths import api_path
from cli.release_watch import WAIT
from cli.session import Session

SETTLED = ("up", "idle")
"""A dyno that sleeps runs the latest release as soon as somebody asks for it."""


@app_command("ps:wait")
@click.option("-t", "--type", "process_type", metavar="TYPE", help="Only dynos of this type.")
@click.option("-R", "--with-run", is_flag=True, help="One-off dynos, too.")
@click.option("-w", "--wait-interval", type=click.FloatRange(0.2, 60), default=1.0, help="Seconds between looks (1).")
@click.option("--timeout", type=click.FloatRange(1, 86_400), default=WAIT, help="Seconds until it gives up (600).")
def wait(
    session: Session, app: str, *, process_type: str | None, with_run: bool, wait_interval: float, timeout: float
) -> None:
    """Wait until every dyno is up and runs the latest release. Fails when that release does, or time is over."""
    console, env = session.console, session.env
    started = env.monotonic()
    with console.action(f"Waiting for every dyno of {console.app(app)} to run the latest release") as step:
        while True:
            version = _latest(session, app)
            dynos = _dynos(session, app, process_type, with_run=with_run)
            behind = [dyno for dyno in dynos if dyno["state"] not in SETTLED or dyno["release"]["version"] != version]
            if version is not None and not behind:
                step.status = f"done, {len(dynos)} of {len(dynos)} on v{version}"
                return
            if env.monotonic() - started > timeout:
                raise CLIError(_too_late(version, behind, timeout))
            env.sleep(wait_interval)


def _latest(session: Session, app: str) -> int | None:
    """The version that should run; None while it is on its way. A failed one is an error."""
    found = session.client.list(api_path("apps", app, "releases"), order="version ..; order=desc,max=1", patient=True)
    if not found:
        raise CLIError(f"{app} has no releases. Make one: nomapaas push.")
    latest = found[0]
    if latest["status"] == "failed":
        raise CLIError(
            f"v{latest['version']} is not on the air: {latest.get('failure_message') or 'its release failed.'}"
        )
    return int(latest["version"]) if latest["status"] == "succeeded" else None


def _dynos(session: Session, app: str, process_type: str | None, *, with_run: bool) -> list[dict[str, Any]]:
    found = session.client.list(api_path("apps", app, "dynos"), patient=True)
    if process_type:
        return [dyno for dyno in found if dyno["type"] == process_type]
    return [dyno for dyno in found if with_run or dyno["type"] != ONEOFF]


def _too_late(version: int | None, behind: list[dict[str, Any]], timeout: float) -> str:
    if version is None:
        return f"The latest release is still on its way after {timeout:.0f} seconds."
    waits = ", ".join(f"{dyno['name']} ({dyno['state']} on v{dyno['release']['version']})" for dyno in behind)
    return f"Not all dynos are up on v{version} after {timeout:.0f} seconds: {waits}."


COMMANDS = [wait]
