"""Bytes become lines."""

from __future__ import annotations

import itertools

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from control.node.lines import MAX_LINE
from control.node.splitter import Splitter


@pytest.mark.parametrize(
    ("reads", "lines", "rest"),
    [
        ([b"one\ntwo\nthr", b"ee\n"], [b"one", b"two", b"three"], []),
        ([b"a\r\nb\rc\n"], [b"a", b"b", b"c"], []),
        ([b"a\r", b"\nb\n"], [b"a", b"b"], []),
        ([b"a\r", b"\n", b"\n"], [b"a", b""], []),
        ([b"\n\n"], [b"", b""], []),
        ([b"no end"], [], [b"no end"]),
        ([b"x" * (MAX_LINE + 5) + b"\n"], [b"x" * MAX_LINE, b"x" * 5], []),
        ([b"x" * (2 * MAX_LINE + 5)], [b"x" * MAX_LINE] * 2, [b"x" * 5]),
    ],
)
def test_lines_end_at_line_feeds_and_returns(reads, lines, rest):
    """LF, CR and CR LF end a line, also across reads; long lines are cut."""
    splitter = Splitter()

    assert [line for data in reads for line in splitter.feed(data)] == lines
    assert splitter.flush() == rest


@settings(deadline=None)
@given(st.binary(max_size=300), st.lists(st.integers(0, 300), max_size=5))
def test_where_the_reads_fall_does_not_matter(data, cuts):
    """The same bytes make the same lines however they arrive."""
    whole = Splitter()
    expected = whole.feed(data) + whole.flush()
    pieces = Splitter()
    edges = [0, *sorted(min(cut, len(data)) for cut in cuts), len(data)]
    found = []
    for start, end in itertools.pairwise(edges):
        if end > start:
            found += pieces.feed(data[start:end])

    assert found + pieces.flush() == expected
