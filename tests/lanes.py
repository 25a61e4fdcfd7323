"""Lanes of tests: two that each have a platform of their own, one test after the other, and beside them all the others.

Tests with a platform mostly wait for its servers and the others mostly compute, so the queue has them by turns: then
both cores are busy for all of the time. Tests of one file stay together and in order: they share fixtures.
(pytest-xdist's own `xdist_group` has no effect with pytest 9.2, and its order by size would begin with both platforms.)
"""

from __future__ import annotations

from typing import Any

import pytest
from xdist.scheduler import LoadScopeScheduling

_LANES = (
    ("tests/e2e/faults/", "faults"),
    ("tests/e2e/sleeping/", "faults"),
    ("tests/contract/", "faults"),
    ("tests/integration/platform/", "faults"),
    ("tests/e2e/", "platform"),
)
"""What breaks a platform's servers or needs no app, and what uses a whole one as people do."""

_TURNS = ("tests/e2e/", "tests/unit/", "tests/campaign/", "tests/integration/router/cache/", "faults", "tests/")
"""Who begins when, so that the two platforms' tests hardly meet."""


class Lanes(LoadScopeScheduling):
    """Hands out whole lanes and whole files, in the order of the turns."""

    def _split_scope(self, nodeid: str) -> str:
        """The lane of a test: a file, or one of the platforms'."""
        return _lane_of(nodeid) or nodeid.partition("::")[0]


def pytest_configure(config: pytest.Config) -> None:
    """The queue is in the order of collection."""
    config.option.loadscopereorder = False


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """In every worker alike: pytest-xdist demands it."""
    items.sort(key=lambda item: _turn_of(item.nodeid))


def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> Lanes:
    """Whatever `--dist` says."""
    return Lanes(config, log)


def _lane_of(nodeid: str) -> str | None:
    return next((lane for start, lane in _LANES if nodeid.startswith(start)), None)


def _turn_of(nodeid: str) -> int:
    where = "faults" if _lane_of(nodeid) == "faults" else nodeid
    return next(turn for turn, start in enumerate(_TURNS) if where.startswith(start))
