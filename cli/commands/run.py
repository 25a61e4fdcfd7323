"""run:detached, run:list: one-off dynos."""

from __future__ import annotations

import re
import shlex
from typing import Any

import click

from cli.command import app_command, json_option, split_pairs
from cli.errors import CLIError
from cli.exit_status import ExitStatus
from cli.log_lines import LogPrinter
from cli.log_session import read_session
from cli.paths import api_path
from cli.session import Session
from cli.text import ago, printable

POLL = 0.5
PATIENCE = 30.0
"""Seconds between the line that tells of a dyno's end and its exit code."""


@app_command("run:detached", takes_words=True)
@click.argument("command", nargs=-1, required=True, metavar="COMMAND...")
@click.option("-s", "--size", metavar="SIZE", help="Dyno size (free, or what --type has).")
@click.option("--type", "process_type", metavar="TYPE", help="Take the size of this process type.")
@click.option("-e", "--env", "pairs", multiple=True, metavar="KEY=VALUE", help="Set a variable for this dyno alone.")
@click.option("--ttl", type=click.IntRange(1, 86_400), metavar="SECONDS", help="Stop it after so long (a day).")
@click.option("-t", "--tail", is_flag=True, help="Show what it prints, and end with its exit code.")
@json_option
def detached(
    session: Session,
    app: str,
    *,
    command: tuple[str, ...],
    size: str | None,
    process_type: str | None,
    pairs: tuple[str, ...],
    ttl: int | None,
    tail: bool,
    as_json: bool,
) -> None:
    """Run a command once in a dyno of its own, with the app's code and config vars.

    One word is a command line, such as "rake db:migrate && rake seed"; several are passed on as they are. A first word
    that is a process type stands for its command. Options go before the command. What it prints is in the log.
    """
    if tail and as_json:
        raise click.UsageError("Choose --tail or --json, not both.")
    console = session.console
    body: dict[str, Any] = {"command": _line(command), "attach": False}
    given = (("size", size), ("type", process_type), ("time_to_live", ttl), ("env", split_pairs(pairs)))
    body |= {key: value for key, value in given if value}
    with console.action(f"Running {body['command']} on {console.app(app)}") as step:
        dyno = session.client.post(api_path("apps", app, "dynos"), body)
        step.status = f"done, {dyno['name']}"
    if as_json:
        console.json(dyno)
    elif tail:
        _follow(session, app, dyno["name"])
    else:
        console.note(f"nomapaas logs --app {app} --dyno {dyno['name']} --tail shows what it prints.")
        console.out(dyno["name"])


@app_command("run:list")
@json_option
def list_(session: Session, app: str, *, as_json: bool) -> None:
    """List one-off dynos: those that run, and those that ended lately with their exit codes."""
    found = session.client.list(api_path("apps", app, "oneoffs"))
    found.sort(key=lambda dyno: int(dyno["name"].rpartition(".")[2]))
    console, now = session.console, session.env.now()
    if as_json:
        console.json(found)
    elif found:
        rows = [
            (
                dyno["name"],
                dyno["state"],
                "" if dyno["exit_code"] is None else str(dyno["exit_code"]),
                dyno["size"],
                ago(dyno["created_at"], now),
                printable(dyno["command"]),
            )
            for dyno in found
        ]
        console.table(("Dyno", "State", "Exit code", "Size", "When", "Command"), rows)
    else:
        console.note(f"{console.app(app)} has had no one-off dynos. nomapaas run:detached COMMAND starts one.")


def _line(words: tuple[str, ...]) -> str:
    return words[0] if len(words) == 1 else shlex.join(words)


class _OverError(Exception):
    """Raised out of the log when the platform tells of the dyno's end."""


def _follow(session: Session, app: str, name: str) -> None:
    """Print the dyno's log lines until its end, then end as it did."""
    printer = LogPrinter(session.console, as_json=False)
    # Only the platform writes lines of the source `heroku`, so the dyno cannot forge its own end.
    end = re.compile(rf"\S+ heroku\[{re.escape(name)}\]: State changed from \w+ to (?:complete|crashed|down)")

    def write(line: str) -> None:
        printer.write(line)
        if end.match(line):
            raise _OverError

    try:
        read_session(session, app, {"tail": True, "lines": 1500, "dyno": name, "dyno_name": name}, write=write)
    except _OverError:
        dyno = _ended(session, app, name)
        if dyno["exit_code"] != 0:
            session.console.error(f"{name}: {dyno['reason']}")
            raise click.exceptions.Exit(_status(dyno["exit_code"])) from None


def _ended(session: Session, app: str, name: str) -> dict[str, Any]:
    where = api_path("apps", app, "dynos", name)
    started = session.env.monotonic()
    dyno: dict[str, Any] = session.client.get(where, patient=True)
    while dyno["state"] in ("starting", "up"):
        if session.env.monotonic() - started > PATIENCE:
            raise CLIError(f'{name} has ended, and its exit code cannot be had now. "nomapaas run:list" may know it.')
        session.env.sleep(POLL)
        dyno = session.client.get(where, patient=True)
    return dyno


def _status(code: int | None) -> int:
    """The dyno's own exit code, so that scripts can go on as if it had run here."""
    return code if code is not None and 0 < code < 256 else ExitStatus.ERROR


COMMANDS = [detached, list_]
