"""events."""

from __future__ import annotations

from typing import Any

import click

from cli.command import app_options, command, json_option
from cli.paths import api_path
from cli.session import Session
from cli.text import parse_time

_MOST = 1000


@command("events")
@app_options
@click.option(
    "-n",
    "--num",
    type=click.IntRange(1, _MOST),
    default=30,
    show_default=True,
    metavar="NUMBER",
    help="How many, counted from the newest.",
)
@json_option
def events(session: Session, *, app: str | None, remote: str | None, num: int, as_json: bool) -> None:
    """Show who did what, from where: yours (for admins everybody's), or with --app an app's."""
    # Only an app that is named here: in a checkout of an app one still wants to see one's own trail.
    chosen = session.app(app, remote) if app or remote or session.global_app else None
    where = api_path("apps", chosen, "events") if chosen else "/events"
    found = session.client.list(where, order=f"created_at ..; order=desc, max={num}")
    console = session.console
    if as_json:
        console.json(found)
    elif not found:
        console.note("Nothing was done yet.")
    else:
        rows = [_row(session, event) for event in reversed(found)]
        console.table(("When", "Who", "From", "App", "What", "Detail"), rows)


def _row(session: Session, event: dict[str, Any]) -> tuple[str, ...]:
    actor, app = event["actor"] or {}, event["app"] or {}
    moment = parse_time(event["created_at"]).astimezone(session.env.now().tzinfo)
    return (
        f"{moment:%Y/%m/%d %H:%M:%S}",
        actor.get("email") or actor.get("id") or "the platform",
        event["remote"] or "-",
        app.get("name") or app.get("id") or "-",
        event["action"],
        event["detail"],
    )


COMMANDS = [events]
