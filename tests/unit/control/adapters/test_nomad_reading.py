"""Nomad's answers, odd ones too."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from control.adapters import nomad_reading
from control.ports.scheduler import AllocationStatus


def stub(**changes):
    base = {
        "ID": "a",
        "JobID": "app",
        "Name": "app.web[3]",
        "TaskGroup": "web",
        "ClientStatus": "running",
        "DesiredStatus": "run",
        "JobVersion": 4,
        "CreateTime": 1_700_000_000_000_000_000,
        "ModifyTime": 1_700_000_001_000_000_000,
        "NextAllocation": "",
        "DeploymentStatus": None,
        "TaskStates": None,
    }
    return base | changes


def read(**changes):
    return nomad_reading.allocation(stub(**changes), meta={}, address=None, reschedule_at=None)


def test_fresh_allocation():
    """Without task states there is nothing to say but where and when."""
    found = read()

    assert (found.index, found.status, found.healthy, found.canary) == (3, AllocationStatus.RUNNING, None, False)
    assert (found.exit_code, found.message, found.started_at, found.rescheduled_to) == (None, None, None, None)
    assert found.created_at == datetime(2023, 11, 14, 22, 13, 20, tzinfo=UTC)


def test_last_exit_counts():
    """Of several ends the last one; the message is why it ended, not what Nomad did about it."""
    events = [
        {"Type": "Terminated", "Details": {"exit_code": "1"}, "DisplayMessage": "Exit Code: 1"},
        {"Type": "Started", "DisplayMessage": "Task started by client"},
        {"Type": "Terminated", "Details": {"exit_code": "137", "oom_killed": "true"}, "DisplayMessage": "OOM Killed"},
        {"Type": "Not Restarting", "DisplayMessage": "Policy allows no restarts"},
    ]
    found = read(TaskStates={"dyno": {"Events": events, "Restarts": 1, "StartedAt": "2024-01-01T00:00:00.123456789Z"}})

    assert (found.exit_code, found.oom_killed, found.restarts, found.message) == (137, True, 1, "OOM Killed")
    assert found.started_at == datetime(2024, 1, 1, 0, 0, 0, 123456, tzinfo=UTC)


def test_what_the_node_lost_is_told_from_what_the_app_did():
    """After its restart Nomad may not find a young dyno again, which ends then as if by itself."""
    lost = [{"Type": "Started"}, {"Type": "Setup Failure"}, {"Type": "Terminated", "Details": {"exit_code": "0"}}]

    found = read(TaskStates={"dyno": {"Events": lost}})
    assert (found.setup_failed, found.status) == (True, AllocationStatus.FAILED)
    assert read(ClientStatus="complete", TaskStates={"dyno": {"Events": lost}}).status is AllocationStatus.COMPLETE
    found = read(TaskStates={"dyno": {"Events": [lost[0], lost[2]]}})
    assert (found.setup_failed, found.status) == (False, AllocationStatus.RUNNING)


@pytest.mark.parametrize(
    ("details", "code"), [({"exit_code": "0", "signal": "9"}, 137), ({"exit_code": "0"}, 0), ({"exit_code": "2"}, 2)]
)
def test_signal_is_128_and_more(details, code):
    """As a shell would say it."""
    assert read(TaskStates={"dyno": {"Events": [{"Type": "Terminated", "Details": details}]}}).exit_code == code


def test_unknown_status_is_unknown():
    """A status of a later Nomad is not a crash of ours; Go's zero time is no time."""
    found = read(ClientStatus="hibernating", TaskStates={"dyno": {"StartedAt": "0001-01-01T00:00:00Z"}})

    assert (found.status, found.started_at) == (AllocationStatus.UNKNOWN, None)


JOB = {
    "TaskGroups": [
        {"Name": "web", "EphemeralDisk": {"SizeMB": 300}, "Tasks": [{"Resources": {"MemoryMB": 512, "CPU": 50}}]}
    ]
}


def blocked(**metric):
    return [
        {"Status": "complete", "CreateIndex": 9},
        {"Status": "blocked", "CreateIndex": 5, "FailedTGAllocs": {"web": {"NodesEvaluated": 2, **metric}}},
    ]


@pytest.mark.parametrize(
    ("metric", "sentence"),
    [
        (
            {"DimensionExhausted": {"memory": 2}},
            "No node has room for web: memory is exhausted on 2 of 2 nodes (512 MB asked for a dyno).",
        ),
        (
            {"DimensionExhausted": {"cpu": 1, "disk": 1}},
            (
                "No node has room for web: cpu is exhausted on 1 of 2 nodes (50 MHz asked for a dyno), "
                "disk is exhausted on 1 of 2 nodes (300 MB asked for a dyno)."
            ),
        ),
        (
            {"ConstraintFiltered": {"missing drivers": 2}},
            "No node has room for web: 2 of 2 nodes do not meet “missing drivers”.",
        ),
        ({"QuotaExhausted": ["memory"]}, "No node has room for web: the quota of memory is used up."),
        ({"NodesEvaluated": 0}, "No node has room for web: no node is ready."),
        ({}, "No node has room for web: no node takes it."),
    ],
)
def test_missing_capacity_is_one_sentence(metric, sentence):
    """What is missing, how much was asked for, on how many nodes."""
    assert nomad_reading.missing(blocked(**metric), JOB) == sentence


def test_nothing_is_missing():
    """Without a blocked evaluation nothing waits."""
    assert nomad_reading.missing([{"Status": "complete"}], JOB) is None
