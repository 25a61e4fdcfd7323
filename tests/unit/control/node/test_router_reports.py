from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from control.node.histogram import BUCKETS
from control.node.router_reports import MARK, AppCounts, Report, parse

ONE = "11111111-1111-1111-1111-111111111111"
WHOLE: dict[str, Any] = {"worker": "12.34", "slot": 0, "of": 2, "apps": []}
APP: dict[str, Any] = {"app": ONE, "in_flight": 1}


def sent(**changes: Any) -> Report | None:
    return parse(MARK + json.dumps(WHOLE | changes).encode())


def test_a_report_is_read_whole() -> None:
    """Everything that a worker counts."""
    said = APP | {
        "queue": 2,
        "requests": 3,
        "statuses": [0, 2, 0, 0, 1],
        "codes": {"H12": 1},
        "sent": 1 << 39,
        "connect": [0, 3],
        "service": [5, 2, 300, 1],
        "hits": 4,
        "misses": 5,
    }
    app = AppCounts(
        app_id=ONE,
        in_flight=1,
        queue=2,
        requests=3,
        statuses=(0, 2, 0, 0, 1),
        codes={"H12": 1},
        sent=1 << 39,
        connect={0: 3},
        service={5: 2, 300: 1},
        hits=4,
        misses=5,
    )

    assert sent(apps=[said]) == Report(worker="12.34", slot=0, of=2, apps=(app,))


@pytest.mark.parametrize(
    "changes",
    [
        {"worker": 12},
        {"worker": "12"},
        {"worker": "1.1\n"},
        {"slot": 2},
        {"slot": -1},
        {"slot": True},
        {"of": 0},
        {"of": 1 << 60},
        {"apps": None},
        {"apps": {}},
    ],
)
def test_what_is_no_report_is_none(changes: dict[str, Any]) -> None:
    """A broken frame says nothing at all."""
    assert sent(**changes) is None


@pytest.mark.parametrize(
    "changes",
    [
        {"app": "../../etc"},
        {"app": ONE + "\n"},
        {"app": None},
        {"in_flight": -1},
        {"in_flight": 1.5},
        {"in_flight": None},
        {"requests": True},
        {"sent": 1 << 41},
        {"statuses": [1]},
        {"statuses": [0, 0, 0, 0, "1"]},
        {"codes": ["H12"]},
        {"codes": {"H12\n": 1}},
        {"codes": {"<script>": 1}},
        {"codes": {f"H{number}": 1 for number in range(10, 60)}},
        {"connect": [1]},
        {"connect": [BUCKETS, 1]},
        {"service": {"1": 1}},
        {"service": [0, 1] * (BUCKETS + 1)},
    ],
)
def test_an_app_that_makes_no_sense_is_left_out(changes: dict[str, Any]) -> None:
    """The others of the report count."""
    found = sent(apps=[APP | changes, APP])

    assert found is not None
    assert [each.in_flight for each in found.apps] == [1]


@pytest.mark.parametrize("text", ["", "[]", "{", "1" * 5000, "[" * 60_000, '{"worker": ' * 1000, "\xff"])
def test_what_is_no_json_is_none(text: str) -> None:
    """Nor does it end the thread that reads: not even what is nested too deep."""
    assert parse(MARK + text.encode("latin-1")) is None


@given(st.recursive(st.none() | st.integers() | st.text() | st.floats(), st.lists))
def test_anything_else_is_survived(value: Any) -> None:
    """Whatever is in the places of the frame."""
    assert sent(apps=[value, APP | {"codes": value}, APP | {"connect": value}, APP | {"statuses": value}]) is not None
