"""What every edge promises to the control plane."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from control.adapters.edge_client import EdgeClient
from control.adapters.memory import MemoryEdge
from control.ports.edge import Edge
from control.ports.errors import EdgeUnavailable
from tests.integration.router.cache.stage import CachedEdge


@dataclass
class Stage:
    edge: Edge
    unavailable: Edge
    without_cache: Callable[[], Edge]
    """The same edge once Varnish is gone."""


@pytest.fixture(scope="module")
def nginx() -> Iterator[CachedEdge]:
    started = CachedEdge()
    yield started
    started.close()


@pytest.fixture(params=["memory", "real"])
def stage(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Stage]:
    if request.param == "memory":
        twin, down = MemoryEdge(), MemoryEdge()
        down.down = True
        yield Stage(twin, down, lambda: down)
        return
    real: CachedEdge = request.getfixturevalue("nginx")
    client, nobody = EdgeClient(str(real.settings.socket)), EdgeClient(str(tmp_path / "nobody.sock"))

    def without_cache() -> Edge:
        real.end_varnish()
        return client

    yield Stage(client, nobody, without_cache)
    client.close()
    nobody.close()
    if real.varnish.poll() is not None:
        real.start_varnish()


def test_an_app_of_which_nothing_was_asked_has_no_counts(stage: Stage) -> None:
    """They are 0, with the time since when."""
    counts = stage.edge.cache_counts(str(uuid.uuid4()))

    assert (counts.hits, counts.misses, counts.passes, counts.stale, counts.answers) == (0, 0, 0, 0, True)
    assert counts.since.tzinfo is not None


def test_a_purge_is_taken(stage: Stage) -> None:
    """Of a path, of all that begin like it, on a host: also where there is nothing to forget."""
    app_id = str(uuid.uuid4())

    stage.edge.purge(app_id, host=None, path="/a?b=1", prefix=False)
    stage.edge.purge(app_id, host="shop.example.com", path="/", prefix=True)


# httpcore leaves the socket of a connection that was refused to the garbage collector.
@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
def test_an_edge_that_is_away(stage: Stage) -> None:
    """Raises EdgeUnavailable, with a sentence."""
    with pytest.raises(EdgeUnavailable, match=r"\.$"):
        stage.unavailable.cache_counts(str(uuid.uuid4()))
    with pytest.raises(EdgeUnavailable, match=r"\.$"):
        stage.unavailable.purge(str(uuid.uuid4()), host=None, path="/", prefix=False)


def test_a_purge_without_a_cache_is_none(stage: Stage) -> None:
    """Nobody is told that something was forgotten when it was not."""
    edge = stage.without_cache()

    with pytest.raises(EdgeUnavailable):
        edge.purge(str(uuid.uuid4()), host=None, path="/", prefix=False)
