"""gc."""

from __future__ import annotations

from collections import defaultdict
from typing import Any

import click

from cli.command import command, json_option
from cli.session import Session
from cli.text import size

_WORDS = {
    "slug": "slugs",
    "output": "outputs",
    "config": "config versions",
    "certificate": "certificates",
    "cache": "build caches",
}


@command("gc")
@click.option("--dry-run", is_flag=True, help="Say what would be removed, and remove nothing.")
@json_option
def gc(session: Session, *, dry_run: bool, as_json: bool) -> None:
    """Remove slugs, outputs, config versions, certificates and build caches that nothing refers to. For admins."""
    words = "Looking for garbage" if dry_run else "Collecting garbage"
    with session.console.action(words) as step:
        found: dict[str, Any] = session.client.post("/garbage-collections", {"dry_run": dry_run})
        step.status = "done" if found["freed"] else "there is none"
    console = session.console
    if as_json:
        console.json(found)
        return
    if found["freed"]:
        console.table(("App", "What", "Size"), [*_rows(found["freed"])])
        verb = "would be" if dry_run else "were"
        console.note(f"{size(found['size'])} {verb} freed.")
    if found["skipped"]:
        console.note(f"Left for the next time, for they are at work: {', '.join(found['skipped'])}.")


def _rows(freed: list[dict[str, Any]]) -> list[tuple[str, str, str]]:
    """One row an app and kind."""
    sizes: dict[tuple[str, str], list[int]] = defaultdict(list)
    for one in freed:
        app = one["app"]["name"] or f"{one['app']['id']} (gone)"
        sizes[app, one["kind"]].append(one["size"])
    return [
        (app, f"{len(each)} {_WORDS.get(kind, kind)}", size(sum(each))) for (app, kind), each in sorted(sizes.items())
    ]


COMMANDS = [gc]
