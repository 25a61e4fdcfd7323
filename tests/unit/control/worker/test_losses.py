"""What a node loses is started anew at once, on the air, on its way there or just woken; nobody calls it a crash."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from control.domain.releases import ReleaseStatus
from control.worker.wakes import Wakes


def _nonce(world: Any, app: Any) -> str:
    return str(world.scheduler.submitted_job(app.id)["Meta"]["nonce"])


def test_it_does_not_wait_for_nomad(world: Any) -> None:
    """Nomad's pause grows with all troubles of the node; ours a little, with the recent ones, and ends with them."""
    app = world.app()
    world.on_air(app)
    for nonce, pause in ((1, 0), (2, 5), (3, 10), (4, 10), (5, 0)):
        if nonce == 5:
            world.clock.advance(61)
        world.scheduler.lose(app.id)
        world.clock.advance(max(0, pause - 1))
        world.reconcile.tick()
        world.attend.attend(app.id)
        assert (_nonce(world, app) == str(nonce)) is (pause == 0)
        world.clock.advance(1)
        world.reconcile.tick()
        world.attend.attend(app.id)
        assert _nonce(world, app) == str(nonce)


def test_requests_wait_for_its_successor(world: Any) -> None:
    """An app that crashed answers H10; one that was lost is on its way back."""
    app = world.app()
    world.on_air(app)
    world.scheduler.lose(app.id)

    world.reconcile.tick()

    assert world.catalog.routes()[app.id].state == "up"


def test_a_release_on_its_way_boots_once_more(world: Any) -> None:
    """It has not shown yet whether it boots: it neither fails nor gives way to the one before."""
    app = world.app()
    world.on_air(app)
    release = world.release(app, world.slug(app))
    world.clock.script = [
        lambda: world.scheduler.run(app.id),
        lambda: world.scheduler.lose(app.id),
        *([lambda: None] * 3),
        lambda: world.scheduler.pass_health(app.id),
    ]

    world.attend.attend(app.id)

    assert world.fresh(release).status is ReleaseStatus.SUCCEEDED
    assert world.scheduler.submitted_job(app.id)["Meta"]["release"] == str(release.version)
    assert _nonce(world, app) == "1"


@pytest.mark.parametrize("exit_code", [None, 137])
def test_a_release_that_is_always_lost_fails(world: Any, exit_code: int | None) -> None:
    """After five starts, with the node's own words, be it before or after it ran; what ran before is back."""
    app = world.app()
    good = world.on_air(app)
    release = world.release(app, world.slug(app))
    starts: list[str] = []

    def lose() -> None:
        if _nonce(world, app) not in starts:
            starts.append(_nonce(world, app))
            world.scheduler.lose(app.id, exit_code=exit_code)

    world.clock.script = [lose] * 500
    while world.fresh(release).status is ReleaseStatus.PENDING:
        world.attend.attend(app.id)

    assert starts == ["0", "1", "2", "3", "4"]
    reason = world.fresh(release).failure_message
    assert "lost the web process every time it was started: failed to setup alloc: the network is gone" in reason
    world.attend.attend(app.id)
    assert world.scheduler.submitted_job(app.id)["Meta"]["release"] == str(good.version)


def test_a_crash_beside_a_loss_is_a_crash(world: Any) -> None:
    """Of two dynos one ended by itself: the release has shown that it does not boot."""
    app = world.app()
    release = world.release(app, world.slug(app))
    world.scale(app, "web", 2)

    def both() -> None:
        first, _ = world.scheduler.run(app.id)
        world.scheduler.crash(first.id, 7)
        world.scheduler.lose(app.id)

    world.clock.script = [both]

    world.attend.attend(app.id)

    assert "exit code 7" in world.fresh(release).failure_message


def test_a_wake_goes_on(world: Any) -> None:
    """Whoever woke the app still waits: it does not fall asleep again."""
    app = world.app()
    world.on_air(app)
    with world.ports.state.begin() as work:
        now = world.clock.now()
        work.apps.save(replace(work.apps.get(app.id), waking=True, woken_at=now))
        work.commit()
    world.scheduler.lose(app.id)
    wakes = Wakes(ports=world.ports, settings=world.settings)

    wakes.tick()
    world.attend.attend(app.id)
    assert (_nonce(world, app), world.latest(app).waking, world.latest(app).asleep) == ("1", True, False)
    world.scheduler.pass_health(app.id)
    wakes.tick()

    assert not world.latest(app).waking
