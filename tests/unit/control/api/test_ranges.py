"""The Range header's grammar."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass

import pytest
from hypothesis import given
from hypothesis import strategies as st

from control.api.ranges import page
from control.errors import RangeNotSatisfiable


@dataclass(frozen=True)
class Row:
    version: int
    name: str


ROWS = [Row(version=number, name=f"n{number:02}") for number in (3, 1, 2, 12, 10, 11)]
KEYS = {"version": lambda row: row.version, "name": lambda row: row.name, "id": lambda row: row.name}


def versions(header: str | None) -> list[int]:
    return [row.version for row in page(ROWS, header, KEYS).rows]


@pytest.mark.parametrize(
    ("header", "expected"),
    [
        (None, [1, 2, 3, 10, 11, 12]),
        ("", [1, 2, 3, 10, 11, 12]),
        ("bytes=0-10", [1, 2, 3, 10, 11, 12]),
        ("version ..", [1, 2, 3, 10, 11, 12]),
        ("version ..; max=2, order=desc", [12, 11]),
        ("version ..; order=desc,max=1", [12]),
        ("version ..; order=desc,max=2;", [12, 11]),
        ("name ..; order=asc,max=3;", [1, 2, 3]),
        ("version;max=1", [1]),
        ("..; max=2", [1, 2]),
        ("; max=2", [1, 2]),
        ("version 2..10", [2, 3, 10]),
        ("version 10..2; order=desc", [10, 3, 2]),
        ("version 2..10; order=desc", [10, 3, 2]),
        ("version 11..", [11, 12]),
        ("version ]11..", [12]),
        ("version ]11..; order=desc, max=2", [10, 3]),
        ("version ..3", [1, 2, 3]),
        ("version ..3; order=desc", [12, 11, 10, 3]),
        ("name ]n10..; max=1", [11]),
        ("version 99..", []),
    ],
)
def test_grammar(header: str | None, expected: list[int]) -> None:
    """Every dialect that clients send is understood; numbers are ordered as numbers."""
    assert versions(header) == expected


@pytest.mark.parametrize(
    ("header", "sentence"),
    [
        ("nonsense", "no range over nonsense"),
        ("Version ..", "cannot be read"),
        ("version 1 2 3", "cannot be read"),
        ("version a..", "must be a number"),
        ("version ..; max=0", "from 1 to 1000"),
        ("version ..; max=1001", "from 1 to 1000"),
        ("version ..; max=-1", "from 1 to 1000"),
        ("version ..; max=ten", "from 1 to 1000"),
        ("version ..; order=up", "asc or desc"),
        ("x" * 2000, "cannot be read"),
    ],
)
def test_what_cannot_be_served(header: str, sentence: str) -> None:
    """Anything else is 416, with what to write instead."""
    with pytest.raises(RangeNotSatisfiable, match=sentence):
        versions(header)


def test_following_next_range_gives_everything_once() -> None:
    """From page to page every row comes once, in either order."""
    for order in ("asc", "desc"):
        seen, header = [], f"version ..; max=2, order={order}"
        while header:
            cut = page(ROWS, header, KEYS)
            seen += [row.version for row in cut.rows]
            header = cut.next_range or ""

        assert seen == sorted((row.version for row in ROWS), reverse=order == "desc")


def test_headers_of_a_page() -> None:
    """Content-Range names the first and the last row, Next-Range is there only when something follows."""
    cut = page(ROWS, "version ..; max=4", KEYS)
    assert (cut.content_range, cut.next_range) == ("version 1..10", "version ]10..; max=4")

    last = page(ROWS, cut.next_range, KEYS)
    assert (last.content_range, last.next_range) == ("version 11..12", None)


@given(st.text(max_size=60))
def test_any_text_is_a_page_or_416(header: str) -> None:
    """No header whatsoever leads to anything else."""
    with suppress(RangeNotSatisfiable):
        versions(header)
