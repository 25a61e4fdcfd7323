"""The scheduler's twin behaves as Nomad does where the platform relies on it."""

from __future__ import annotations

from typing import Any

from control.adapters.memory import MemoryScheduler


def job(*, count: int = 1, release: str = "1") -> dict[str, Any]:
    return {
        "ID": "app",
        "Type": "service",
        "Meta": {"release": release},
        "TaskGroups": [{"Name": "web", "Count": count, "Update": {"Canary": count}, "Tasks": []}],
    }


def test_first_deployment_has_no_canaries():
    """The first version's dynos are not canaries, and its deployment succeeds once they are healthy."""
    scheduler = MemoryScheduler()
    scheduler.submit(job(count=2))

    assert [(one.index, one.canary) for one in scheduler.allocations("app")] == [(1, False), (0, False)]
    assert scheduler.deployment("app").status == "running"

    scheduler.pass_health("app")

    assert scheduler.deployment("app").status == "successful"


def test_new_release_runs_beside_the_old_one():
    """A changed job starts canaries; the old dynos go when all canaries are healthy."""
    scheduler = MemoryScheduler(auto=True)
    scheduler.submit(job())
    scheduler.auto = False
    scheduler.submit(job(release="2"))

    new, old = scheduler.allocations("app")
    assert (new.canary, new.meta["release"], new.healthy) == (True, "2", None)
    assert (old.status, old.meta["release"], old.desired) == ("running", "1", "run")

    scheduler.pass_health("app")

    new, old = scheduler.allocations("app")
    assert (new.canary, new.healthy, old.desired) == (False, True, "stop")


def test_failed_deployment_takes_its_canaries_along():
    """Failing a deployment ends the canaries and leaves the old dynos; doing it twice is success."""
    scheduler = MemoryScheduler(auto=True)
    scheduler.submit(job())
    scheduler.auto = False
    scheduler.submit(job(release="2"))
    deployment = scheduler.deployment("app")

    scheduler.fail_deployment(deployment.id)
    scheduler.fail_deployment(deployment.id)

    new, old = scheduler.allocations("app")
    assert scheduler.deployment("app").status == "failed"
    assert (new.desired, old.desired) == ("stop", "run")


def test_scaling_keeps_the_dynos_that_run():
    """Only a changed count: the running dyno stays, one is added beside it without being a canary."""
    scheduler = MemoryScheduler(auto=True)
    scheduler.submit(job())
    (first,) = scheduler.allocations("app")
    scheduler.submit(job(count=2))

    added, kept = scheduler.allocations("app")
    assert (kept.id, kept.job_version, kept.status) == (first.id, 1, "running")
    assert (added.index, added.canary) == (1, False)

    scheduler.submit(job(count=0))

    assert {one.desired for one in scheduler.allocations("app")} == {"stop"}
    assert scheduler.deployment("app").status == "successful"


def test_same_job_again_changes_nothing():
    """Submitting is idempotent: same modify index, same dynos."""
    scheduler = MemoryScheduler()
    index = scheduler.submit(job())

    assert scheduler.submit(job()) == index
    assert len(scheduler.allocations("app")) == 1


def test_batch_job_runs_once():
    """A batch job that has ended is dead, and submitting it again starts nothing."""
    scheduler = MemoryScheduler()
    batch = {**job(), "Type": "batch"}
    scheduler.submit(batch)
    scheduler.run("app")
    assert scheduler.job("app").status == "running"

    scheduler.exit("app", 3)
    scheduler.submit(batch)

    (only,) = scheduler.allocations("app")
    assert (only.status, only.exit_code, scheduler.job("app").status) == ("failed", 3, "dead")


def test_no_capacity_keeps_a_job_pending():
    """Nothing is placed while there is no room, and what is missing is named."""
    scheduler = MemoryScheduler(auto=True)
    scheduler.no_capacity = "No node has room for web: memory is exhausted on 1 of 1 nodes."
    scheduler.submit(job())

    assert scheduler.allocations("app") == []
    assert scheduler.missing_capacity("app") == scheduler.no_capacity
    assert (scheduler.job("app").status, scheduler.deployment("app").status) == ("pending", "running")
