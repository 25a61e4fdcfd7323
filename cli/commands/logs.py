"""logs: recent lines, and those to come."""

from __future__ import annotations

from typing import Any

import click

from cli.command import app_command, json_option
from cli.log_lines import LogPrinter
from cli.log_session import read_session
from cli.session import Session


@app_command("logs")
@click.option("-n", "--num", type=click.IntRange(0, 1500), help="How many recent lines (100).")
@click.option("-t", "--tail", is_flag=True, help="Go on with lines as they come.")
@click.option("-s", "--source", metavar="SOURCE", help="Only of this source: app, heroku, api...")
@click.option("-d", "--dyno", "--dyno-name", "dyno", metavar="DYNO", help="Only of this dyno, such as web.1 or router.")
@click.option("-p", "--process-type", "--ps", metavar="TYPE", help="Only of dynos of this type.")
@json_option
def logs(
    session: Session,
    app: str,
    *,
    num: int | None,
    tail: bool,
    source: str | None,
    dyno: str | None,
    process_type: str | None,
    as_json: bool,
) -> None:
    """Show an app's log lines: of its dynos, the router and the platform. JSON is one object a line."""
    if dyno and process_type:
        raise click.UsageError("Choose by --dyno or by --process-type, not both.")
    wanted: dict[str, Any] = {"tail": tail, "lines": 100 if num is None else num}
    wanted |= {key: value for key, value in (("source", source), ("type", process_type)) if value}
    if dyno:
        wanted |= {"dyno": dyno, "dyno_name": dyno}
    printer = LogPrinter(session.console, as_json=as_json)
    read_session(session, app, wanted, write=printer.write)


COMMANDS = [logs]
