"""Lines of a log, from a dyno's bytes to a terminal: none pretends to be another's, none is obeyed."""

from __future__ import annotations

import io
import json
import re
from datetime import UTC, datetime
from pathlib import Path
from uuid import UUID

from hypothesis import strategies as st

from cli.env import Environment
from cli.log_lines import LogPrinter
from cli.output import Console
from cli.text import printable, printable_json, printable_line
from control.node import router_lines
from control.node.lines import MAX_LINE, Filter, render
from control.node.splitter import Splitter
from tests.campaign.texts import OBEYED, TEXTS, Run, run

__all__ = ["run"]


def test_lines_of_a_log(run: Run) -> None:
    """However a dyno's bytes are cut: the same lines; each is one line, under its own source, for every reader."""
    moment = datetime(2026, 1, 1, tzinfo=UTC)
    only = Filter(source="heroku")

    def take(value: tuple[bytes, list[int]]) -> None:
        data, cuts = value
        whole, cut = Splitter(), Splitter()
        lines = whole.feed(data) + whole.flush()
        places = sorted({each % (len(data) + 1) for each in cuts})
        pieces = [data[start:end] for start, end in zip([0, *places], [*places, len(data)], strict=True)]
        assert [line for piece in pieces for line in cut.feed(piece)] + cut.flush() == lines
        for line in lines:
            assert len(line) <= MAX_LINE
            rendered = render(moment, "app", "web.1", line.decode("utf-8", "replace"))
            assert rendered.splitlines() == [rendered]
            assert rendered.startswith("2026-01-01T00:00:00.000000+00:00 app[web.1]: ")
            assert not only.accepts(rendered)

    data = st.one_of(st.binary(max_size=80), TEXTS.map(lambda text: text.encode("utf-8", "surrogatepass")))
    run(st.tuples(data, st.lists(st.integers(0, 200), max_size=4)), take)


def test_datagrams_of_the_router(run: Run) -> None:
    """An app's id and a line without an end, or nothing."""

    def take(datagram: bytes) -> None:
        for app_id, line in router_lines.parse(datagram):
            assert str(UUID(app_id)) == app_id
            assert b"\n" not in line

    known = b"00000000-0000-0000-0000-000000000001 "
    run(st.one_of(st.binary(max_size=99), st.binary(max_size=60).map(lambda rest: known + rest)), take)


def test_what_reaches_a_terminal(run: Run) -> None:
    """No character that it would obey, in text or JSON, in colour or not; colours of a program may stay."""
    for colors in (False, True):
        run(TEXTS, lambda text, colors=colors: _on_a_terminal(text, colors=colors))


def _on_a_terminal(text: str, *, colors: bool) -> None:
    out = _Screen(colors=colors)
    env = Environment(variables={}, stdin=io.StringIO(), stdout=out, stderr=io.StringIO(), cwd=Path())
    for as_json in (False, True):
        LogPrinter(Console(env), as_json=as_json).write(f"2026-01-01T00:00:00+00:00 app[web.1]: {text}")
    shown = [printable(text), printable_json(json.dumps(text, ensure_ascii=False)), out.getvalue()]
    shown.append(printable_line(text, colors=colors))
    for each in shown:
        assert OBEYED.search(re.sub(r"\x1b\[[0-9;]*m", "", each)) is None
    assert colors or "\x1b" not in "".join(shown)


class _Screen(io.StringIO):
    """A stream that says whether it is a terminal."""

    def __init__(self, *, colors: bool) -> None:
        super().__init__()
        self._colors = colors

    def isatty(self) -> bool:
        return self._colors
