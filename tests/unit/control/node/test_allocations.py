"""A dyno's life in lines."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from control.node import allocations
from control.node.allocations import Life

APP = "11111111-2222-4333-8444-555555555555"


def record(*events: tuple[str, dict[str, Any]], **changes: Any) -> dict[str, Any]:
    """An entry of Nomad's list of allocations (shortened from a real one)."""
    kinds = [
        {"Type": kind, "Time": number, "Details": details, "ExitCode": 0}
        for number, (kind, details) in enumerate(events, start=1)
    ]
    return {
        "ID": "99999999-2222-4333-8444-555555555555",
        "JobID": APP,
        "Name": f"{APP}.web[1]",
        "TaskGroup": "web",
        "ClientStatus": "running",
        "DesiredStatus": "run",
        "DeploymentID": "d",
        "DeploymentStatus": None,
        "TaskStates": {"dyno": {"Events": kinds}},
        "AllocatedResources": {"Shared": {"DiskMB": 1024}},
    } | changes


STARTED = ("Started", {})


@pytest.mark.parametrize(
    ("job_id", "group", "name", "dyno"),
    [
        (APP, "web", f"{APP}.web[0]", "web.1"),
        (APP, "worker", f"{APP}.worker[11]", "worker.12"),
        (f"{APP}.release-v12", "release", f"{APP}.release-v12.release[0]", "release.12"),
        (f"{APP}.run-4821", "run", f"{APP}.run-4821.run[0]", "run.4821"),
        (f"{APP}.build-{APP}", "build", f"{APP}.build-{APP}.build[0]", None),
    ],
)
def test_dyno_is_named_after_its_job(job_id, group, name, dyno):
    """The name comes from Nomad's own record, never from what the tenant says; builds have none."""
    state = allocations.read(record(JobID=job_id, TaskGroup=group, Name=name))

    assert (state.app_id, state.dyno) == (APP, dyno)


def test_allocation_without_task_states():
    """A fresh allocation has none: the task is the one that `jobs` makes."""
    assert allocations.read(record(TaskStates=None)).task == "dyno"
    fresh = record(TaskStates=None, JobID=f"{APP}.release-v1", TaskGroup="release", AllocatedResources=None)
    assert allocations.read(fresh).task == "release"
    assert allocations.read(fresh).disk_mb is None


def test_web_dyno_is_up_when_it_is_healthy():
    """It starts, is up once the deployment says so, and nothing is told twice."""
    life = Life()
    state = allocations.read(record(STARTED))

    assert life.tell(state) == ["Starting process"]
    assert life.tell(state) == []
    assert life.tell(replace(state, healthy=True)) == ["State changed from starting to up"]
    assert life.tell(replace(state, healthy=True)) == []


def test_dyno_without_a_deployment_is_up_when_it_runs():
    """Workers, and web dynos that are started again, are watched by no deployment."""
    state = allocations.read(record(STARTED, DeploymentID=""))

    assert Life().tell(state) == ["Starting process", "State changed from starting to up"]


def test_crash_is_told_once_and_it_is_not_up_again():
    """Exit code and new state; a verdict from before the crash does not bring it up."""
    life = Life()
    up = {"DeploymentStatus": {"Healthy": True}}
    life.tell(allocations.read(record(STARTED, **up)))
    ended = record(STARTED, ("Terminated", {"exit_code": "3"}), **up)

    assert life.tell(allocations.read(ended)) == ["Process exited with status 3", "State changed from up to crashed"]
    assert life.tell(allocations.read(ended | {"ClientStatus": "failed"})) == []


def test_out_of_memory_is_r15():
    """An OOM kill has Heroku's code, before the exit."""
    ended = record(STARTED, ("Terminated", {"exit_code": "137", "oom_killed": "true"}))

    assert Life(told_until=1, phase="starting").tell(allocations.read(ended)) == [
        "Error R15 (Memory quota vastly exceeded)",
        "Process exited with status 137",
        "State changed from starting to crashed",
    ]


def test_stopped_dyno_goes_down():
    """One that the platform ends has not crashed."""
    ended = record(STARTED, ("Killing", {}), ("Terminated", {"exit_code": "143"}), DesiredStatus="stop")

    assert Life(told_until=1, phase="up").tell(allocations.read(ended)) == [
        "Stopping all processes with SIGTERM",
        "Process exited with status 143",
        "State changed from up to down",
    ]


def test_one_off_that_succeeds_is_complete():
    """Ending is what a release phase is for."""
    ended = record(STARTED, ("Terminated", {"exit_code": "0"}), JobID=f"{APP}.release-v1", TaskGroup="release")

    assert Life().tell(allocations.read(ended))[-1] == "State changed from starting to complete"


def test_dyno_that_cannot_start():
    """The reason may hold the platform's inner things: the line does not repeat it."""
    state = allocations.read(record(("Driver Failure", {"driver_error": "/var/lib/secret"})))

    assert Life().tell(state) == ["State changed from starting to crashed"]


def test_restarted_agent_tells_nothing_again():
    """What was told is kept with the positions."""
    life = Life()
    state = allocations.read(record(STARTED))
    life.tell(state)

    assert Life(told_until=life.told_until, phase=life.phase).tell(replace(state, healthy=True)) == [
        "State changed from starting to up"
    ]


def test_a_dyno_that_does_not_end_is_r12():
    """It was told to, and had to be killed; the seconds are those that it was given."""
    state = allocations.read(
        record(STARTED, ("Killing", {}), ("Terminated", {"exit_code": "137"}), DesiredStatus="stop")
    )
    started, killing, ended = state.events
    state = replace(state, events=(started, killing, replace(ended, at=killing.at + 30_100_000_000)))

    assert Life(told_until=1, phase="up").tell(state) == [
        "Stopping all processes with SIGTERM",
        "Error R12 (Exit timeout) -> Process failed to exit within 30 seconds of SIGTERM",
        "Process exited with status 137",
        "State changed from up to down",
    ]


def test_an_unwell_dyno_is_replaced():
    """Nomad's event of a failed health check becomes a sentence."""
    ended = record(STARTED, ("Restart Signaled", {"restart_reason": "x"}), ("Terminated", {"exit_code": "143"}))

    assert Life(told_until=1, phase="up").tell(allocations.read(ended)) == [
        "Health check failed again and again, replacing the dyno",
        "Process exited with status 143",
        "State changed from up to down",
    ]
