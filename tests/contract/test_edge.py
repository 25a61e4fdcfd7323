"""What every edge promises to the control plane."""

from __future__ import annotations

import json
import uuid
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from control.adapters.edge_client import EdgeClient
from control.adapters.memory import MemoryCatalog, MemoryEdge
from control.ports.catalog import Route
from control.ports.edge import Edge
from control.ports.errors import EdgeUnavailable
from tests.integration.router.cache.stage import CachedEdge


@dataclass
class Stage:
    edge: Edge
    unavailable: Edge
    serve: Callable[[str, int], None]
    """Put an app with a dyno of this release on the air."""
    without_cache: Callable[[], Edge]
    """The same edge once Varnish is gone."""


@pytest.fixture(scope="module")
def nginx() -> Iterator[CachedEdge]:
    started = CachedEdge()
    yield started
    started.close()


def _route(app_id: str, release: int) -> Route:
    hosts = ("served.localhost",)
    return Route(app_id=app_id, name="served", hosts=hosts, release=release, state="up", maintenance=False)


@pytest.fixture(params=["memory", "real"])
def stage(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Stage]:
    if request.param == "memory":
        catalog = MemoryCatalog()
        twin, down = MemoryEdge(catalog), MemoryEdge(catalog)
        down.down = True
        yield Stage(twin, down, lambda app_id, release: catalog.put_route(_route(app_id, release)), lambda: down)
        return
    real: CachedEdge = request.getfixturevalue("nginx")
    client, nobody = EdgeClient(str(real.settings.socket)), EdgeClient(str(tmp_path / "nobody.sock"))

    def serve(app_id: str, release: int) -> None:
        app = json.dumps(_route(app_id, release).as_record())
        dyno = {"app": app_id, "addr": "127.0.0.1", "port": 9, "dyno": "web.1", "release": str(release)}
        table = {"apps": [app], "dynos": [dyno | {"stage": "live", "alloc": "one", "passing": True}]}
        assert real.push(table).status_code == 200

    def without_cache() -> Edge:
        real.end_varnish()
        return client

    yield Stage(client, nobody, serve, without_cache)
    client.close()
    nobody.close()
    if real.varnish.poll() is not None:
        real.start_varnish()


def test_an_app_of_which_nothing_was_asked_has_no_counts(stage: Stage) -> None:
    """They are 0, with the time since when."""
    counts = stage.edge.cache_counts(str(uuid.uuid4()))

    assert (counts.hits, counts.misses, counts.passes, counts.stale, counts.answers) == (0, 0, 0, 0, True)
    assert counts.since.tzinfo is not None


def test_it_says_which_release_serves(stage: Stage) -> None:
    """At once with the table that says so; none does for an app that it does not know."""
    app_id = str(uuid.uuid4())

    assert stage.edge.release_served(app_id) is None
    for release in (3, 4):
        stage.serve(app_id, release)
        assert stage.edge.release_served(app_id) == release


def test_it_says_what_state_an_app_is_in(stage: Stage) -> None:
    """That of the table in use; none for an app that it does not know."""
    app_id = str(uuid.uuid4())

    assert stage.edge.state_served(app_id) is None
    stage.serve(app_id, 3)
    assert stage.edge.state_served(app_id) == "up"


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
        stage.unavailable.release_served(str(uuid.uuid4()))
    with pytest.raises(EdgeUnavailable, match=r"\.$"):
        stage.unavailable.state_served(str(uuid.uuid4()))
    with pytest.raises(EdgeUnavailable, match=r"\.$"):
        stage.unavailable.purge(str(uuid.uuid4()), host=None, path="/", prefix=False)


def test_a_purge_without_a_cache_is_none(stage: Stage) -> None:
    """Nobody is told that something was forgotten when it was not."""
    edge = stage.without_cache()

    with pytest.raises(EdgeUnavailable):
        edge.purge(str(uuid.uuid4()), host=None, path="/", prefix=False)
