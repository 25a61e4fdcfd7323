"""When a release has booted, and when it has not."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime

import pytest

from control.ports.scheduler import Allocation, AllocationStatus, Deployment
from control.worker.verdict import Outcome, judge

NOW = datetime(2026, 1, 1, tzinfo=UTC)
DYNO = Allocation(
    id="a1",
    job_id="app",
    group="web",
    index=0,
    status=AllocationStatus.RUNNING,
    desired="run",
    job_version=4,
    meta={"release": "7", "nonce": "0"},
    healthy=True,
    canary=False,
    address="10.0.0.2",
    exit_code=None,
    oom_killed=False,
    restarts=0,
    message=None,
    started_at=NOW,
    created_at=NOW,
    modified_at=NOW,
    rescheduled_to=None,
)
DONE = Deployment(id="d", job_version=4, status="successful", description="")


def _judge(*web: Allocation, deployment: Deployment | None = DONE, quantity: int = 1) -> Outcome:
    return judge(web, deployment, version=7, nonce=0, quantity=quantity).outcome


def test_up_when_all_are_healthy_and_switched_over() -> None:
    """Healthy dynos of this release plus a finished deployment are a boot."""
    assert Outcome.UP is _judge(DYNO)


def test_nothing_to_wait_for_without_web() -> None:
    """An app scaled to no web dyno boots at once."""
    assert Outcome.UP is _judge(quantity=0)


@pytest.mark.parametrize(
    "dyno",
    [
        replace(DYNO, healthy=None),
        replace(DYNO, status=AllocationStatus.PENDING, healthy=None),
        replace(DYNO, meta={"release": "6", "nonce": "0"}),
        replace(DYNO, meta={"release": "7", "nonce": "1"}),
    ],
)
def test_waits_for_this_release(dyno: Allocation) -> None:
    """Dynos that are not healthy yet, or of another release or restart, decide nothing."""
    assert Outcome.WAITING is _judge(dyno)


def test_waits_for_every_dyno() -> None:
    """One of two is not enough."""
    assert Outcome.WAITING is _judge(DYNO, quantity=2)


def test_waits_for_the_switch_over() -> None:
    """Healthy canaries serve nobody until Nomad promotes them."""
    assert Outcome.WAITING is _judge(DYNO, deployment=replace(DONE, status="running"))


def test_an_older_deployment_is_no_matter() -> None:
    """A restart of the same spec makes no deployment."""
    assert Outcome.UP is _judge(DYNO, deployment=replace(DONE, job_version=3, status="failed"))


@pytest.mark.parametrize(
    "dyno",
    [
        replace(DYNO, status=AllocationStatus.FAILED, exit_code=1, healthy=False),
        replace(DYNO, status=AllocationStatus.FAILED, exit_code=1, desired="stop"),
        replace(DYNO, status=AllocationStatus.COMPLETE, exit_code=0),
    ],
)
def test_an_ended_web_process_is_a_crash(dyno: Allocation) -> None:
    """A web process that ends has crashed, also with exit code 0, also when Nomad has replaced it."""
    assert Outcome.CRASHED is _judge(dyno)


def test_a_stopped_dyno_is_no_crash() -> None:
    """One that was scaled away while the others boot fails nothing."""
    gone = replace(DYNO, id="a2", status=AllocationStatus.COMPLETE, desired="stop", exit_code=143)

    assert Outcome.UP is _judge(DYNO, gone)


def test_silent_dyno_times_out() -> None:
    """Running, but judged unhealthy: it never bound its port (R10)."""
    assert Outcome.TIMED_OUT is _judge(replace(DYNO, healthy=False))


def test_a_dyno_overtaken_by_a_scale_fails_nothing() -> None:
    """Nomad calls a dyno unhealthy that it stopped for the job's next version; that one decides."""
    overtaken = replace(DYNO, status=AllocationStatus.COMPLETE, desired="stop", healthy=False, job_version=3)

    assert Outcome.WAITING is _judge(overtaken, deployment=replace(DONE, status="running"))
    assert Outcome.UP is _judge(overtaken, DYNO)


def test_a_silent_dyno_stays_silent_when_nomad_stops_it() -> None:
    """The deployment that it failed is the job's latest."""
    stopped = replace(DYNO, status=AllocationStatus.COMPLETE, desired="stop", healthy=False)

    assert Outcome.TIMED_OUT is _judge(stopped, deployment=replace(DONE, status="failed"))
