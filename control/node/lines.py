"""One line of an app's log, in Heroku's form: `2024-01-01T00:00:00.000000+00:00 app[web.1]: message`.

What a dyno prints is hostile: a line end always ends the line, so no message can pretend to be another line, and the
source is written by the platform alone.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime

MAX_LINE = 10_000
"""Bytes of a message; longer ones are split, as Heroku's Logplex does."""

_LINE = re.compile(r"(?P<time>\S+) (?P<source>[a-z]+)\[(?P<dyno>[^\]\s]+)\]: ")
_LABEL = re.compile(r"[^A-Za-z0-9_.:-]")
_LINE_ENDS = str.maketrans(dict.fromkeys("\n\r\v\f\x00\x1c\x1d\x1e\x85\u2028\u2029", "\ufffd"))
"""Everything that some reader takes for the end of a line (`str.splitlines`), and NUL."""


def timestamp(moment: datetime) -> str:
    """Microseconds and a numeric zone, as Logplex prints it."""
    return moment.astimezone(UTC).isoformat(timespec="microseconds")


def render(moment: datetime, source: str, dyno: str, message: str) -> str:
    """One line, without its end. `source` and `dyno` keep harmless characters only."""
    return f"{timestamp(moment)} {label(source)}[{label(dyno)}]: {message.translate(_LINE_ENDS)}"


def label(text: str) -> str:
    """A source or dyno name that cannot break out of its brackets."""
    return _LABEL.sub("", text)[:64] or "unknown"


def split_message(text: str) -> list[str]:
    """Lines of a message that came whole (platform lines): line ends split, long ones are cut to pieces."""
    pieces: list[str] = []
    for line in text.replace("\r\n", "\n").replace("\r", "\n").split("\n"):
        raw = line.encode("utf-8", "replace")
        if len(raw) <= MAX_LINE:
            pieces.append(line)
        else:
            pieces += [raw[at : at + MAX_LINE].decode("utf-8", "replace") for at in range(0, len(raw), MAX_LINE)]
    return pieces[:-1] if len(pieces) > 1 and not pieces[-1] else pieces


def fed(pieces: Iterable[bytes]) -> Iterator[bytes]:
    """Lines of a stream, at line feeds alone: `str.splitlines` knows more ends than a wire has."""
    rest = b""
    for piece in pieces:
        *whole, rest = (rest + piece).split(b"\n")
        yield from whole


@dataclass(frozen=True, kw_only=True)
class Filter:
    """Which lines a reader wants; None means any."""

    source: str | None = None
    dyno: str | None = None
    process_type: str | None = None

    @property
    def open(self) -> bool:
        """Whether everything passes."""
        return self.source is None and self.dyno is None and self.process_type is None

    def accepts(self, line: str) -> bool:
        """Whether a rendered line passes."""
        if self.open:
            return True
        match = _LINE.match(line)
        if match is None:
            return False
        dyno = match["dyno"]
        return (
            (self.source is None or match["source"] == self.source)
            and (self.dyno is None or dyno == self.dyno)
            and (self.process_type is None or dyno.split(".", 1)[0] == self.process_type)
        )
