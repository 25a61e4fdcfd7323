"""How the scheduler's in-memory twin places and replaces dynos; `memory_scheduler` is what tests use."""

from __future__ import annotations

import threading
import uuid
from dataclasses import dataclass, field, replace
from typing import Any

from control.ports.clock import Clock
from control.ports.errors import SchedulerUnavailable
from control.ports.scheduler import Allocation, AllocationStatus, Deployment, Job, JobSummary


@dataclass
class Record:
    """One job, with the ids of every allocation that it ever had."""

    job: Job
    version: int = 0
    modify_index: int = 0
    stopped: bool = False
    deployment: Deployment | None = None
    allocations: list[str] = field(default_factory=list)


class MemoryJobs:
    """Jobs and allocations, and Nomad's rules for what a new version of a job replaces."""

    def __init__(self, clock: Clock) -> None:
        self.clock = clock
        self.down = False
        self.no_capacity: str | None = None
        """While set, nothing new is placed and this is what `missing_capacity` says."""
        self._jobs: dict[str, Record] = {}
        self._allocations: dict[str, Allocation] = {}
        self._index = 100
        self._addresses = 1
        self._lock = threading.RLock()

    def change(self, allocation_id: str, **fields: Any) -> Allocation:
        """Set anything of an allocation."""
        with self._lock:
            changed = replace(self._allocations[allocation_id], modified_at=self.clock.now(), **fields)
            self._allocations[allocation_id] = changed
            return changed

    def _guard(self) -> threading.RLock:
        if self.down:
            raise SchedulerUnavailable("Nomad does not answer. Run `nomapaas status`.")
        return self._lock

    def _next(self) -> int:
        self._index += 1
        return self._index

    def _begin(self, record: Record, previous: Job | None = None) -> None:
        """A new version: what may stay is updated in place, the rest ends or waits for canaries."""
        if record.job.get("Type", "service") == "service" and _deploys(record.job):
            record.deployment = Deployment(
                id=str(uuid.uuid4()),
                job_version=record.version,
                status="running",
                description="Deployment is running",
            )
        groups = {group["Name"]: group for group in record.job.get("TaskGroups") or []}
        for one in self._live(record):
            group = groups.get(one.group)
            if group is not None and one.index >= group.get("Count", 1):
                group = None
            if group is None:
                self._end(one)
            elif previous is not None and not _replaces(previous, record.job, one.group):
                self.change(one.id, job_version=record.version, meta=dict(record.job.get("Meta") or {}))
            elif not (group.get("Update") or {}).get("Canary"):
                self._end(one)

    def _place(self, record: Record) -> None:
        if record.stopped or self.no_capacity is not None:
            return
        for group in record.job.get("TaskGroups") or []:
            ours = [one for one in self._all(record) if one.group == group["Name"]]
            current = {one.index for one in ours if one.job_version == record.version and one.desired == "run"}
            old = any(one.job_version != record.version and not one.status.has_ended for one in ours)
            for index in range(group.get("Count", 1)):
                if index not in current:
                    self._start(record, group["Name"], index, canary=old)

    def _start(self, record: Record, group: str, index: int, *, canary: bool) -> Allocation:
        now = self.clock.now()
        one = Allocation(
            id=str(uuid.uuid4()),
            job_id=record.job["ID"],
            group=group,
            index=index,
            status=AllocationStatus.PENDING,
            desired="run",
            job_version=record.version,
            meta=dict(record.job.get("Meta") or {}),
            healthy=None,
            canary=canary,
            address=None,
            exit_code=None,
            oom_killed=False,
            restarts=0,
            message=None,
            started_at=None,
            created_at=now,
            modified_at=now,
            rescheduled_to=None,
        )
        self._allocations[one.id] = one
        record.allocations.append(one.id)
        return one

    def _promote(self, record: Record) -> None:
        deployment = record.deployment
        if deployment is None or deployment.status != "running" or self.no_capacity is not None:
            return
        if not all(one.healthy for one in self._live(record) if one.job_version == record.version):
            return
        record.deployment = replace(deployment, status="successful", description="Deployment completed successfully")
        for one in self._live(record):
            if one.job_version == record.version:
                self.change(one.id, canary=False)
            else:
                self._end(one)

    def _end(self, one: Allocation) -> None:
        self.change(one.id, status=AllocationStatus.COMPLETE, desired="stop")

    def _all(self, record: Record) -> list[Allocation]:
        return [self._allocations[key] for key in record.allocations]

    def _live(self, record: Record) -> list[Allocation]:
        return [one for one in self._all(record) if not one.status.has_ended]

    def _summary(self, record: Record) -> JobSummary:
        live = self._live(record)
        status = "dead" if record.stopped or not live else "pending"
        if any(one.status is AllocationStatus.RUNNING for one in live):
            status = "running"
        elif not live and not record.stopped and self.no_capacity is not None:
            status = "pending"
        return JobSummary(
            id=record.job["ID"],
            status=status,
            stopped=record.stopped,
            modify_index=record.modify_index,
            meta=dict(record.job.get("Meta") or {}),
        )


def _deploys(job: Job) -> bool:
    """Nomad makes no deployment of a job whose groups all have `max_parallel = 0`."""
    return any((group.get("Update") or {}).get("MaxParallel") != 0 for group in job.get("TaskGroups") or [])


def _replaces(old: Job, new: Job, group: str) -> bool:
    """Whether Nomad would replace the group's dynos: anything but its count and update strategy differs."""
    return _template(old, group) != _template(new, group)


def _template(job: Job, group: str) -> tuple[Any, Any]:
    for one in job.get("TaskGroups") or []:
        if one["Name"] == group:
            kept = {key: value for key, value in one.items() if key not in {"Count", "Update", "Services"}}
            return job.get("Meta"), kept
    return job.get("Meta"), None
