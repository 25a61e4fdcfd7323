"""The scheduler's in-memory twin: places every job at once and lets a test say what its dynos do."""

from __future__ import annotations

import copy
from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import timedelta

from control.adapters.memory_clock import ManualClock
from control.adapters.memory_jobs import MemoryJobs, Record
from control.ports.clock import Clock
from control.ports.errors import JobRejected
from control.ports.scheduler import Allocation, AllocationStatus, Deployment, Job, JobSummary


class MemoryScheduler(MemoryJobs):
    """Nomad as the platform sees it.

    Like Nomad, it replaces dynos whose group or job meta changed (canaries beside the old ones when the group asks for
    them), keeps dynos when only a count changed, and promotes canaries once all are healthy. Controls for tests:
    `run`, `pass_health`, `exit`, `crash`, `reschedule`, `change`, `no_capacity`, `reject`, `down`.
    """

    def __init__(self, *, clock: Clock | None = None, auto: bool = False) -> None:
        super().__init__(clock or ManualClock())
        self.auto = auto
        """Dynos of service jobs are up and healthy as soon as they are submitted."""
        self.reject: str | None = None
        self.submitted: list[Job] = []

    # The port

    def submit(self, job: Job) -> int:
        with self._guard():
            if self.reject is not None:
                raise JobRejected(self.reject)
            job = copy.deepcopy(job)
            self.submitted.append(job)
            record = self._jobs.get(job["ID"])
            if record is None:
                record = self._jobs[job["ID"]] = Record(job=job, modify_index=self._next())
                self._begin(record)
            elif record.stopped or record.job != job:
                previous, record.job, record.stopped = record.job, job, False
                record.version += 1
                record.modify_index = self._next()
                self._begin(record, previous)
            self._place(record)
            self._promote(record)
            if self.auto and job.get("Type", "service") == "service":
                self.pass_health(job["ID"])
            return record.modify_index

    def stop(self, job_id: str, *, purge: bool = False) -> None:
        with self._guard():
            record = self._jobs.get(job_id)
            if record is None:
                return
            if not record.stopped:
                record.stopped = True
                record.modify_index = self._next()
            for one in self._live(record):
                self._end(one)
            if record.deployment is not None and record.deployment.status == "running":
                record.deployment = replace(record.deployment, status="cancelled")
            if purge:
                del self._jobs[job_id]

    def job(self, job_id: str) -> JobSummary | None:
        with self._guard():
            record = self._jobs.get(job_id)
            return self._summary(record) if record is not None else None

    def jobs(self, *, prefix: str = "") -> Mapping[str, JobSummary]:
        with self._guard():
            return {key: self._summary(record) for key, record in self._jobs.items() if key.startswith(prefix)}

    def allocations(self, job_id: str) -> list[Allocation]:
        with self._guard():
            found = [one for one in self._allocations.values() if one.job_id == job_id]
            return list(reversed(found))

    def deployment(self, job_id: str) -> Deployment | None:
        with self._guard():
            record = self._jobs.get(job_id)
            return record.deployment if record is not None else None

    def fail_deployment(self, deployment_id: str) -> None:
        with self._guard():
            for record in self._jobs.values():
                deployment = record.deployment
                if deployment is None or deployment.id != deployment_id or deployment.status != "running":
                    continue
                record.deployment = replace(deployment, status="failed", description="Deployment marked as failed")
                for one in self._live(record):
                    if one.canary:
                        self._end(one)

    def missing_capacity(self, job_id: str) -> str | None:
        with self._guard():
            record = self._jobs.get(job_id)
            return self.no_capacity if record is not None and not record.stopped else None

    def stop_allocation(self, allocation_id: str) -> None:
        with self._guard():
            one = self._allocations.get(allocation_id)
            if one is None or one.status.has_ended:
                return
            self._end(one)
            record = self._jobs.get(one.job_id)
            if record is not None and not record.stopped and record.job.get("Type", "service") == "service":
                self._start(record, one.group, one.index, canary=one.canary)

    def retry(self, job_id: str) -> None:
        with self._guard():
            for one in list(self._allocations.values()):
                if one.job_id == job_id and one.reschedule_at is not None:
                    self.reschedule(one.id)

    def ping(self) -> None:
        with self._guard():
            pass

    # Controls for tests

    def run(self, job_id: str, *, group: str | None = None) -> list[Allocation]:
        """Pending dynos start: running, with an address, and not yet healthy."""
        with self._lock:
            self._place(self._jobs[job_id])
            for one in self._live(self._jobs[job_id]):
                if one.status is AllocationStatus.PENDING and group in {None, one.group}:
                    self._addresses += 1
                    self.change(
                        one.id,
                        status=AllocationStatus.RUNNING,
                        address=f"10.128.{self._addresses >> 8}.{self._addresses & 255}",
                        started_at=self.clock.now(),
                        message="Task started by client",
                    )
            return self._live(self._jobs[job_id])

    def pass_health(self, job_id: str, *, group: str | None = None) -> None:
        """Dynos run and are healthy; when all of the current version are, its deployment has succeeded."""
        with self._lock:
            self.run(job_id, group=group)
            record = self._jobs[job_id]
            for one in self._live(record):
                if one.job_version == record.version and group in {None, one.group}:
                    self.change(one.id, healthy=True)
            self._promote(record)

    def exit(self, job_id: str, code: int = 0, *, group: str | None = None, oom: bool = False) -> None:
        """Live dynos end for good (of a batch job: it is done; of a service: they stay failed)."""
        with self._lock:
            for one in self._live(self._jobs[job_id]):
                if group in {None, one.group}:
                    self.change(
                        one.id,
                        status=AllocationStatus.FAILED if code else AllocationStatus.COMPLETE,
                        exit_code=code,
                        oom_killed=oom,
                        message=f"Exit Code: {code}",
                    )

    def lose(self, job_id: str, *, exit_code: int | None = None) -> None:
        """The node loses live dynos, before or after they ran; Nomad means to try again after minutes."""
        with self._lock:
            for one in self._live(self._jobs[job_id]):
                self.change(
                    one.id,
                    status=AllocationStatus.FAILED,
                    healthy=False,
                    setup_failed=True,
                    exit_code=exit_code,
                    reschedule_at=self.clock.now() + timedelta(minutes=5),
                    message="failed to setup alloc: the network is gone",
                )

    def crash(self, allocation_id: str, code: int = 1, *, oom: bool = False) -> None:
        """A dyno of a service ends, waits for its next try (`reschedule`), and fails a deployment that watches it."""
        with self._lock:
            one = self.change(
                allocation_id,
                status=AllocationStatus.FAILED,
                exit_code=code,
                oom_killed=oom,
                message=f"Exit Code: {code}",
                reschedule_at=self.clock.now() + timedelta(seconds=5),
            )
            deployment = self._jobs[one.job_id].deployment
            if deployment is not None and deployment.status == "running" and one.job_version == deployment.job_version:
                self.change(allocation_id, healthy=False)
                self.fail_deployment(deployment.id)

    def reschedule(self, allocation_id: str) -> Allocation:
        """The next try of a dyno that crashed."""
        with self._lock:
            one = self._allocations[allocation_id]
            again = self._start(self._jobs[one.job_id], one.group, one.index, canary=False)
            self.change(one.id, rescheduled_to=again.id, reschedule_at=None)
            return again

    def set_deployment(self, job_id: str, status: str, description: str = "") -> None:
        """Nomad's verdict on the running deployment."""
        with self._lock:
            deployment = self._jobs[job_id].deployment
            if deployment is None:
                raise LookupError(f"Job {job_id} has no deployment.")
            self._jobs[job_id].deployment = replace(deployment, status=status, description=description)

    def submitted_job(self, job_id: str) -> Job:
        """The job as it was last submitted."""
        return copy.deepcopy(self._jobs[job_id].job)

    def tamper(self, job_id: str, edit: Callable[[Job], None]) -> None:
        """Somebody changes the job behind the platform's back."""
        with self._lock:
            record = self._jobs[job_id]
            record.job = copy.deepcopy(record.job)
            edit(record.job)
            record.modify_index = self._next()
