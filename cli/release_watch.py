"""Waiting for a release: its release phase, the boot of its dynos, how it ended."""

from __future__ import annotations

from typing import Any

from cli.errors import CLIError
from cli.paths import api_path
from cli.session import Session
from cli.streams import follow_output
from cli.text import printable

POLL = 0.15
DYNO_POLL = 1.0
WAIT = 600.0


def await_release(session: Session, app: str, release_id: str, *, timeout: float = WAIT) -> dict[str, Any]:
    """Show what becomes of a release until it is on the air; a failed one is an error with its whole message."""
    where = api_path("apps", app, "releases", release_id)
    release: dict[str, Any] = session.client.get(where, patient=True)
    if release["status"] == "pending" and release.get("output_stream_url"):
        follow_release_phase(session, release["output_stream_url"])
        release = session.client.get(where, patient=True)
    if release["status"] == "pending":
        release = _await_boot(session, app, where, release, timeout)
    name = f"v{release['version']}"
    if release["status"] == "failed":
        why = release.get("failure_message") or f'Its release failed. "nomapaas logs --app {app}" may say why.'
        raise CLIError(f"{name} is not on the air: {why}")
    if release["status"] == "expired":
        raise CLIError(f"{name} was overtaken by a newer release before it was on the air.")
    return release


def follow_release_phase(session: Session, url: str) -> None:
    """Print the release phase's output as it comes."""
    console = session.console
    seen = False

    def write(line: str) -> None:
        nonlocal seen
        if not seen:
            console.note("-----> Running release phase")
        seen = True
        console.program_note(line, indent="       ")

    if not follow_output(session.client.transfers, session.env, url, write=write, finished=lambda: True):
        console.warn("The release phase's output cannot be had. The release goes on.")


def _await_boot(session: Session, app: str, where: str, release: dict[str, Any], timeout: float) -> dict[str, Any]:
    env, console, client = session.env, session.console, session.client
    console.note(f"-----> Launching v{release['version']}")
    boot = _Boot(session, app, release["version"])
    started = looked = env.monotonic()
    while release["status"] == "pending":
        env.sleep(POLL)
        release = client.get(where, patient=True)
        now = env.monotonic()
        if now - looked >= DYNO_POLL:
            looked = now
            boot.look()
        if now - started > timeout and release["status"] == "pending":
            waits = "".join(f" {line.rstrip('.')}." for line in boot.waiting())
            raise CLIError(
                f"v{release['version']} is not on the air after {timeout:.0f} seconds and stays pending on the server."
                f'{waits} "nomapaas ps --app {app}" shows it.'
            )
    return release


class _Boot:
    """The dynos of one release, as lines about what changed."""

    def __init__(self, session: Session, app: str, version: int) -> None:
        self._session = session
        self._app = app
        self._version = version
        self._shown: dict[str, str] = {}

    def look(self) -> None:
        dynos = self._session.client.list(api_path("apps", self._app, "dynos"), patient=True)
        for dyno in dynos:
            if (dyno.get("release") or {}).get("version") != self._version:
                continue
            line = dyno["state"] + (f": {dyno['reason']}" if dyno.get("reason") else "")
            if self._shown.get(dyno["name"]) != line:
                self._shown[dyno["name"]] = line
                self._session.console.note(f"       {printable(dyno['name'])} {printable(line)}")

    def waiting(self) -> list[str]:
        """What is not up yet: the dynos that wait for the same share one line."""
        names: dict[str, list[str]] = {}
        for name, line in self._shown.items():
            if not line.startswith("up"):
                names.setdefault(line, []).append(name)
        return [f"{', '.join(sorted(waiting, key=_by_number))}: {line}" for line, waiting in names.items()]


def _by_number(dyno: str) -> tuple[str, int, str]:
    kind, _, number = dyno.rpartition(".")
    return kind, int(number) if number.isdecimal() else 0, dyno
