"""gc."""

from __future__ import annotations

import json
from typing import Any

ANSWER = {
    "dry_run": True,
    "size": 3_000_004,
    "freed": [
        {"kind": "slug", "app": {"id": "a1", "name": "hello"}, "name": "ab" * 32, "size": 2_000_000},
        {"kind": "slug", "app": {"id": "a1", "name": "hello"}, "name": "cd" * 32, "size": 1_000_000},
        {"kind": "config", "app": {"id": "a2", "name": None}, "name": "7", "size": 0},
        {"kind": "output", "app": {"id": "a1", "name": "hello"}, "name": "b1", "size": 4},
    ],
    "skipped": ["busy"],
}


def test_a_dry_run_lists_what_would_go(cli: Any, host: Any) -> None:
    """By app and kind; the sum and what was left go to stderr."""
    host.on("POST", "/garbage-collections", ANSWER)

    result = cli("gc", "--dry-run")

    assert host.bodies("POST", "/garbage-collections") == [{"dry_run": True}]
    assert [line.split() for line in result.out.splitlines()[1:]] == [
        ["a2", "(gone)", "1", "config", "versions", "0", "B"],
        ["hello", "1", "outputs", "4", "B"],
        ["hello", "2", "slugs", "3.0", "MB"],
    ]
    assert "3.0 MB would be freed." in result.err
    assert "at work: busy." in result.err


def test_nothing_to_do(cli: Any, host: Any) -> None:
    """It says so, and stdout is empty."""
    host.on("POST", "/garbage-collections", {"dry_run": False, "size": 0, "freed": [], "skipped": []})

    result = cli("gc")

    assert host.bodies("POST", "/garbage-collections") == [{"dry_run": False}]
    assert (result.status, result.out) == (0, "")
    assert "there is none" in result.err


def test_json(cli: Any, host: Any) -> None:
    """The API's answer as it is."""
    host.on("POST", "/garbage-collections", ANSWER)

    assert json.loads(cli("gc", "--dry-run", "--json").out) == ANSWER
