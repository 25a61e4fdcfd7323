"""One line's form."""

from __future__ import annotations

from datetime import UTC, datetime

from hypothesis import given, settings
from hypothesis import strategies as st

from control.node.lines import Filter, render, split_message

MOMENT = datetime(2024, 1, 1, tzinfo=UTC)


def test_line_has_herokus_form():
    """Microseconds, numeric zone, source, dyno, message."""
    assert render(MOMENT, "app", "web.1", "hello") == "2024-01-01T00:00:00.000000+00:00 app[web.1]: hello"


@settings(deadline=None)
@given(st.text(), st.text())
def test_nothing_printed_makes_another_line(dyno, message):
    """Whatever the message or the label holds, every reader sees one line of the given source."""
    line = render(MOMENT, "app", dyno, message)

    assert line.splitlines() == [line]
    assert line.startswith("2024-01-01T00:00:00.000000+00:00 app[")
    assert not Filter(source="heroku").accepts(line)


def test_filter_takes_source_dyno_and_type():
    """Each narrows; a look-alike inside the message does not count."""
    line = render(MOMENT, "app", "web.2", "heroku[router]: x")

    assert Filter().accepts(line)
    assert Filter(source="app", dyno="web.2", process_type="web").accepts(line)
    assert not Filter(dyno="web.1").accepts(line)
    assert not Filter(process_type="worker").accepts(line)
    assert not Filter(source="heroku").accepts(line)


def test_platform_messages_are_split():
    """A message of several lines becomes several; a trailing end adds none."""
    assert split_message("a\r\nb\nc\n") == ["a", "b", "c"]
    assert split_message("") == [""]
