"""What Nomad's answers mean to the platform; pure, so that odd answers can be tested without a server."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from typing import Any

from control.ports.scheduler import Allocation, AllocationStatus, Deployment, JobSummary

_INDEX = re.compile(r"\[(\d+)\]$")
_TELLING = frozenset(
    {
        "Alloc Unhealthy",
        "Disk Resources Exceeded",
        "Driver Failure",
        "Failed Artifact Download",
        "Failed Validation",
        "Killed",
        "Setup Failure",
        "Sibling Task Failed",
        "Task hook failed",
        "Template",
        "Terminated",
    }
)
"""Task events that say why a task is not running; what follows them ("Not Restarting") says nothing more."""


def job_summary(job: Mapping[str, Any]) -> JobSummary:
    """From a job or an entry of the list of jobs."""
    return JobSummary(
        id=job["ID"],
        status=job["Status"],
        stopped=bool(job.get("Stop")),
        modify_index=job["JobModifyIndex"],
        meta=dict(job.get("Meta") or {}),
    )


def deployment(record: Mapping[str, Any]) -> Deployment:
    """From a deployment."""
    return Deployment(
        id=record["ID"],
        job_version=record["JobVersion"],
        status=record["Status"],
        description=record.get("StatusDescription") or "",
    )


def allocation(
    stub: Mapping[str, Any],
    *,
    meta: Mapping[str, str],
    address: str | None,
    reschedule_at: datetime | None,
) -> Allocation:
    """From an entry of the list of allocations, and what that list leaves out."""
    task = _main_task(stub)
    events: list[Mapping[str, Any]] = task.get("Events") or []
    ended = next((event for event in reversed(events) if event.get("Type") == "Terminated"), None)
    health = stub.get("DeploymentStatus") or {}
    setup_failed = any(event.get("Type") == "Setup Failure" for event in events)
    return Allocation(
        id=stub["ID"],
        job_id=stub["JobID"],
        group=stub["TaskGroup"],
        index=index_of(stub["Name"]),
        status=_status(stub["ClientStatus"], setup_failed=setup_failed),
        desired=stub["DesiredStatus"],
        job_version=stub["JobVersion"],
        meta=meta,
        healthy=health.get("Healthy"),
        canary=bool(health.get("Canary")),
        address=address,
        exit_code=_exit_code(ended),
        oom_killed=ended is not None and (ended.get("Details") or {}).get("oom_killed") == "true",
        restarts=int(task.get("Restarts") or 0),
        message=_message(events) or stub.get("ClientDescription") or None,
        started_at=_moment(task.get("StartedAt")),
        created_at=_nanoseconds(stub["CreateTime"]),
        modified_at=_nanoseconds(stub["ModifyTime"]),
        rescheduled_to=stub.get("NextAllocation") or None,
        reschedule_at=reschedule_at,
        unwell=any(event.get("Type") == "Restart Signaled" for event in events),
        setup_failed=setup_failed,
    )


def index_of(name: str) -> int:
    """The index in an allocation's name, `<job>.<group>[<index>]`."""
    found = _INDEX.search(name)
    return int(found[1]) if found else 0


def wait_until(evaluation: Mapping[str, Any]) -> datetime | None:
    """When a delayed evaluation will be looked at."""
    return _moment(evaluation.get("WaitUntil"))


def missing(evaluations: Iterable[Mapping[str, Any]], job: Mapping[str, Any]) -> str | None:
    """What a blocked evaluation of the job lacks, as one sentence; None when none is blocked."""
    blocked = [one for one in evaluations if one.get("Status") == "blocked"]
    if not blocked:
        return None
    latest = max(blocked, key=lambda one: int(one.get("CreateIndex") or 0))
    groups: Mapping[str, Any] = latest.get("FailedTGAllocs") or {}
    parts = [_lack(name, metric or {}, job) for name, metric in sorted(groups.items())]
    return f"No node has room for {'; nor for '.join(parts)}." if parts else "No node has room for all of it."


def _lack(group: str, metric: Mapping[str, Any], job: Mapping[str, Any]) -> str:
    total = int(metric.get("NodesEvaluated") or 0)
    reasons = [
        f"{dimension} is exhausted on {count} of {total} nodes{_asked(group, dimension, job)}"
        for dimension, count in sorted((metric.get("DimensionExhausted") or {}).items())
    ]
    reasons += [
        f"{count} of {total} nodes do not meet “{constraint}”"
        for constraint, count in sorted((metric.get("ConstraintFiltered") or {}).items())
    ]
    reasons += [f"the quota of {quota} is used up" for quota in metric.get("QuotaExhausted") or []]
    if total == 0:
        reasons = ["no node is ready"]
    return f"{group}: {', '.join(reasons) or 'no node takes it'}"


def _asked(group: str, dimension: str, job: Mapping[str, Any]) -> str:
    field, unit = {"memory": ("MemoryMB", "MB"), "cpu": ("CPU", "MHz")}.get(dimension, ("", ""))
    for one in job.get("TaskGroups") or []:
        if one.get("Name") != group:
            continue
        if dimension == "disk":
            return f" ({(one.get('EphemeralDisk') or {}).get('SizeMB', 0)} MB asked for a dyno)"
        if field:
            amount = sum(int((task.get("Resources") or {}).get(field) or 0) for task in one.get("Tasks") or [])
            return f" ({amount} {unit} asked for a dyno)"
    return ""


def _main_task(stub: Mapping[str, Any]) -> Mapping[str, Any]:
    """Our groups have one task; should there be side-cars, the one that is named for the group or `dyno` counts."""
    states: Mapping[str, Any] = stub.get("TaskStates") or {}
    for name in ("dyno", stub["TaskGroup"], *states):
        if name in states:
            return states[name] or {}
    return {}


def _exit_code(ended: Mapping[str, Any] | None) -> int | None:
    if ended is None:
        return None
    details = ended.get("Details") or {}
    code = int(details.get("exit_code") or ended.get("ExitCode") or 0)
    signal = int(details.get("signal") or ended.get("Signal") or 0)
    return 128 + signal if code == 0 and signal else code


def _message(events: list[Mapping[str, Any]]) -> str | None:
    telling = [event for event in events if event.get("Type") in _TELLING]
    for event in reversed(telling or events):
        text = event.get("DisplayMessage") or event.get("Message") or event.get("Type")
        if text:
            return str(text)
    return None


def _status(text: str, *, setup_failed: bool) -> AllocationStatus:
    """Nomad says `failed` of one that could not be set up when its clearing up is done, which takes seconds."""
    try:
        status = AllocationStatus(text)
    except ValueError:
        return AllocationStatus.UNKNOWN
    return AllocationStatus.FAILED if setup_failed and not status.has_ended else status


def _nanoseconds(value: int) -> datetime:
    return datetime.fromtimestamp(value / 1e9, tz=UTC)


def _moment(text: str | None) -> datetime | None:
    """An RFC 3339 time; Go's zero time is None, and its nanoseconds are cut."""
    if not text or text.startswith("0001-"):
        return None
    found = re.fullmatch(r"(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d)(\.\d+)?(Z|[+-]\d\d:\d\d)", text)
    if found is None:
        return None
    zone = "+00:00" if found[3] == "Z" else found[3]
    return datetime.fromisoformat(f"{found[1]}{(found[2] or '.0')[:7].ljust(7, '0')}{zone}").astimezone(UTC)
