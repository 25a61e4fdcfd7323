"""Two lanes of tests: those that share the tests' instance, one after the other, and beside them all the others.

The first mostly wait for servers and the second mostly compute, so that two cores are busy with both. Tests of one file
stay together and in order: they share fixtures. (pytest-xdist's own `xdist_group` has no effect with pytest 9.2.)
"""

from __future__ import annotations

from typing import Any

import pytest
from xdist.scheduler import LoadScopeScheduling

_WITH_INSTANCE = ("tests/e2e/", "tests/contract/", "tests/integration/platform/")
"""A second instance would want the first one's ports."""


class Lanes(LoadScopeScheduling):
    """The longest lane begins first, which is the instance's."""

    def _split_scope(self, nodeid: str) -> str:
        """The lane of a test: a file, or the instance."""
        return "instance" if nodeid.startswith(_WITH_INSTANCE) else nodeid.partition("::")[0]


def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> Lanes:
    """Whatever `--dist` says."""
    return Lanes(config, log)
