"""What every scheduler promises."""

from __future__ import annotations

import secrets
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any

import pytest

from control.adapters.memory import MemoryScheduler
from control.adapters.nomad_scheduler import NomadScheduler
from control.ports.errors import JobRejected, SchedulerUnavailable
from control.ports.scheduler import AllocationStatus, Scheduler

SLEEP = "exec sleep 600"


@dataclass
class Stage:
    """A scheduler, and what makes its dynos do what their scripts say."""

    scheduler: Scheduler
    unavailable: Scheduler
    run: Callable[[str], Any] = lambda _: None
    pass_health: Callable[[str], Any] = lambda _: None
    exit: Callable[[str, int], Any] = lambda _, __: None
    crash: Callable[[str, int], Any] = lambda _, __: None
    refuse: Callable[[], Any] = lambda: None
    fill: Callable[[], Any] = lambda: None

    def status(self, job_id: str) -> str | None:
        """Of its latest deployment, which real schedulers begin a moment after the submit."""
        deployment = self.scheduler.deployment(job_id)
        return deployment.status if deployment else None


@pytest.fixture(params=["memory", pytest.param("real", marks=pytest.mark.platform)])
def stage(request) -> Stage:
    if request.param == "memory":
        twin = MemoryScheduler()
        down = MemoryScheduler()
        down.down = True
        return Stage(
            scheduler=twin,
            unavailable=down,
            run=twin.run,
            pass_health=twin.pass_health,
            exit=lambda job_id, code: (twin.run(job_id), twin.exit(job_id, code)),
            crash=twin.crash,
            refuse=lambda: setattr(twin, "reject", "Missing job datacenters"),
            fill=lambda: setattr(twin, "no_capacity", "No node has room for web: memory is exhausted on 1 of 1 nodes."),
        )
    return Stage(scheduler=request.getfixturevalue("nomad"), unavailable=NomadScheduler("http://127.0.0.1:9", "x"))


@pytest.fixture
def app() -> str:
    return f"c0ffee00-0000-4000-8000-{secrets.token_hex(6)}"


def test_submit_twice_is_submit_once(stage, app, shell_job):
    """The same job again changes nothing; another one raises the modify index."""
    index = stage.scheduler.submit(shell_job(app, SLEEP))

    assert stage.scheduler.job(app).modify_index == index
    assert stage.scheduler.submit(shell_job(app, SLEEP)) == index
    assert stage.scheduler.submit(shell_job(app, SLEEP, release="2")) > index
    assert stage.scheduler.job(app).meta["release"] == "2"


def test_jobs_are_listed_by_prefix(stage, app, shell_job):
    """All jobs of an app by id in one call, meta included; other apps' are not among them."""
    stage.scheduler.submit(shell_job(app, SLEEP))
    stage.scheduler.submit(shell_job(app, "exit 0", kind="batch", job_id=f"{app}.build-1"))
    found = stage.scheduler.jobs(prefix=app)

    assert sorted(found) == [app, f"{app}.build-1"]
    assert found[app].meta == {"app": app, "release": "1"}
    assert stage.scheduler.jobs(prefix=f"{app}.release") == {}


def test_unknown_job(stage, app):
    """A job that does not exist is None, has no allocations, lacks nothing, and can be stopped."""
    assert stage.scheduler.job(app) is None
    assert stage.scheduler.allocations(app) == []
    assert stage.scheduler.deployment(app) is None
    assert stage.scheduler.missing_capacity(app) is None
    stage.scheduler.stop(app)
    stage.scheduler.stop(app, purge=True)
    stage.scheduler.stop_allocation("00000000-0000-4000-8000-000000000000")
    stage.scheduler.fail_deployment("00000000-0000-4000-8000-000000000000")


def test_dyno_runs_and_is_healthy(stage, app, shell_job, until):
    """A healthy dyno has status, address, start time, the meta of its release; its deployment succeeds."""
    stage.scheduler.submit(shell_job(app, SLEEP, count=2))
    stage.pass_health(app)
    until(lambda: stage.status(app) == "successful")
    found = until(lambda: [one for one in stage.scheduler.allocations(app) if one.address and one.started_at])

    assert sorted(one.index for one in found) == [0, 1]
    assert {one.status for one in found} == {AllocationStatus.RUNNING}
    assert {(one.group, one.desired, one.healthy, one.canary) for one in found} == {("web", "run", True, False)}
    assert {one.meta["release"] for one in found} == {"1"}
    assert {(one.exit_code, one.oom_killed, one.restarts) for one in found} == {(None, False, 0)}
    assert len({one.address for one in found}) == 2
    assert stage.scheduler.missing_capacity(app) is None


def test_new_release_starts_beside_the_old(stage, app, shell_job, until):
    """Canaries of the new version run beside the old dynos, which go when the new ones are healthy."""
    stage.scheduler.submit(shell_job(app, SLEEP))
    stage.pass_health(app)
    until(lambda: stage.status(app) == "successful")
    stage.scheduler.submit(shell_job(app, SLEEP, release="2"))
    new = until(lambda: [one for one in stage.scheduler.allocations(app) if one.meta.get("release") == "2"])
    assert new[0] == stage.scheduler.allocations(app)[0] or new[0].id == stage.scheduler.allocations(app)[0].id

    stage.pass_health(app)
    until(lambda: {one.meta["release"] for one in stage.scheduler.allocations(app) if one.desired == "run"} == {"2"})
    until(lambda: stage.status(app) == "successful")
    assert {one.job_version for one in stage.scheduler.allocations(app)} == {0, 1}


def test_failed_deployment_leaves_the_old_dynos(stage, app, shell_job, until):
    """Failing a deployment ends its canaries; failing it again is success."""
    stage.scheduler.submit(shell_job(app, SLEEP))
    stage.pass_health(app)
    until(lambda: stage.status(app) == "successful")
    job = shell_job(app, SLEEP, release="2")
    job["TaskGroups"][0]["Update"]["AutoPromote"] = False
    stage.scheduler.submit(job)
    deployment = until(lambda: (found := stage.scheduler.deployment(app)).job_version == 1 and found)
    until(lambda: any(one.canary for one in stage.scheduler.allocations(app)))

    stage.scheduler.fail_deployment(deployment.id)
    stage.scheduler.fail_deployment(deployment.id)

    assert until(lambda: stage.scheduler.deployment(app).status == "failed")
    until(lambda: [one.meta["release"] for one in stage.scheduler.allocations(app) if one.desired == "run"] == ["1"])


def test_exit_code_of_a_job_that_runs_once(stage, app, shell_job, until):
    """A batch task's exit code and end are seen; the job is dead and is not tried again."""
    stage.scheduler.submit(shell_job(app, "exit 3", kind="batch", job_id=f"{app}.build-1"))
    stage.exit(f"{app}.build-1", 3)
    until(lambda: stage.scheduler.job(f"{app}.build-1").status == "dead")

    (only,) = stage.scheduler.allocations(f"{app}.build-1")
    assert (only.status, only.exit_code, only.oom_killed) == (AllocationStatus.FAILED, 3, False)
    assert only.message is not None
    assert only.group == "build"


def test_crashed_dyno_waits_for_its_next_try(stage, app, shell_job, until):
    """After a crash the old allocation keeps its exit code, and says when the next try is, or which one it was."""
    job = shell_job(app, "exit 7", group="worker")
    job["TaskGroups"][0]["Update"] = {"MaxParallel": 0}
    stage.scheduler.submit(job)
    stage.run(app)
    first = until(lambda: stage.scheduler.allocations(app))[-1]
    stage.crash(first.id, 7)
    crashed = until(
        lambda: next(
            (
                one
                for one in stage.scheduler.allocations(app)
                if one.status is AllocationStatus.FAILED and (one.reschedule_at or one.rescheduled_to)
            ),
            None,
        )
    )

    assert crashed.exit_code == 7
    assert crashed.reschedule_at is None or crashed.reschedule_at > crashed.created_at


def test_crashed_dyno_is_tried_again_when_told_to(stage, app, shell_job, until):
    """Its pause need not be over; what runs beside it is left alone, and a job that is not there is none to try."""
    job = shell_job(app, "exit 7")
    # Long enough that nobody takes a try of Nomad's own for this one.
    job["TaskGroups"][0]["ReschedulePolicy"]["Delay"] = 3600 * 10**9
    stage.scheduler.submit(job)
    stage.run(app)
    (first,) = until(lambda: stage.scheduler.allocations(app))
    stage.crash(first.id, 7)
    until(lambda: stage.scheduler.allocations(app)[0].status is AllocationStatus.FAILED)

    stage.scheduler.retry(app)

    until(lambda: {one.id: one.rescheduled_to for one in stage.scheduler.allocations(app)}[first.id])
    stage.scheduler.retry("c0ffee00-0000-4000-8000-000000000000")


def test_stopped_dyno_is_replaced(stage, app, shell_job, until):
    """Stopping one allocation ends it, and the job gets another for the same place."""
    stage.scheduler.submit(shell_job(app, SLEEP))
    stage.pass_health(app)
    until(lambda: stage.status(app) == "successful")
    (first,) = stage.scheduler.allocations(app)

    stage.scheduler.stop_allocation(first.id)

    (second,) = until(
        lambda: [one for one in stage.scheduler.allocations(app) if one.desired == "run" and one.id != first.id]
    )
    assert second.index == first.index
    assert until(lambda: {one.id: one.desired for one in stage.scheduler.allocations(app)}[first.id] == "stop")


def test_stopped_job_ends(stage, app, shell_job, until):
    """All dynos of a stopped job end; stopping it again is success; a purged one is gone; both can come back."""
    stage.scheduler.submit(shell_job(app, SLEEP))
    stage.run(app)
    until(lambda: [one for one in stage.scheduler.allocations(app) if one.status is AllocationStatus.RUNNING])

    stage.scheduler.stop(app)
    stage.scheduler.stop(app)

    assert stage.scheduler.job(app).stopped
    until(lambda: {one.desired for one in stage.scheduler.allocations(app)} == {"stop"})
    stage.scheduler.submit(shell_job(app, SLEEP))
    assert not stage.scheduler.job(app).stopped

    stage.scheduler.stop(app, purge=True)

    until(lambda: stage.scheduler.job(app) is None)


def test_whoever_purges_a_job_that_just_began_harms_nobody(stage, shell_job, until):
    """A plan may be on its way while its job goes: Nomad itself did not survive that (docs/decisions/0012)."""

    def come_and_go(number: int) -> None:
        job = shell_job(f"c0ffee00-0000-4000-8000-{number:012x}", SLEEP)
        for moments in range(12):
            stage.scheduler.submit(job)
            stage.scheduler.stop(job["ID"])
            stage.scheduler.submit(job)
            for _ in range(moments):
                stage.scheduler.job(job["ID"])
            stage.scheduler.stop(job["ID"], purge=True)
            assert stage.scheduler.job(job["ID"]) is None

    with ThreadPoolExecutor(16) as pool:
        list(pool.map(come_and_go, range(16)))

    stage.scheduler.ping()


def test_lack_of_capacity_is_named(stage, app, shell_job, until):
    """A job that fits nowhere is accepted and waits; one sentence says what is missing."""
    stage.fill()
    stage.scheduler.submit(shell_job(app, SLEEP, memory_mb=9_000_000))
    sentence = until(lambda: stage.scheduler.missing_capacity(app))

    assert sentence.startswith("No node has room for web: memory is exhausted on 1 of 1 nodes")
    assert sentence.endswith(".")
    assert stage.scheduler.allocations(app) == []
    assert stage.scheduler.job(app).status == "pending"


def test_refused_job(stage, app, shell_job):
    """A job that the scheduler refuses raises JobRejected with its reason, and leaves nothing."""
    stage.refuse()
    job = shell_job(app, SLEEP) | {"Datacenters": None, "TaskGroups": None}

    with pytest.raises(JobRejected, match=r"."):
        stage.scheduler.submit(job)
    assert stage.scheduler.job(app) is None


def test_unavailable(stage, app, shell_job):
    """Without an answer every method raises SchedulerUnavailable."""
    stage.scheduler.ping()
    for ask in (
        stage.unavailable.ping,
        stage.unavailable.jobs,
        lambda: stage.unavailable.submit(shell_job(app, SLEEP)),
        lambda: stage.unavailable.stop(app),
        lambda: stage.unavailable.job(app),
        lambda: stage.unavailable.allocations(app),
        lambda: stage.unavailable.deployment(app),
        lambda: stage.unavailable.missing_capacity(app),
        lambda: stage.unavailable.fail_deployment(app),
        lambda: stage.unavailable.stop_allocation(app),
    ):
        with pytest.raises(SchedulerUnavailable):
            ask()
