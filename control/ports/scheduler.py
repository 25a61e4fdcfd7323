"""The scheduler: Nomad."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any, Protocol

Job = dict[str, Any]
"""A Nomad job in its JSON API form (the content of `{"Job": …}`), as `jobs/` builds it."""


class AllocationStatus(StrEnum):
    """Nomad's `Allocation.ClientStatus`."""

    PENDING = "pending"
    RUNNING = "running"
    COMPLETE = "complete"
    FAILED = "failed"
    LOST = "lost"
    UNKNOWN = "unknown"

    @property
    def has_ended(self) -> bool:
        """Nothing of it runs, and nothing of it will."""
        return self in (AllocationStatus.COMPLETE, AllocationStatus.FAILED, AllocationStatus.LOST)


@dataclass(frozen=True, kw_only=True)
class Allocation:
    """What the platform needs of one Nomad allocation."""

    id: str
    job_id: str
    group: str
    """The process type, or `build` / `release` / `run`."""
    index: int
    """0-based; `web.1` has index 0."""
    status: AllocationStatus
    desired: str
    """`run`, `stop` or `evict`."""
    job_version: int
    meta: Mapping[str, str]
    """The job's meta at the version that this allocation runs."""
    healthy: bool | None
    """The deployment's verdict; None while there is none."""
    canary: bool
    address: str | None
    """Its own address in the dyno network, once it has one."""
    exit_code: int | None
    """Of the last time its task ended; None if it never did. 137 after an OOM kill."""
    oom_killed: bool
    restarts: int
    message: str | None
    """The last thing that Nomad says of its task, for people."""
    started_at: datetime | None
    created_at: datetime
    modified_at: datetime
    rescheduled_to: str | None
    """Id of the allocation that replaced it after a crash."""
    reschedule_at: datetime | None = None
    """When a crashed one will be tried again."""
    unwell: bool = False
    """Nomad stopped it because its health check failed too often."""
    setup_failed: bool = False
    """Nomad could not set it up, or not find it again after a restart of its own: the node's trouble, not the app's."""


@dataclass(frozen=True, kw_only=True)
class Deployment:
    """Nomad's latest deployment of a job."""

    id: str
    job_version: int
    status: str
    """`running`, `successful`, `failed`, `cancelled` …"""
    description: str


@dataclass(frozen=True, kw_only=True)
class JobSummary:
    """One job in a listing, for the repair loop."""

    id: str
    status: str
    """`pending`, `running`, `dead`."""
    stopped: bool
    modify_index: int
    """Nomad's `JobModifyIndex`: raised by every change of the job's spec, whoever made it."""
    meta: Mapping[str, str]


class Scheduler(Protocol):
    """Runs Nomad jobs in the `apps` namespace. Every method raises SchedulerUnavailable."""

    def submit(self, job: Job) -> int:
        """Register the job and return its `modify_index` afterwards. Idempotent. Raises JobRejected."""
        ...

    def stop(self, job_id: str, *, purge: bool = False) -> None:
        """Stop a job; a missing job is success."""
        ...

    def job(self, job_id: str) -> JobSummary | None:
        """One job, or None."""
        ...

    def jobs(self, *, prefix: str = "") -> Mapping[str, JobSummary]:
        """All jobs whose id begins with the prefix, by id, in one call."""
        ...

    def allocations(self, job_id: str) -> list[Allocation]:
        """Newest first; ended ones are listed as long as Nomad keeps them. A missing job has none."""
        ...

    def deployment(self, job_id: str) -> Deployment | None:
        """The latest one."""
        ...

    def fail_deployment(self, deployment_id: str) -> None:
        """End a running deployment as failed; one that has ended already is success."""
        ...

    def missing_capacity(self, job_id: str) -> str | None:
        """What the cluster lacks to place all of the job, one sentence, or None when nothing is waiting."""
        ...

    def stop_allocation(self, allocation_id: str) -> None:
        """End one allocation; Nomad replaces it when the job wants it."""
        ...

    def retry(self, job_id: str) -> None:
        """Try what crashed again now rather than after its pause; a missing job is success."""
        ...

    def ping(self) -> None:
        """Return when Nomad answers and has a leader."""
        ...
