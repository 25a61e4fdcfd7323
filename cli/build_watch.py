"""Waiting for a build, with its output."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from cli.errors import CLIError
from cli.paths import api_path
from cli.session import Session
from cli.streams import follow_output

POLL = 0.15
RELEASE_PATIENCE = 15.0


def await_build(session: Session, app: str, build: dict[str, Any]) -> dict[str, Any]:
    """Show a build's output on stderr until it ends and has its release; a failed build is an error."""
    console, monotonic = session.console, session.env.monotonic
    where = api_path("apps", app, "builds", build["id"])
    build = show_build(session, app, build, write=console.program_note)
    shown = monotonic()
    # A build that is done gets its release a moment later.
    while build["status"] == "pending" or (
        build["status"] == "succeeded" and not build.get("release") and monotonic() - shown < RELEASE_PATIENCE
    ):
        session.env.sleep(POLL)
        build = session.client.get(where, patient=True)
    if build["status"] == "failed":
        why = build.get("failure_message") or "The build failed; its output says why."
        raise CLIError(f"{why}\nNothing of the app was changed.")
    return build


def show_build(session: Session, app: str, build: dict[str, Any], *, write: Callable[[str], None]) -> dict[str, Any]:
    """Write a build's output while it runs; the answer is the build as it is then."""
    where = api_path("apps", app, "builds", build["id"])
    latest = build

    def finished() -> bool:
        nonlocal latest
        if latest["status"] == "pending":
            latest = session.client.get(where, patient=True)
        return bool(latest["status"] != "pending")

    url = build.get("output_stream_url")
    if url and not follow_output(session.client.transfers, session.env, url, write=write, finished=finished):
        session.console.warn("The build's output cannot be had; the build itself goes on.")
    return latest
