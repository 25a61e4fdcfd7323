"""releases, releases:info, releases:output, releases:retry, rollback."""

from __future__ import annotations

from typing import Any

import click

from cli.command import app_command, json_option
from cli.errors import CLIError
from cli.paths import api_path
from cli.release_watch import await_release
from cli.session import Session
from cli.streams import follow_output
from cli.text import ago


@app_command("releases")
@click.option("-n", "--num", type=click.IntRange(1, 1000), default=15, show_default=True, help="How many.")
@json_option
def releases(session: Session, app: str, *, num: int, as_json: bool) -> None:
    """List an app's releases, the newest first."""
    found = _latest(session, app, num)
    console = session.console
    if as_json:
        console.json(found)
        return
    if not found:
        console.note(f"{console.app(app)} has no releases. Make one: nomapaas push.")
        return
    current = next((f" - Current: v{release['version']}" for release in found if release.get("current")), "")
    console.header(f"{app} Releases{current}")
    now = session.env.now()
    console.table(
        ("Version", "Description", "By", "When"),
        [
            (
                f"v{release['version']}",
                release["description"] + ("" if release["status"] == "succeeded" else f" ({release['status']})"),
                (release.get("user") or {}).get("email", ""),
                ago(release["created_at"], now),
            )
            for release in found
        ],
    )


@app_command("releases:info")
@click.argument("version", required=False, metavar="[VERSION]")
@json_option
def info(session: Session, app: str, *, version: str | None, as_json: bool) -> None:
    """Show a release, the current one unless named."""
    release = _release(session, app, version)
    if as_json:
        session.console.json(release)
        return
    fields = {
        "Change": release["description"],
        "Status": release["status"] + (" (current)" if release.get("current") else ""),
        "By": (release.get("user") or {}).get("email"),
        "When": ago(release["created_at"], session.env.now()),
        "Slug": (release.get("slug") or {}).get("id"),
        "Failure": release.get("failure_message"),
    }
    session.console.header(f"Release v{release['version']}")
    session.console.fields({key: value for key, value in fields.items() if value})


@app_command("releases:output")
@click.argument("version", required=False, metavar="[VERSION]")
@json_option
def output(session: Session, app: str, *, version: str | None, as_json: bool) -> None:
    """Show what a release's release phase printed; the latest release unless named."""
    release = _release(session, app, version, latest=True)
    url = release.get("output_stream_url")
    if not url:
        session.console.note(f"v{release['version']} has no output: it had no release phase.")
        if as_json:
            session.console.json({"release": {"version": release["version"]}, "output": None})
        return
    lines: list[str] = []
    write = lines.append if as_json else session.console.program_line
    if not follow_output(session.client.transfers, session.env, url, write=write, finished=lambda: True):
        raise CLIError(f"The output of v{release['version']} cannot be had now. Try again.")
    if as_json:
        session.console.json({"release": {"version": release["version"]}, "output": "\n".join(lines)})


@app_command("releases:retry")
@click.argument("version", required=False, metavar="[VERSION]")
@click.option("--no-wait", is_flag=True, help="Do not wait until the release is on the air.")
def retry(session: Session, app: str, *, version: str | None, no_wait: bool) -> None:
    """Try a failed release once more: its release phase and its boot; the latest release unless named.

    A retry is a new release with that one's slug and config vars.
    """
    target = _release(session, app, version, latest=True)
    console = session.console
    with console.action(f"Retrying v{target['version']} of {console.app(app)}") as step:
        made = session.client.post(api_path("apps", app, "releases"), {"retry": target["id"]})
        step.status = f"done, v{made['version']}"
    if not no_wait:
        await_release(session, app, made["id"])
        console.note(f"       Released v{made['version']}")


@app_command("rollback")
@click.argument("version", required=False, metavar="[VERSION]")
@click.option("--no-wait", is_flag=True, help="Do not wait until the release is on the air.")
def rollback(session: Session, app: str, *, version: str | None, no_wait: bool) -> None:
    """Go back to an earlier release, the last good one before the current unless named.

    A rollback is a new release with that one's slug and config vars.
    """
    target = _release(session, app, version) if version else _before_current(session, app)
    console = session.console
    with console.action(f"Rolling back {console.app(app)} to v{target['version']}") as step:
        made = session.client.post(api_path("apps", app, "releases"), {"release": target["id"]})
        step.status = f"done, v{made['version']}"
    if not no_wait:
        await_release(session, app, made["id"])
        console.note(f"       Released v{made['version']}")


def _latest(session: Session, app: str, count: int) -> list[dict[str, Any]]:
    found = session.client.list(api_path("apps", app, "releases"), order=f"version ..; order=desc,max={count}")
    return sorted(found, key=lambda release: int(release["version"]), reverse=True)[:count]


def _release(session: Session, app: str, version: str | None, *, latest: bool = False) -> dict[str, Any]:
    if version is not None:
        named = version.removeprefix("v")
        release: dict[str, Any] = session.client.get(api_path("apps", app, "releases", named))
        return release
    found = _latest(session, app, 1 if latest else 50)
    if not found:
        raise CLIError(f"{app} has no releases. Make one: nomapaas push.")
    return next((release for release in found if release.get("current")), found[0])


def _before_current(session: Session, app: str) -> dict[str, Any]:
    found = _latest(session, app, 100)
    current = next((release["version"] for release in found if release.get("current")), None)
    for release in found:
        good = release["status"] == "succeeded" and release.get("eligible_for_rollback", True) and release.get("slug")
        if good and current is not None and release["version"] < current:
            return release
    raise CLIError(f"{app} has no earlier release to go back to.")


COMMANDS = [releases, info, output, retry, rollback]
