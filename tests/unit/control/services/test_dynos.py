"""What `ps` shows of what the scheduler runs."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from control.domain.apps import App
from control.domain.health_checks import HealthCheck
from control.ports.catalog import Instance
from control.services.actor import Actor
from control.services.dynos import RestartDynos, list_dynos
from control.services.formations import Change, ScaleFormation

TYPES = {"web": "python app.py", "worker": "python work.py"}


@pytest.fixture
def running(plane: Any, ada: Actor, app: App) -> App:
    plane.deploy(app, TYPES)
    changes = [Change(type="web", quantity=2), Change(type="worker", quantity=1)]
    ScaleFormation(ports=plane.ports, settings=plane.settings)(ada, app, changes)
    plane.run(app)
    return app


def _ps(plane: Any, app: App) -> list[tuple[str, str, int]]:
    return [(dyno.name, str(dyno.state), dyno.release_version) for dyno in list_dynos(plane.ports, app)]


def _allocation(plane: Any, app: App, group: str, index: int = 0) -> Any:
    found = plane.scheduler.allocations(plane.job_id(app))
    return next(each for each in found if (each.group, each.index, each.desired) == (group, index, "run"))


def test_nothing_deployed_is_no_dyno(plane: Any, app: App) -> None:
    """An app without a job has no dynos."""
    assert _ps(plane, app) == []


def test_starting_until_healthy(plane: Any, running: App) -> None:
    """A web dyno is starting until it accepts; a worker is up when it runs."""
    assert {state for _, state, _ in _ps(plane, running)} == {"starting"}

    plane.scheduler.run(plane.job_id(running))
    assert _ps(plane, running) == [("web.1", "starting", 1), ("web.2", "starting", 1), ("worker.1", "up", 1)]

    plane.scheduler.pass_health(plane.job_id(running))
    assert _ps(plane, running) == [("web.1", "up", 1), ("web.2", "up", 1), ("worker.1", "up", 1)]


def test_a_crash_says_why(plane: Any, running: App) -> None:
    """A crashed dyno says with what exit code, and when it is tried again."""
    plane.scheduler.pass_health(plane.job_id(running))
    plane.scheduler.crash(_allocation(plane, running, "worker").id, 3)

    dyno = next(each for each in list_dynos(plane.ports, running) if each.type == "worker")

    assert dyno.state == "crashed"
    assert dyno.reason is not None
    assert "exit code 3" in dyno.reason


def test_a_restart_starts_a_crashed_dyno_at_once(plane: Any, ada: Actor, running: App) -> None:
    """Nobody who mended what it needs waits for the scheduler's next try; what runs is stopped and started as ever."""
    plane.scheduler.pass_health(plane.job_id(running))
    crashed = _allocation(plane, running, "worker").id
    plane.scheduler.crash(crashed, 3)
    web = _allocation(plane, running, "web").id

    RestartDynos(ports=plane.ports).of_type(ada, running, "worker")

    (dyno,) = [each for each in list_dynos(plane.ports, running) if each.type == "worker"]
    assert (dyno.id == crashed, str(dyno.state)) == (False, "starting")
    assert web in {each.id for each in list_dynos(plane.ports, running)}


def test_two_releases_side_by_side(plane: Any, running: App) -> None:
    """While a release takes over, `ps` shows the dynos of both."""
    plane.scheduler.pass_health(plane.job_id(running))
    plane.deploy(running, TYPES)
    plane.run(running)

    shown = _ps(plane, running)

    assert [entry for entry in shown if entry[0].startswith("web")] == [
        ("web.1", "up", 1),
        ("web.1", "starting", 2),
        ("web.2", "up", 1),
        ("web.2", "starting", 2),
    ]


def test_a_restart_shows_old_and_new(plane: Any, ada: Actor, running: App) -> None:
    """While the new dynos of the same release boot, the old ones that still serve are shown beside them."""
    plane.scheduler.pass_health(plane.job_id(running))
    before = {dyno.id for dyno in list_dynos(plane.ports, running) if dyno.type == "web"}

    RestartDynos(ports=plane.ports).all(ada, running)
    plane.run(running)

    web = [dyno for dyno in list_dynos(plane.ports, running) if dyno.type == "web"]
    assert before == {dyno.id for dyno in web if str(dyno.state) == "up"}
    assert {"starting"} == {str(dyno.state) for dyno in web if dyno.id not in before}
    plane.scheduler.pass_health(plane.job_id(running))
    assert not before & {dyno.id for dyno in list_dynos(plane.ports, running)}


def test_no_room(plane: Any, ada: Actor, app: App) -> None:
    """Dynos that found no room are shown with what is missing."""
    plane.deploy(app, TYPES)
    plane.scheduler.no_capacity = "No node has 512 MB of memory left."
    plane.run(app)

    (dyno,) = list_dynos(plane.ports, app)

    assert (dyno.name, str(dyno.state), dyno.release_version) == ("web.1", "starting", 1)
    assert dyno.reason == plane.scheduler.missing_capacity(plane.job_id(app))
    assert dyno.reason


def test_what_a_starting_dyno_lacks(plane: Any, app: App) -> None:
    """It does not accept yet; with a health check, it does not answer that."""
    release = plane.deploy(app, {"web": "serve"})
    plane.run(app)
    plane.scheduler.run(plane.job_id(app))
    assert [each.reason for each in list_dynos(plane.ports, app)] == ["It does not accept connections on $PORT yet."]

    with plane.state.begin() as work:
        work.slugs.save(replace(work.slugs.get(release.slug_id), health_check=HealthCheck(path="/up")))
        work.commit()
    assert [each.reason for each in list_dynos(plane.ports, app)] == ["It does not answer GET /up with 200 to 399 yet."]


def test_an_unwell_dyno_says_so(plane: Any, running: App) -> None:
    """Nomad ended it for its health check: the exit code would tell nothing."""
    plane.scheduler.pass_health(plane.job_id(running))
    crashed = _allocation(plane, running, "web").id
    plane.scheduler.crash(crashed, 143)
    plane.scheduler.change(crashed, unwell=True)

    dyno = next(each for each in list_dynos(plane.ports, running) if each.id == crashed)

    assert str(dyno.reason).startswith("It was stopped because its health check failed again and again. It is started")


def test_a_dyno_that_took_too_long_is_up_in_the_end(plane: Any, running: App) -> None:
    """Nomad called it unhealthy for good; the catalogue says that it is well by now."""
    plane.scheduler.run(plane.job_id(running))
    late = _allocation(plane, running, "web").id
    plane.scheduler.change(late, healthy=False)
    assert ("web.1", "starting", 1) in _ps(plane, running)

    plane.catalog.dynos = [
        Instance(app_id=running.id, dyno="web.1", address="10.0.0.2", port=5000, release=1, passing=True)
    ]

    assert ("web.1", "up", 1) in _ps(plane, running)
    plane.catalog.down = True
    assert ("web.1", "starting", 1) in _ps(plane, running)
