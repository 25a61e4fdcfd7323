"""A release on its way to the air."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from control.domain.health_checks import HealthCheck
from control.domain.releases import ReleaseStatus
from control.ports.scheduler import AllocationStatus
from jobs import names
from jobs.spec import SECOND


def test_a_healthy_boot_succeeds(world: Any) -> None:
    """When every web dyno accepts, the release is current and its route is up."""
    app = world.app()

    release = world.on_air(app)

    assert release.status is ReleaseStatus.SUCCEEDED
    assert world.catalog.routes()[app.id].state == "up"
    assert world.catalog.routes()[app.id].release == release.version
    assert world.catalog.routes()[app.id].hosts == ("example.localhost",)


def test_a_crash_is_told_with_its_last_lines(world: Any) -> None:
    """Exit code and output are in the release; the router hears that the app crashed."""
    app = world.app()
    release = world.release(app, world.slug(app))

    def runs() -> None:
        world.node.prints(world.scheduler.run(app.id)[0].id, "no luck\n", task="dyno")

    world.clock.script = [runs, lambda: world.scheduler.exit(app.id, 7)]

    world.attend.attend(app.id)

    failed = world.fresh(release)
    assert failed.status is ReleaseStatus.FAILED
    assert "exit code 7" in failed.failure_message
    assert "no luck" in failed.failure_message
    assert world.catalog.routes()[app.id].state == "crashed"
    assert world.scheduler.jobs()[app.id].stopped


def test_a_bad_release_brings_the_good_one_back(world: Any) -> None:
    """After a failure the scheduler has the job of the last good release again."""
    app = world.app()
    good = world.on_air(app)
    bad = world.release(app, world.slug(app, web="broken"))
    world.clock.script = [
        lambda: world.scheduler.run(app.id),
        lambda: [
            world.scheduler.change(each.id, status=AllocationStatus.FAILED, exit_code=1)
            for each in world.scheduler.allocations(app.id)
            if each.meta["release"] == str(bad.version)
        ],
    ]

    world.attend.attend(app.id)

    assert world.fresh(bad).status is ReleaseStatus.FAILED
    assert world.scheduler.submitted_job(app.id)["Meta"]["release"] == str(good.version)
    assert world.catalog.routes()[app.id].state == "up"
    assert world.catalog.routes()[app.id].release == good.version


def test_a_newer_release_takes_the_place_of_a_waiting_one(world: Any) -> None:
    """Only the newest boots; the one before it expires."""
    app = world.app()
    first = world.release(app, world.slug(app))
    second = world.release(app, world.slug(app))
    world.clock.script = [lambda: world.scheduler.pass_health(app.id)]

    world.attend.attend(app.id)

    assert world.fresh(first).status is ReleaseStatus.EXPIRED
    assert world.fresh(second).status is ReleaseStatus.SUCCEEDED


def test_a_release_that_comes_during_a_boot_is_next(world: Any) -> None:
    """The boot that waits gives way at once."""
    app = world.app()
    first = world.release(app, world.slug(app))
    later: list[Any] = []
    world.clock.script = [lambda: later.append(world.release(app, world.slug(app)))]

    world.attend.attend(app.id)
    world.clock.script = [lambda: world.scheduler.pass_health(app.id)]
    world.attend.attend(app.id)

    assert world.fresh(first).status is ReleaseStatus.EXPIRED
    assert world.fresh(later[0]).status is ReleaseStatus.SUCCEEDED


def test_a_scale_during_a_boot_is_taken_up(world: Any) -> None:
    """The job is submitted anew with the new count, and the boot waits for all of them."""
    app = world.app()
    release = world.release(app, world.slug(app))
    world.clock.script = [
        lambda: world.scale(app, "web", 3),
        lambda: None,
        lambda: world.scheduler.pass_health(app.id),
    ]

    world.attend.attend(app.id)

    assert world.fresh(release).status is ReleaseStatus.SUCCEEDED
    assert world.scheduler.submitted_job(app.id)["TaskGroups"][0]["Count"] == 3


def test_without_capacity_the_release_is_pending(world: Any) -> None:
    """It waits for as long as it takes and is on the air as soon as there is room."""
    app = world.app()
    release = world.release(app, world.slug(app))
    world.scheduler.no_capacity = "memory"
    seen = []

    def room() -> None:
        seen.append(world.fresh(release).status)
        world.scheduler.no_capacity = None
        world.scheduler.pass_health(app.id)

    world.clock.script = [*([lambda: None] * 50), room]

    world.attend.attend(app.id)

    assert seen == [ReleaseStatus.PENDING]
    assert world.fresh(release).status is ReleaseStatus.SUCCEEDED


def test_a_release_phase_comes_first(world: Any) -> None:
    """The app's job is submitted only when the release phase has ended well; its output is kept."""
    app = world.app()
    release = world.release(app, world.slug(app, web="serve", release="migrate"))
    phase = names.release_phase_job_id(app.id, release.version)
    submitted: list[list[str]] = []

    def ends() -> None:
        submitted.append(list(world.scheduler.jobs()))
        world.node.prints(world.scheduler.allocations(phase)[0].id, "migrated\n", task="release")
        world.scheduler.exit(phase, 0)

    world.clock.script = [lambda: world.scheduler.run(phase), ends, *([lambda: None] * 10)]
    world.scheduler.auto = True

    world.attend.attend(app.id)

    assert submitted == [[phase]]
    assert world.fresh(release).status is ReleaseStatus.SUCCEEDED
    with world.ports.state.view() as work:
        assert work.outputs.read(release.id) == b"migrated\n"


def test_a_failing_release_phase_fails_the_release(world: Any) -> None:
    """Nothing of the app is submitted."""
    app = world.app()
    release = world.release(app, world.slug(app, web="serve", release="migrate"))
    phase = names.release_phase_job_id(app.id, release.version)
    world.clock.script = [lambda: world.scheduler.run(phase), lambda: world.scheduler.exit(phase, 5)]

    world.attend.attend(app.id)

    assert world.fresh(release).status is ReleaseStatus.FAILED
    assert "exit code 5" in world.fresh(release).failure_message
    assert app.id not in world.scheduler.jobs()


def test_a_sealed_vault_leaves_the_release_pending(world: Any) -> None:
    """What cannot be done now is done later, and nothing half of it before."""
    app = world.app()
    release = world.release(app, world.slug(app), config_version=1)
    world.vault.sealed = True

    world.attend.attend(app.id)

    assert world.fresh(release).status is ReleaseStatus.PENDING
    assert world.scheduler.jobs() == {}


def test_a_health_check_has_its_own_time_and_words(world: Any) -> None:
    """What app.json asks for is in the job, and in what a boot that takes too long is told."""
    app = world.app()
    check = HealthCheck(path="/up", startup_s=120, interval_s=2, restart_after=3)
    slug = replace(world.slug(app), health_check=check)
    with world.ports.state.begin() as work:
        work.slugs.save(slug)
        work.commit()
    release = world.release(app, slug)
    world.clock.script = [
        lambda: world.scheduler.run(app.id),
        lambda: [world.scheduler.change(each.id, healthy=False) for each in world.scheduler.allocations(app.id)],
    ]

    world.attend.attend(app.id)

    (job,) = [job for job in world.scheduler.submitted if job["TaskGroups"]]
    (group,) = job["TaskGroups"]
    assert group["Update"]["HealthyDeadline"] == 122 * SECOND
    assert [each["Name"] for each in group["Services"][0]["Checks"]] == ["accepts", "well"]
    assert world.fresh(release).failure_message.startswith(
        "Error R10 (Boot timeout) -> Web process failed to answer GET /up with 200 to 399 within 122 seconds"
    )


def test_the_stop_timeout_is_the_settings(world: Any) -> None:
    """Between SIGTERM and SIGKILL."""
    world.settings = replace(world.settings, stop_timeout=7)
    app = world.app()

    world.on_air(app)

    (group,) = world.scheduler.submitted_job(app.id)["TaskGroups"]
    assert group["Tasks"][0]["KillTimeout"] == 7 * SECOND
