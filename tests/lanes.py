"""Lanes of tests: two that each have a platform of their own, one test after the other, and beside them all the others.

Tests with a platform mostly wait for its servers and the others mostly compute, so that three workers keep two cores
busy for all of the time; the second platform begins when the first one is up. Tests of one file stay together and in
order: they share fixtures. (pytest-xdist's own `xdist_group` has no effect with pytest 9.2, and its order by size would
begin with both platforms.)
"""

from __future__ import annotations

from typing import Any

import pytest
from xdist.scheduler import LoadScopeScheduling

_FAULTS = ("tests/e2e/faults/", "tests/e2e/sleeping/", "tests/contract/", "tests/integration/platform/")
"""What kills and freezes servers, and enough of the rest that this lane is as long as that of tests/e2e."""

_TURNS = ("tests/e2e/", "tests/unit/", "tests/campaign/", "tests/integration/router/cache/", "faults", "tests/")
"""Who begins when: the second platform's tests some time after the first one's, and then whatever is left."""


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
    if nodeid.startswith(_FAULTS):
        return "faults"
    return "platform" if nodeid.startswith("tests/e2e/") else None


def _turn_of(nodeid: str) -> int:
    where = "faults" if nodeid.startswith(_FAULTS) else nodeid
    return next(turn for turn, start in enumerate(_TURNS) if where.startswith(start))
