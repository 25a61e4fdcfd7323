"""How a probe dyno's report is judged."""

from __future__ import annotations

from typing import Any

import pytest

from cli.platform.findings import Verdict
from cli.platform.probe import judge

SAFE: dict[str, Any] = {
    "reached": [],
    "uid": 300009,
    "gid": 300009,
    "capabilities": {"CapEff": "0000000000000000", "CapBnd": "0000000000000000"},
    "no_new_privs": True,
    "writable": [],
    "processes": 3,
    "files": [],
    "namespaces": False,
}


def test_a_fenced_in_dyno_is_fine() -> None:
    """Nothing to say but that."""
    assert {finding.verdict for finding in judge(SAFE, targets=40)} == {Verdict.OK}


@pytest.mark.parametrize(
    "change",
    [
        {"reached": [["10.161.0.1", 8090]]},
        {"uid": 995},
        {"gid": 0},
        {"capabilities": {"CapEff": "00000000000000c0"}},
        {"no_new_privs": False},
        {"writable": ["/etc"]},
        {"processes": 200},
        {"files": ["/root"]},
        {"namespaces": True},
    ],
    ids=lambda change: next(iter(change)),
)
def test_each_hole_is_told_with_what_to_do(change: dict[str, Any]) -> None:
    """One hole, one finding."""
    found = [finding for finding in judge(SAFE | change, targets=40) if finding.verdict is Verdict.WRONG]

    assert len(found) == 1
    assert found[0].advice
