"""Text that is safe to print, and pleasant to read."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cli.text import ago, plural, printable, printable_json, printable_line, sentence, size


@given(st.text())
def test_nothing_printable_is_obeyed(text):
    """Whatever comes in, no control character but tab and newline comes out."""
    for out in (printable(text), printable_json(text), printable_line(text, colors=False)):
        assert not [char for char in out if (ord(char) < 32 and char not in "\t\n") or 127 <= ord(char) < 160]


@given(st.text(alphabet=st.characters(categories=("L", "N", "P", "Zs"))))
def test_ordinary_text_is_unchanged(text):
    """Letters of every script, digits, punctuation, spaces."""
    assert text == printable(text)


def test_colours_of_a_line_end_with_it():
    """An unfinished colour does not run into the next line."""
    assert printable_line("\x1b[31mred", colors=True) == "\x1b[31mred\x1b[0m"
    assert printable_line("\x1b[31mred\r\n", colors=False) == "red"


@pytest.mark.parametrize(
    ("count", "text"), [(0, "0 B"), (999, "999 B"), (1500, "1.5 kB"), (2_000_000, "2.0 MB"), (3_100_000_000, "3.1 GB")]
)
def test_sizes(count, text):
    """Decimal units."""
    assert text == size(count)


@pytest.mark.parametrize(
    ("then", "text"),
    [("12:00:30", "0s"), ("11:59:15", "45s"), ("11:00:00", "1h"), ("10:59:00", "1h"), ("11:58:00", "2m")],
)
def test_times(then, text):
    """Roughly how long ago; a clock that is ahead does not make it negative."""
    now = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)

    assert f"2026/03/01 {then} +0000 (~ {text} ago)" == ago(f"2026-03-01T{then}Z", now)


def test_words():
    """Plurals and full stops."""
    assert (plural(1, "file"), plural(0, "file")) == ("1 file", "0 files")
    assert (sentence(" A"), sentence("A!"), sentence("")) == ("A.", "A!", "")
