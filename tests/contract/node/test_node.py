"""What every node agent promises."""

from __future__ import annotations

import uuid
from dataclasses import replace
from datetime import timedelta

import pytest

from control.ports.errors import NodeUnavailable
from control.ports.node import LogQuery
from tests.contract.node.stage import CRASH, HOSTILE, OUTPUT, RESULT, SCRIPT


def test_what_a_build_printed_and_left(stage, app):
    """Output from any offset, the slug, the result; the cache is kept."""
    allocation_id = stage.build(app, SCRIPT)

    assert stage.node.output(allocation_id, task="build") == OUTPUT.encode()
    assert stage.node.output(allocation_id, task="build", offset=5, limit=3) == b"one"
    assert stage.node.output(allocation_id, task="build", offset=len(OUTPUT)) == b""
    assert b"".join(stage.node.slug(allocation_id)) == b"tgz"
    assert stage.node.result(allocation_id) == RESULT
    stage.node.keep_cache(allocation_id, app_id=app)
    assert stage.node.cache_sizes()[app] == len("cache")
    stage.node.forget(app)
    assert app not in stage.node.cache_sizes()


def test_a_build_cache_is_forgotten_alone(stage, app):
    """Its lines stay, and forgetting it again is success."""
    stage.node.keep_cache(stage.build(app, SCRIPT), app_id=app)
    stage.node.log(app, source="app", dyno="api", lines=["kept"])

    stage.node.forget_cache(app)
    stage.node.forget_cache(app)

    assert app not in stage.node.cache_sizes()
    assert any(line.endswith("kept") for line in stage.node.logs(LogQuery(app_id=app)))


def test_what_a_hostile_build_left(stage, app):
    """Links are not followed, a result that is no object is none, and a missing cache is no error."""
    allocation_id = stage.build(app, HOSTILE)

    with pytest.raises(KeyError):
        stage.node.slug(allocation_id)
    assert stage.node.result(allocation_id) is None
    stage.node.keep_cache(allocation_id, app_id=app)
    assert app not in stage.node.cache_sizes()


def test_a_slug_that_is_nowhere_cannot_be_kept(stage, app):
    """KeyError; tests/e2e/sleeping/test_sleeping.py sees one that is there."""
    with pytest.raises(KeyError):
        stage.node.keep_slug(app, sha256="0" * 64)


def test_the_last_crash_is_kept(stage, app):
    """With exit code and last lines, until the app is forgotten; an app without one has none."""
    assert list(stage.node.crashes(app)) == []
    allocation_id = stage.build(app, SCRIPT)

    stage.crash(app, allocation_id)

    assert list(stage.node.crashes(app)) == [
        replace(CRASH, allocation_id=allocation_id, lines=tuple(OUTPUT.splitlines()))
    ]
    stage.node.forget(app)
    assert list(stage.node.crashes(app)) == []


def test_without_a_dyno_there_is_no_use_of_memory(stage, app):
    """Figures are of what runs; tests/e2e/test_dyno_life.py sees those of a dyno."""
    assert list(stage.node.memory(app)) == []


def test_activity(stage, app, until):
    """An app's last request and those in flight; one that had none is missing; a forgotten one is, too."""
    stage.request(app, 2)
    found = until(lambda: (activity := stage.node.activity()).since and app in activity.apps and activity)

    assert found.since <= found.heard_at
    assert found.apps[app].in_flight == 2
    assert found.apps[app].last_request.tzinfo is not None
    stage.request(app, 0)
    until(lambda: stage.node.activity().apps[app].in_flight == 0)
    assert str(uuid.uuid4()) not in stage.node.activity().apps
    stage.node.forget(app)
    assert app not in stage.node.activity().apps


def test_refusals(stage, app):
    """Nobody refuses; tests/e2e/test_mesh.py has somebody who does."""
    assert app not in [each.app_id for each in stage.node.refusals()]


def test_nothing_to_freeze(stage, app):
    """An app without dynos on the node: none is frozen, and thawing it changes nothing."""
    assert list(stage.node.freeze(app)) == []
    stage.node.thaw(app)

    assert app not in stage.node.frozen()


def test_metrics(stage, app, until):
    """Figures by minute, and counts that only grow; an app without requests has zeros, a forgotten one, too."""
    stage.request(app, 1)
    now = until(lambda: stage.node.activity().heard_at)
    span = {"first": now - timedelta(minutes=59), "last": now + timedelta(minutes=1)}
    found = until(lambda: (metrics := stage.node.metrics(app, **span)).total.requests and metrics)

    assert found.in_flight == 1
    assert found.total.statuses == {"1xx": 0, "2xx": 1, "3xx": 0, "4xx": 0, "5xx": 0}
    assert found.total.seconds > 0
    assert sum(point.figures.requests for point in found.points) == 1
    whole = stage.node.metrics(app, **span, step=61)
    assert [point.figures for point in whole.points] == [whole.total]
    assert list(stage.node.tallies()[app].statuses) == [0, 1, 0, 0, 0]
    stage.node.forget(app)
    assert stage.node.metrics(app, **span).total.requests == 0
    assert app not in stage.node.tallies()


def test_unknown_allocation(stage, app):
    """Nothing printed yet, no slug, no result."""
    allocation_id = str(uuid.uuid4())

    assert stage.node.output(allocation_id, task="build") == b""
    assert stage.node.result(allocation_id) is None
    with pytest.raises(KeyError):
        stage.node.slug(allocation_id)


def test_forgotten_app_has_no_log(stage, app):
    """Its lines are gone, and forgetting it again is success."""
    stage.node.log(app, source="app", dyno="api", lines=["x"])
    stage.node.forget(app)
    stage.node.forget(app)

    assert list(stage.node.logs(LogQuery(app_id=app))) == []


# httpcore leaves the socket of a failed connect to the garbage collector.
@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
def test_unavailable(stage, app):
    """Without an answer every method raises NodeUnavailable, `logs` already when it is called."""
    stage.node.ping()
    allocation_id = str(uuid.uuid4())
    for ask in (
        stage.unavailable.ping,
        lambda: stage.unavailable.logs(LogQuery(app_id=app)),
        lambda: stage.unavailable.logs(LogQuery(app_id=app, tail=True)),
        lambda: stage.unavailable.log(app, source="app", dyno="api", lines=["x"]),
        lambda: stage.unavailable.output(allocation_id, task="build"),
        lambda: stage.unavailable.slug(allocation_id),
        lambda: stage.unavailable.result(allocation_id),
        lambda: stage.unavailable.keep_cache(allocation_id, app_id=app),
        lambda: stage.unavailable.keep_slug(app, sha256="0" * 64),
        lambda: stage.unavailable.forget_cache(app),
        stage.unavailable.cache_sizes,
        lambda: stage.unavailable.crashes(app),
        lambda: stage.unavailable.memory(app),
        stage.unavailable.activity,
        stage.unavailable.refusals,
        lambda: stage.unavailable.freeze(app),
        lambda: stage.unavailable.thaw(app),
        stage.unavailable.frozen,
        stage.unavailable.tallies,
        lambda: stage.unavailable.metrics(app, first=CRASH.at, last=CRASH.at),
        lambda: stage.unavailable.forget(app),
    ):
        with pytest.raises(NodeUnavailable):
            ask()
