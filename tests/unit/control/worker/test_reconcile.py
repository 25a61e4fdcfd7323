"""The repair loop notices what differs; attending to the app mends it."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from control.ports.catalog import Instance
from jobs import names


def _sweep_and_attend(world: Any, *app_ids: str) -> None:
    world.reconcile.tick()
    for app_id in app_ids:
        world.attend.attend(app_id)


def test_nothing_is_done_when_nothing_differs(world: Any) -> None:
    """A healthy platform is left alone: no submit, no write."""
    app = world.app()
    world.on_air(app)
    submitted, writes = len(world.scheduler.submitted), world.catalog.writes

    _sweep_and_attend(world, app.id)

    assert (submitted, writes) == (len(world.scheduler.submitted), world.catalog.writes)


@pytest.mark.parametrize("purge", [True, False])
def test_a_stopped_job_comes_back(world: Any, *, purge: bool) -> None:
    """Stopped in Nomad's UI, or gone altogether."""
    app = world.app()
    world.on_air(app)
    world.scheduler.stop(app.id, purge=purge)

    _sweep_and_attend(world, app.id)

    assert not world.scheduler.jobs()[app.id].stopped


def test_an_edited_job_is_as_it_was(world: Any) -> None:
    """A count that somebody changed is set right."""
    app = world.app()
    world.on_air(app)
    world.scheduler.tamper(app.id, lambda job: job["TaskGroups"][0].update(Count=9))

    _sweep_and_attend(world, app.id)

    assert world.scheduler.submitted_job(app.id)["TaskGroups"][0]["Count"] == 1


def test_a_lost_route_is_written_again(world: Any) -> None:
    """Lost in Consul, back in one sweep."""
    app = world.app()
    world.on_air(app)
    world.catalog.delete_route(app.id)

    world.reconcile.tick()

    assert world.catalog.routes()[app.id].state == "up"


def test_jobs_and_routes_of_no_app_are_removed(world: Any) -> None:
    """What a kill in the middle of a removal left behind goes away."""
    app = world.app()
    world.on_air(app)
    with world.ports.state.begin() as work:
        work.apps.remove(app.id)
        work.commit()

    world.reconcile.tick()

    assert world.scheduler.jobs() == {}
    assert world.catalog.routes() == {}


def test_an_app_whose_dynos_all_crashed_is_shown_as_crashed(world: Any) -> None:
    """The router answers H10 instead of holding requests; it is up again when a dyno serves."""
    app = world.app()
    release = world.on_air(app)
    world.scheduler.exit(app.id, 1)

    world.reconcile.tick()
    assert world.catalog.routes()[app.id].state == "crashed"
    world.catalog.dynos = [
        Instance(app_id=app.id, dyno="web.1", address="10.0.0.1", port=5000, release=release.version, passing=True)
    ]
    world.reconcile.tick()
    assert world.catalog.routes()[app.id].state == "up"


def test_dynos_that_nomad_gave_up_are_started_anew(world: Any) -> None:
    """After a pause that grows, and not before; one that Nomad will try again is left to it."""
    app = world.app()
    world.on_air(app)
    world.scheduler.exit(app.id, 1)

    _sweep_and_attend(world, app.id)
    assert world.scheduler.submitted_job(app.id)["Meta"]["nonce"] == "0"
    world.clock.advance(6)
    _sweep_and_attend(world, app.id)
    assert world.scheduler.submitted_job(app.id)["Meta"]["nonce"] == "1"


def test_a_dyno_that_waits_for_its_next_try_is_left_to_nomad(world: Any) -> None:
    """Nomad's own pause is not cut short; when it has passed and nothing came, the app is started anew."""
    app = world.app()
    world.on_air(app)
    world.scheduler.exit(app.id, 1)
    dead = world.scheduler.allocations(app.id)[0]
    world.scheduler.change(dead.id, reschedule_at=world.clock.now() + timedelta(minutes=5))
    world.clock.advance(60)

    _sweep_and_attend(world, app.id)
    assert world.scheduler.submitted_job(app.id)["Meta"]["nonce"] == "0"
    world.clock.advance(250)
    _sweep_and_attend(world, app.id)
    assert world.scheduler.submitted_job(app.id)["Meta"]["nonce"] == "1"


@pytest.mark.parametrize(("will_be_tried_again", "nonce"), [(True, "0"), (False, "1")])
def test_one_of_two_that_nomad_gave_up_is_missed(world: Any, *, will_be_tried_again: bool, nonce: str) -> None:
    """It ended while a deployment ran: the other serves on, and the app is on the air with both after a new start."""
    app = world.app()
    release = world.on_air(app)
    world.scale(app, "web", 2)
    world.attend.attend(app.id)
    second, first = world.scheduler.allocations(app.id)
    world.catalog.dynos = [
        Instance(app_id=app.id, dyno="web.1", address="10.0.0.1", port=5000, release=release.version, passing=True)
    ]
    world.scheduler.crash(second.id)
    if not will_be_tried_again:
        world.scheduler.change(second.id, reschedule_at=None)
    world.clock.advance(6)

    _sweep_and_attend(world, app.id)

    assert world.scheduler.submitted_job(app.id)["Meta"]["nonce"] == nonce
    assert world.catalog.routes()[app.id].state == "up"
    assert first.id in {each.id for each in world.scheduler.allocations(app.id)}


def test_a_destroyed_app_leaves_nothing(world: Any) -> None:
    """Job, route, secrets, slugs, logs and rows are gone."""
    app = world.app()
    world.on_air(app)
    world.vault.write(app.id, 1, {"A": "1"})
    world.blobs.write(names.SLUGS_BUCKET, names.slug_key(app.id, "ab" * 32), [b"slug"])
    world.node.says(app.id, "web.1", "hello")
    with world.ports.state.begin() as work:
        work.apps.save(replace(work.apps.get(app.id), destroyed_at=world.clock.now()))
        work.commit()

    world.attend.attend(app.id)

    assert world.scheduler.jobs() == {}
    assert world.catalog.routes() == {}
    assert world.vault.versions == {}
    assert list(world.blobs.keys(names.SLUGS_BUCKET)) == []
    assert app.id not in world.node.lines
    with world.ports.state.view() as work:
        assert work.apps.destroyed() == []
