"""Two lanes of tests: those that share the tests' instance, one after the other, and beside them all the others.

The first mostly wait for servers and the second mostly compute, so that two cores are busy with both. Tests of one file
stay together and in order: they share fixtures.
"""

from __future__ import annotations

from collections.abc import Iterator

import pytest


@pytest.hookimpl(wrapper=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> Iterator[None]:
    """Tell pytest-xdist (`--dist loadgroup`) what belongs together, before it reads that in this very hook."""
    for item in items:
        item.add_marker(pytest.mark.xdist_group(_lane(item)))
    yield


def _lane(item: pytest.Item) -> str:
    """A second instance would want the first one's ports."""
    needs_instance = item.get_closest_marker("platform") or "instance" in getattr(item, "fixturenames", ())
    return "instance" if needs_instance else item.path.as_posix()
