"""builds, builds:info, builds:output, builds:cancel, builds:cache:purge."""

from __future__ import annotations

from typing import Any

import click

from cli.build_watch import show_build
from cli.command import app_command, json_option
from cli.errors import CLIError
from cli.paths import api_path
from cli.session import Session
from cli.text import ago


@app_command("builds")
@click.option("-n", "--num", type=click.IntRange(1, 1000), default=15, show_default=True, help="How many.")
@json_option
def builds(session: Session, app: str, *, num: int, as_json: bool) -> None:
    """List an app's builds, the newest first."""
    found = _latest(session, app, num)
    console = session.console
    if as_json:
        console.json(found)
        return
    if not found:
        console.note(f"{console.app(app)} has no builds. Make one: nomapaas push.")
        return
    console.header(f"{app} Builds")
    now = session.env.now()
    console.table(
        ("Build", "Status", "Source", "By", "When"),
        [
            (
                build["id"],
                build["status"],
                (build.get("source_blob") or {}).get("version") or "",
                (build.get("user") or {}).get("email", ""),
                ago(build["created_at"], now),
            )
            for build in found
        ],
    )


@app_command("builds:info")
@click.argument("build_id", required=False, metavar="[BUILD]")
@json_option
def info(session: Session, app: str, *, build_id: str | None, as_json: bool) -> None:
    """Show a build, the latest one unless named."""
    build = _build(session, app, build_id)
    if as_json:
        session.console.json(build)
        return
    now = session.env.now()
    fields = {
        "Status": build["status"],
        "Source": (build.get("source_blob") or {}).get("version"),
        "Stack": build.get("stack"),
        "By": (build.get("user") or {}).get("email"),
        "When": ago(build["created_at"], now),
        "Slug": (build.get("slug") or {}).get("id"),
        "Release": (build.get("release") or {}).get("id"),
        "Failure": build.get("failure_message"),
    }
    session.console.header(f"Build {build['id']}")
    session.console.fields({key: value for key, value in fields.items() if value})


@app_command("builds:output")
@click.argument("build_id", required=False, metavar="[BUILD]")
@json_option
def output(session: Session, app: str, *, build_id: str | None, as_json: bool) -> None:
    """Show what a build printed, and go on while it runs; the latest one unless named."""
    build = _build(session, app, build_id)
    if not build.get("output_stream_url"):
        raise CLIError(f"The output of build {build['id']} is not kept any more.")
    if as_json:
        lines: list[str] = []
        show_build(session, app, build, write=lines.append)
        session.console.json({"build": {"id": build["id"]}, "output": "\n".join(lines)})
    else:
        show_build(session, app, build, write=session.console.program_line)


@app_command("builds:cancel")
@click.argument("build_id", required=False, metavar="[BUILD]")
def cancel(session: Session, app: str, *, build_id: str | None) -> None:
    """Stop a build that is waiting or running; the latest such one unless named."""
    if build_id is None:
        pending = [build for build in _latest(session, app, 15) if build["status"] == "pending"]
        if not pending:
            raise CLIError(f"{app} has no build to stop: none is waiting or running.")
        build_id = pending[0]["id"]
    with session.console.action(f"Stopping build {build_id} of {session.console.app(app)}"):
        session.client.delete(api_path("apps", app, "builds", build_id))


@app_command("builds:cache:purge")
def purge_cache(session: Session, app: str) -> None:
    """Let the next build begin without what the ones before have kept, also of a source that was built before."""
    with session.console.action(f"Purging the build cache of {session.console.app(app)}"):
        session.client.delete(api_path("apps", app, "build-cache"))


def _latest(session: Session, app: str, count: int) -> list[dict[str, Any]]:
    found = session.client.list(api_path("apps", app, "builds"), order=f"created_at ..; order=desc,max={count}")
    return sorted(found, key=lambda build: str(build["created_at"]), reverse=True)[:count]


def _build(session: Session, app: str, build_id: str | None) -> dict[str, Any]:
    if build_id:
        build: dict[str, Any] = session.client.get(api_path("apps", app, "builds", build_id))
        return build
    found = _latest(session, app, 1)
    if not found:
        raise CLIError(f"{app} has no builds. Make one: nomapaas push.")
    return found[0]


COMMANDS = [builds, info, output, cancel, purge_cache]
