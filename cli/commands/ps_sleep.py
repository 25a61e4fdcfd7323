"""ps:sleep, ps:wake, ps:autosleep."""

from __future__ import annotations

from typing import Any

import click

from cli.command import app_command, json_option
from cli.paths import api_path
from cli.session import Session
from cli.text import ago, printable

_UNITS = (("d", 86_400), ("h", 3600), ("m", 60))


@app_command("ps:sleep")
@json_option
def sleep(session: Session, app: str, *, as_json: bool) -> None:
    """Put an app to sleep: its dynos stop, and the next request wakes it."""
    with session.console.action(f"Putting {session.console.app(app)} to sleep"):
        found = session.client.post(api_path("apps", app, "actions", "sleep"))
    if as_json:
        session.console.json(found)


@app_command("ps:wake")
@json_option
def wake(session: Session, app: str, *, as_json: bool) -> None:
    """Wake an app that sleeps, as a request would."""
    with session.console.action(f"Waking {session.console.app(app)}") as step:
        found = session.client.post(api_path("apps", app, "actions", "wake"))
        step.status = f"done, {found['state']}"
    if as_json:
        session.console.json(found)


@app_command("ps:autosleep")
@click.option("--after", metavar="TIME", help="Idle time, such as 30m, or off, or default (the platform's).")
@click.option(
    "--keep-warm",
    multiple=True,
    metavar="WINDOW",
    help="Stay awake at these times, such as 'mon-fri 08:00-20:00 Europe/Berlin' (UTC without a zone); '' for none. "
    "May be given several times.",
)
@click.option("--freeze/--no-freeze", default=None, help="Freeze dynos, which keep their memory, or stop them.")
@json_option
def autosleep(
    session: Session, app: str, *, after: str | None, keep_warm: tuple[str, ...], freeze: bool | None, as_json: bool
) -> None:
    """Show when an app sleeps by itself, or change it."""
    console, path = session.console, api_path("apps", app, "autosleep")
    changes: dict[str, Any] = {}
    if after is not None:
        changes["after"] = after
    if keep_warm:
        changes["keep_warm"] = list(keep_warm)
    if freeze is not None:
        changes["freeze"] = freeze
    if changes:
        with console.action(f"Changing when {console.app(app)} sleeps"):
            found = session.client.patch(path, changes)
    else:
        found = session.client.get(path)
    if as_json:
        console.json(found)
        return
    if not changes:
        console.fields(_described(found, session))
    if found["reason"]:
        console.note(f"{console.app(app)} does not sleep by itself: {printable(found['reason'])}.")


def _described(found: dict[str, Any], session: Session) -> dict[str, str]:
    after = f"{_span(found['after'])} without a request" if found["after"] else "off"
    fields = {
        "After": f"{after} (default)" if found["is_default"] else after,
        "Keep warm": ", ".join(map(printable, found["keep_warm"])) or "never",
        "Dynos": "freeze" if found["freeze"] else "stop",
    }
    if found["asleep_since"]:
        fields["Asleep"] = ago(found["asleep_since"], session.env.now())
    return fields


def _span(seconds: int) -> str:
    """`30m`, `2h`, `90s`."""
    for unit, length in _UNITS:
        if seconds % length == 0:
            return f"{seconds // length}{unit}"
    return f"{seconds}s"


COMMANDS = [sleep, wake, autosleep]
