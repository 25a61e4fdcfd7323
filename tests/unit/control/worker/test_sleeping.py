"""Apps that sleep and wake: what the scheduler and the router are told, whoever does it."""

from __future__ import annotations

from typing import Any

import pytest

from control.domain.apps import App
from control.errors import Conflict, InvalidParams, NotFound
from control.services import holds
from control.services.apply import ApplyApp
from control.services.dynos import list_dynos
from control.services.sleeping import SleepApp, WakeApp
from control.worker.wakes import Wakes
from jobs.spec import Site

SITE = Site(artifacts_url="http://127.0.0.1:8085", dyno_uid=997)


def _sleep(world: Any, app: App) -> None:
    SleepApp(ports=world.ports)(world.latest(app))
    world.attend.attend(app.id)


def _waker(world: Any, *, at_once: bool = True) -> WakeApp:
    apply = ApplyApp(ports=world.ports, settings=world.settings, site=SITE) if at_once else None
    return WakeApp(ports=world.ports, apply=apply)


def _counts(world: Any, app: App) -> dict[str, int]:
    return {group["Name"]: group["Count"] for group in world.scheduler.submitted_job(app.id)["TaskGroups"]}


def _route(world: Any, app: App) -> str:
    return world.catalog.routes()[app.id].state


@pytest.fixture
def asleep(world: Any) -> App:
    """An app that was on the air and sleeps."""
    app = world.app()
    world.on_air(app, web="serve", worker="work")
    world.scale(app, "worker", 1)
    _sleep(world, app)
    return world.latest(app)


def test_a_sleeping_app_runs_nothing_and_is_idle(world: Any, asleep: App) -> None:
    """No dyno is wanted of any type, the route is idle, `ps` says idle since when, and the log that it idles."""
    assert _counts(world, asleep) == {"web": 0, "worker": 0}
    assert _route(world, asleep) == "idle"
    dynos = list_dynos(world.ports, asleep)
    assert [(each.name, str(each.state), each.updated_at) for each in dynos] == [
        ("web.1", "idle", asleep.asleep_since),
        ("worker.1", "idle", asleep.asleep_since),
    ]
    assert any(line.endswith("heroku[web.1]: Idling") for line in world.node.lines[asleep.id])


def test_a_wake_is_applied_at_once(world: Any, asleep: App) -> None:
    """The scheduler has the whole formation again before the answer, and the worker has nothing left to do."""
    assert _waker(world)(asleep.id) == "starting"

    assert _counts(world, asleep) == {"web": 1, "worker": 1}
    assert _route(world, asleep) == "up"
    with world.ports.state.view() as work:
        assert work.apps.behind() == []
    assert world.latest(asleep).asleep_since is None


def test_many_wakes_are_one_start(world: Any, asleep: App) -> None:
    """Whoever asks later hears that it starts, and nothing is submitted or recorded anew."""
    answers = {_waker(world)(asleep.id) for _ in range(5)}
    submitted = len(world.scheduler.submitted)
    _waker(world)(asleep.id)

    assert answers == {"starting"}
    assert len(world.scheduler.submitted) == submitted
    with world.ports.state.view() as work:
        events = [each.action for each in work.events.list(asleep.id)]
    assert (events.count("app.sleep"), events.count("app.wake")) == (1, 1)


def test_a_wake_while_the_worker_is_at_it_is_left_to_the_worker(world: Any, asleep: App) -> None:
    """Two must not apply one app at the same time."""
    submitted = len(world.scheduler.submitted)
    with world.ports.state.hold(holds.attending(asleep.id)):
        assert _waker(world)(asleep.id) == "starting"
        assert len(world.scheduler.submitted) == submitted

    world.attend.attend(asleep.id)
    assert _counts(world, asleep) == {"web": 1, "worker": 1}


@pytest.mark.parametrize("part", ["scheduler", "catalog", "node"])
def test_a_part_that_is_away_loses_no_wake(world: Any, asleep: App, part: str) -> None:
    """The wake is written down first; the worker makes it true when the part is back."""
    getattr(world, part).down = True
    assert _waker(world)(asleep.id) == "starting"
    getattr(world, part).down = False

    world.attend.attend(asleep.id)

    assert _counts(world, asleep) == {"web": 1, "worker": 1}
    assert _route(world, asleep) == "up"


def test_waking_who_is_awake_or_gone(world: Any) -> None:
    """An app that is up stays as it is; one that there is not is not found."""
    app = world.app()
    world.on_air(app)

    assert _waker(world)(app.id) == "up"
    with pytest.raises(NotFound):
        _waker(world)("00000000-0000-4000-8000-000000000000")


def test_a_deploy_leaves_it_asleep_with_the_new_release(world: Any, asleep: App) -> None:
    """The release succeeds without starting a dyno, and a wake starts that one."""
    release = world.release(asleep, world.slug(asleep, web="serve2"))
    world.attend.attend(asleep.id)

    assert world.fresh(release).status == "succeeded"
    assert _counts(world, asleep) == {"web": 0}
    assert _route(world, asleep) == "idle"
    assert [(each.name, each.release_version) for each in list_dynos(world.ports, world.latest(asleep))] == [
        ("web.1", release.version)
    ]
    _waker(world)(asleep.id)
    assert world.scheduler.submitted_job(asleep.id)["Meta"]["release"] == str(release.version)


@pytest.mark.parametrize("trouble", ["none", "node", "slug"])
def test_a_deploy_brings_its_slug_to_the_node(world: Any, asleep: App, trouble: str) -> None:
    """No dyno has fetched it, and the wake is to move no bytes; where that fails the release succeeds all the same."""
    slug = world.slug(asleep, web="serve2")
    world.node.no_slugs = {slug.sha256} if trouble == "slug" else set()
    world.node.kept_slugs.clear()
    world.node.down = trouble == "node"
    release = world.release(asleep, slug)
    world.attend.attend(asleep.id)

    assert world.fresh(release).status == "succeeded"
    assert world.node.kept_slugs == ([(asleep.id, slug.sha256)] if trouble == "none" else [])


def test_one_that_nothing_could_wake_is_not_asleep(world: Any, asleep: App) -> None:
    """A release without a web process, or a formation without a web dyno, runs what is left of it."""
    world.release(asleep, world.slug(asleep, worker="work"))
    world.attend.attend(asleep.id)

    assert _counts(world, asleep) == {"worker": 1}
    assert _route(world, asleep) == "down"


def test_the_repair_loop_leaves_sleepers_alone(world: Any, asleep: App) -> None:
    """A sleeping app is neither started anew nor called crashed; one that somebody scaled in Nomad sleeps again."""
    submitted, writes = len(world.scheduler.submitted), world.catalog.writes
    world.reconcile.tick()
    world.attend.attend(asleep.id)
    assert (submitted, writes) == (len(world.scheduler.submitted), world.catalog.writes)

    world.scheduler.tamper(asleep.id, lambda job: job["TaskGroups"][0].update(Count=1))
    world.reconcile.tick()
    world.attend.attend(asleep.id)

    assert _counts(world, asleep) == {"web": 0, "worker": 0}


def test_who_cannot_sleep_is_told_why(world: Any) -> None:
    """No web dyno to wake, or a release on its way: one sentence, and nothing changes."""
    app = world.app()
    with pytest.raises(InvalidParams, match="no web dyno"):
        SleepApp(ports=world.ports)(app)
    world.release(app, world.slug(app))
    with pytest.raises(Conflict, match="on its way"):
        SleepApp(ports=world.ports)(app)

    assert world.latest(app).asleep_since is None


def test_a_wake_in_the_middle_of_a_release_phase_starts_what_is_on_the_air(world: Any, asleep: App) -> None:
    """Whoever asks need not wait for the new release."""
    release = world.release(asleep, world.slug(asleep, web="serve2", release="migrate"))
    phase = f"{asleep.id}.release-v{release.version}"

    def look() -> None:
        job = world.scheduler.submitted_job(asleep.id)
        counts.append((job["Meta"]["release"], _counts(world, asleep)["web"]))
        world.scheduler.run(phase)
        world.scheduler.exit(phase)

    counts: list[tuple[str, int]] = []
    boot = world.scheduler.pass_health
    wake = _waker(world, at_once=False)
    world.clock.script = [lambda: wake(asleep.id), lambda: None, look, *[lambda: boot(asleep.id)] * 10]
    world.attend.attend(asleep.id)

    assert counts == [(str(release.version - 1), 1)]
    assert world.fresh(release).status == "succeeded"
    assert _route(world, asleep) == "up"


def test_a_boot_that_succeeds_is_the_end_of_a_wake(world: Any, asleep: App) -> None:
    """From then on the app is like any other; what it said before it slept does not count."""
    _waker(world)(asleep.id)
    _wakes(world)
    assert world.latest(asleep).waking

    world.scheduler.pass_health(asleep.id)
    _wakes(world)

    assert not world.latest(asleep).waking
    assert _waker(world)(asleep.id) == "up"


@pytest.mark.parametrize("times", [1, 3])
def test_a_wake_that_fails_is_told_and_tried_again(world: Any, asleep: App, times: int) -> None:
    """The reason and the last lines are in the log, the app sleeps again, and each further wake starts it anew."""
    for _ in range(times):
        _waker(world)(asleep.id)
        allocation = next(each for each in world.scheduler.run(asleep.id, group="web") if each.group == "web")
        world.node.prints(allocation.id, "KeyError: 'PORT'\n", task="dyno")
        world.scheduler.crash(allocation.id, 3)
        _wakes(world)
        world.attend.attend(asleep.id)

        assert _route(world, asleep) == "idle"
        assert _counts(world, asleep)["web"] == 0
    lines = [line.split(" ", 1)[1] for line in world.node.lines[asleep.id]]
    reason = "heroku[web.1]: The web process ended with exit code 3 before it accepted a request on $PORT."
    assert lines.count(reason) == times
    assert lines.count("heroku[web.1]:     KeyError: 'PORT'") == times
    assert "next request tries again" in str(list_dynos(world.ports, world.latest(asleep))[0].reason)


def test_the_repair_loop_waits_for_a_wake(world: Any, asleep: App) -> None:
    """A dyno that ended when the app fell asleep is no crash of the app that was just woken."""
    with world.ports.state.hold(holds.attending(asleep.id)):
        _waker(world)(asleep.id)
    world.reconcile.tick()

    assert _route(world, asleep) != "crashed"
    assert world.latest(asleep).restart_nonce == asleep.restart_nonce


def test_the_repair_loop_writes_no_route_of_an_app_that_somebody_changes(world: Any, asleep: App) -> None:
    """What it saw may be a moment old: who holds the app writes it."""
    world.catalog.delete_route(asleep.id)
    with world.ports.state.hold(holds.attending(asleep.id)):
        world.reconcile.tick()
    assert asleep.id not in world.catalog.routes()

    world.reconcile.tick()
    assert _route(world, asleep) == "idle"


def _wakes(world: Any) -> None:
    Wakes(ports=world.ports, settings=world.settings).tick()
