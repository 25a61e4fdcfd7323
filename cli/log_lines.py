"""Log lines on a terminal: a colour per dyno, and nothing that the terminal would obey."""

from __future__ import annotations

import json
import re

from cli.output import Console
from cli.text import printable, printable_json

COLORS = (
    "yellow",
    "green",
    "cyan",
    "magenta",
    "blue",
    "bright_green",
    "bright_cyan",
    "bright_magenta",
    "bright_yellow",
    "bright_blue",
)
_LINE = re.compile(r"(\S+) ([^\s\[]+)\[([^\]\s]+)\]: ?(.*)", re.DOTALL)


class LogPrinter:
    """Prints log lines as they are, in colour where there is any, or as JSON."""

    def __init__(self, console: Console, *, as_json: bool) -> None:
        self._console = console
        self._as_json = as_json
        self._colors: dict[str, str] = {}

    def write(self, line: str) -> None:
        """Print one line."""
        match = _LINE.fullmatch(line)
        if self._as_json:
            self._console.out(self._record(line, match))
        elif match is None or not self._console.out_colors:
            self._console.out(printable(line))
        else:
            time, source, dyno, message = (printable(part) for part in match.groups())
            head = self._console.paint(f"{time} {source}[{dyno}]:", self._color(dyno))
            self._console.out(f"{head} {message}")

    def _color(self, dyno: str) -> str:
        if dyno not in self._colors:
            self._colors[dyno] = COLORS[len(self._colors) % len(COLORS)]
        return self._colors[dyno]

    def _record(self, line: str, match: re.Match[str] | None) -> str:
        fields = ("timestamp", "source", "dyno", "message")
        record = dict(zip(fields, match.groups(), strict=True)) if match else {"message": line}
        return printable_json(json.dumps(record, ensure_ascii=False))
