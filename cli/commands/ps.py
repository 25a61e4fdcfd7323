"""ps, ps:scale, ps:type, ps:restart, ps:stop, ps:crashes."""

from __future__ import annotations

import re
from typing import Any

import click

from cli.command import app_command, json_option
from cli.errors import CLIError
from cli.paths import api_path
from cli.session import Session
from cli.text import ago, printable

STATE_STYLES = {"up": "green", "starting": "yellow", "crashed": "red", "idle": "dim", "down": "dim"}
ONEOFF = "run"
_CHANGE = re.compile(r"([A-Za-z0-9_-]+)(?:([=+-])(\d+))(?::([\w-]+))?")
_NEGATIVE = re.compile(r"[A-Za-z0-9_-]+=-\d+(?::[\w-]+)?")
_SIZE = re.compile(r"(?:([A-Za-z0-9_-]+)=)?([A-Za-z][\w-]*)")


@app_command("ps")
@click.argument("types", nargs=-1, metavar="[TYPE]...")
@json_option
def ps(session: Session, app: str, *, types: tuple[str, ...], as_json: bool) -> None:
    """List an app's dynos, all or of some process types."""
    dynos = session.client.list(api_path("apps", app, "dynos"))
    if types:
        _known(app, types, {dyno["type"] for dyno in dynos} | {f["type"] for f in _formation(session, app)})
        dynos = [dyno for dyno in dynos if dyno["type"] in types]
    console = session.console
    if as_json:
        console.json(dynos)
        return
    if not dynos:
        console.note(
            f"No dynos run on {console.app(app)}. nomapaas ps:scale web=1 starts one, once there is a release."
        )
        return
    for number, kind in enumerate(sorted({dyno["type"] for dyno in dynos}, key=lambda kind: (kind != "web", kind))):
        if number:
            console.out()
        _show_type(session, kind, [dyno for dyno in dynos if dyno["type"] == kind])


def _show_type(session: Session, kind: str, dynos: list[dict[str, Any]]) -> None:
    console, now = session.console, session.env.now()
    first, is_oneoff = dynos[0], kind == ONEOFF
    command = "one-off processes" if is_oneoff else f"({first['size']}): {first['command']}"
    console.header(f"{kind}{':' if is_oneoff else ''} {command} ({len(dynos)})")
    console.out()
    for dyno in sorted(dynos, key=_number):
        name = f"{dyno['name']} ({dyno['size']})" if is_oneoff else dyno["name"]
        state = console.paint(dyno["state"], STATE_STYLES.get(dyno["state"], "bold"))
        memory = f", {dyno['memory_mb']:.0f} MB" if dyno.get("memory_mb") is not None else ""
        said = dyno.get("reason") or (dyno["command"] if is_oneoff else "")
        more = f": {printable(said)}" if said else ""
        console.out(f"{printable(name)}: {state} {ago(dyno['updated_at'], now)}{memory}{more}")


@app_command("ps:scale")
@click.argument("changes", nargs=-1, metavar="[TYPE=QUANTITY[:SIZE]]...")
@json_option
def scale(session: Session, app: str, *, changes: tuple[str, ...], as_json: bool) -> None:
    """Show how many dynos run, or change it: web=2, worker+1, web=2:standard-1x."""
    console = session.console
    if not changes:
        found = _formation(session, app)
        if as_json:
            console.json(found)
        elif found:
            console.out(" ".join(f"{f['type']}={f['quantity']}:{f['size']}" for f in found))
        else:
            console.note(f"{console.app(app)} has no process types. They come with the first push.")
        return
    updates = [_change(word) for word in changes]
    with console.action(f"Scaling dynos of {console.app(app)}") as step:
        found = session.client.patch(api_path("apps", app, "formation"), {"updates": updates})
        now = {f["type"]: f"{f['type']} at {f['quantity']}:{f['size']}" for f in found}
        step.status = "done, now running " + ", ".join(now[u["type"]] for u in updates if u["type"] in now)
    if as_json:
        console.json(found)


@app_command("ps:type")
@click.argument("changes", nargs=-1, metavar="[[TYPE=]SIZE]...")
@json_option
def type_(session: Session, app: str, *, changes: tuple[str, ...], as_json: bool) -> None:
    """Show the size of dynos, or change it: standard-1x for all, or web=standard-2x."""
    console = session.console
    found = _formation(session, app)
    if changes:
        updates = _resized(app, changes, [f["type"] for f in found])
        with console.action(f"Resizing dynos of {console.app(app)}"):
            session.client.patch(api_path("apps", app, "formation"), {"updates": updates})
            found = _formation(session, app)
    if as_json:
        console.json(found)
    elif found:
        rows = [(f["type"], f["size"], str(f["quantity"]), f["command"]) for f in found]
        console.table(("Type", "Size", "Quantity", "Command"), rows)
    else:
        console.note(f"{console.app(app)} has no process types. They come with the first push.")


@app_command("ps:restart")
@click.argument("target", required=False, metavar="[DYNO|TYPE]")
@click.option("-d", "--dyno-name", metavar="DYNO", help="Only this dyno, such as web.1.")
@click.option("-p", "--process-type", metavar="TYPE", help="Only dynos of this type.")
def restart(session: Session, app: str, *, target: str | None, dyno_name: str | None, process_type: str | None) -> None:
    """Restart all dynos, or one, or those of one type."""
    dyno, kind = _target(target, dyno_name, process_type)
    console = session.console
    if dyno:
        with console.action(f"Restarting dyno {dyno} of {console.app(app)}"):
            session.client.delete(api_path("apps", app, "dynos", dyno))
    elif kind:
        with console.action(f"Restarting all {kind} dynos of {console.app(app)}"):
            session.client.delete(api_path("apps", app, "formations", kind))
    else:
        with console.action(f"Restarting all dynos of {console.app(app)}"):
            session.client.delete(api_path("apps", app, "dynos"))


@app_command("ps:stop")
@click.argument("target", required=False, metavar="[DYNO|TYPE]")
@click.option("-d", "--dyno-name", metavar="DYNO", help="Stop this dyno, such as web.1 or run.4821.")
@click.option("-p", "--process-type", metavar="TYPE", help="Stop all dynos of this type.")
def stop(session: Session, app: str, *, target: str | None, dyno_name: str | None, process_type: str | None) -> None:
    """Stop a dyno, or those of a type. A dyno of the formation then starts anew; ps:scale TYPE=0 keeps it away."""
    dyno, kind = _target(target, dyno_name, process_type)
    console = session.console
    if not dyno and not kind:
        raise click.UsageError("Name the dyno to stop, such as web.1, or a process type.")
    topic, name = ("dynos", dyno) if dyno else ("formations", kind or "")
    with console.action(f"Stopping {'dyno ' + dyno if dyno else f'all {kind} dynos'} of {console.app(app)}"):
        session.client.post(api_path("apps", app, topic, name or "", "actions", "stop"))


@app_command("ps:crashes")
@click.argument("dyno", required=False, metavar="[DYNO]")
@json_option
def crashes(session: Session, app: str, *, dyno: str | None, as_json: bool) -> None:
    """Show how each dyno crashed the last time it did, with what it printed last."""
    found = session.client.list(api_path("apps", app, "crashes"))
    found = sorted((each for each in found if dyno in (None, each["dyno"])), key=lambda each: str(each["crashed_at"]))
    console, now = session.console, session.env.now()
    if as_json:
        console.json(found)
        return
    if not found:
        console.note(f"{console.app(app)} has no crash of {dyno or 'any dyno'} on record.")
    for number, crash in enumerate(found):
        if number:
            console.out()
        console.header(f"{crash['dyno']} crashed {ago(crash['crashed_at'], now)}: {crash['reason']}")
        for line in crash["lines"]:
            console.program_line(line)


def _target(target: str | None, dyno: str | None, kind: str | None) -> tuple[str | None, str | None]:
    """The dyno or the type that was meant; a name with a dot is a dyno's."""
    if sum(1 for given in (target, dyno, kind) if given) > 1:
        raise click.UsageError("Name one dyno or one process type, not both.")
    if target:
        return (target, None) if "." in target else (None, target)
    return dyno, kind


def _change(word: str) -> dict[str, Any]:
    match = _CHANGE.fullmatch(word)
    if match is None and _NEGATIVE.fullmatch(word):
        raise click.UsageError(
            f"{word} asks for a negative quantity. Write a number from 0 on, or {word.replace('=', '', 1)}."
        )
    if match is None:
        raise click.UsageError(f"{word} is not a change of scale. Write web=2, worker+1 or web=2:standard-1x.")
    kind, sign, count, size = match.groups()
    quantity: int | str = int(count) if sign == "=" else f"{sign}{count}"
    return {"type": kind, "quantity": quantity, **({"size": size, "dyno_size": {"name": size}} if size else {})}


def _resized(app: str, changes: tuple[str, ...], types: list[str]) -> list[dict[str, Any]]:
    sizes: dict[str, str] = {}
    for word in changes:
        match = _SIZE.fullmatch(word)
        if match is None:
            raise click.UsageError(f"{word} is not a size. Write standard-1x, or web=standard-1x.")
        kind, size = match.groups()
        for one in [kind] if kind else types:
            sizes[one] = size
    if not sizes:
        raise CLIError(f"{app} has no process types. They come with the first push.")
    return [{"type": kind, "size": size, "dyno_size": {"name": size}} for kind, size in sizes.items()]


def _known(app: str, types: tuple[str, ...], known: set[str]) -> None:
    unknown = [kind for kind in types if kind not in known]
    if unknown:
        there_are = f"It has {', '.join(sorted(known))}." if known else "They come with the first push."
        raise CLIError(f"{app} has no process type {unknown[0]}. {there_are}")


def _formation(session: Session, app: str) -> list[dict[str, Any]]:
    found = session.client.list(api_path("apps", app, "formation"))
    return sorted(found, key=lambda f: (f["type"] != "web", f["type"]))


def _number(dyno: dict[str, Any]) -> tuple[int, str]:
    _, _, number = dyno["name"].rpartition(".")
    return (int(number) if number.isdigit() else 0, dyno["name"])


COMMANDS = [ps, scale, type_, restart, stop, crashes]
