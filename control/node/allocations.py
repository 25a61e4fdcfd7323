"""What the node agent needs of an allocation, from Nomad's JSON, and the lines that tell of a dyno's life."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from jobs.names import app_of_job

_INDEX = re.compile(r"\[(\d+)\]$")
_ONCE = re.compile(r"\.(?P<kind>release|run)-v?(?P<number>[A-Za-z0-9]{1,20})$")
_SIGKILLED = 137
_ENDED = frozenset({"complete", "failed", "lost"})
KILLED = frozenset({"Killing", "Restart Signaled"})
"""Events of a task that is being ended, for good or to start it anew."""
UNWELL = "Restart Signaled"
"""The event of a dyno that Nomad ends because its health check fails: nobody else restarts one in place."""
_UNSTARTED = frozenset({"Driver Failure", "Failed Artifact Download", "Failed Validation", "Setup Failure"})


@dataclass(frozen=True, kw_only=True)
class Event:
    """One thing that happened to a task."""

    at: int
    """Nanoseconds since 1970."""
    kind: str
    exit_code: int | None
    oom_killed: bool


@dataclass(frozen=True, kw_only=True)
class AllocationState:
    """One allocation on this node."""

    id: str
    app_id: str
    dyno: str | None
    """`web.1`, `release.12`, `run.7`; None for a build, whose output is not in the app's log."""
    long_running: bool
    """A dyno of the formation, which ought never to end."""
    task: str
    ended: bool
    wanted: bool
    healthy: bool | None
    deployed: bool
    """A deployment watches its health."""
    events: tuple[Event, ...]
    disk_mb: int | None
    memory_mb: int | None = None
    cpu_shares: int | None = None

    @property
    def has_started(self) -> bool:
        """Whether its task ran, or runs; Nomad tells of the last ten events only."""
        return any(event.kind == "Started" for event in self.events)


def read(record: Mapping[str, Any]) -> AllocationState:
    """From an entry of Nomad's list of allocations, or one of its events."""
    job_id = str(record["JobID"])
    group = str(record["TaskGroup"])
    states: Mapping[str, Any] = record.get("TaskStates") or {}
    app_id = app_of_job(job_id)
    task = next(iter(states), None) or ("dyno" if job_id == app_id else group)
    health = record.get("DeploymentStatus") or {}
    given = record.get("AllocatedResources") or {}
    shared = given.get("Shared") or {}
    resources = (given.get("Tasks") or {}).get(task) or {}
    return AllocationState(
        id=str(record["ID"]),
        app_id=app_id,
        dyno=_dyno(job_id, app_id, group, str(record["Name"])),
        long_running=job_id == app_id,
        task=task,
        ended=record["ClientStatus"] in _ENDED,
        wanted=record.get("DesiredStatus") == "run",
        healthy=health.get("Healthy"),
        deployed=bool(record.get("DeploymentID") or health),
        events=tuple(_event(event) for event in (states.get(task) or {}).get("Events") or []),
        disk_mb=shared.get("DiskMB"),
        memory_mb=(resources.get("Memory") or {}).get("MemoryMB"),
        cpu_shares=(resources.get("Cpu") or {}).get("CpuShares"),
    )


def _dyno(job_id: str, app_id: str, group: str, name: str) -> str | None:
    if job_id == app_id:
        index = _INDEX.search(name)
        return f"{group}.{int(index[1]) + 1 if index else 1}"
    once = _ONCE.search(job_id)
    return f"{once['kind']}.{once['number']}" if once else None


def _event(record: Mapping[str, Any]) -> Event:
    details = record.get("Details") or {}
    ended = record["Type"] == "Terminated"
    return Event(
        at=int(record["Time"]),
        kind=str(record["Type"]),
        exit_code=int(details.get("exit_code") or record.get("ExitCode") or 0) if ended else None,
        oom_killed=details.get("oom_killed") == "true",
    )


def crash_of(state: AllocationState) -> Event | None:
    """How a dyno of the formation ended that ought not to; None for one that was told to, or that has not."""
    if not state.ended or not state.long_running:
        return None
    for event in state.events:
        if event.kind in KILLED - {UNWELL}:
            return None
        if event.kind == "Terminated" or event.kind in _UNSTARTED:
            return event
    return None


def _exit_timeout(ended: Event, state: AllocationState) -> list[str]:
    """Heroku's R12, for a dyno that was told to end and had to be killed."""
    told_at = next((each.at for each in state.events if each.kind == "Killing" and each.at <= ended.at), None)
    if told_at is None or ended.exit_code != _SIGKILLED:
        return []
    seconds = round((ended.at - told_at) / 1e9)
    return [f"Error R12 (Exit timeout) -> Process failed to exit within {seconds} seconds of SIGTERM"]


class Life:
    """Tells a dyno's life as Heroku does, each thing once."""

    def __init__(self, *, told_until: int = 0, phase: str = "down") -> None:
        self.told_until = told_until
        """Time of the last event that was told."""
        self.phase = phase
        """`down`, `starting` or `up`."""

    def tell(self, state: AllocationState) -> list[str]:
        """Messages for what is new."""
        told: list[str] = []
        killed = False
        for event in state.events:
            killed = killed or event.kind in KILLED
            if event.at > self.told_until:
                told += self._about(event, state, killed=killed)
                self.told_until = event.at
        if state.healthy and self.phase == "starting" and state.long_running:
            told.append(self._up())
        return told

    def _about(self, event: Event, state: AllocationState, *, killed: bool) -> list[str]:
        if event.kind == "Started":
            self.phase = "starting"
            told = ["Starting process"]
            if state.long_running and not state.deployed:
                told.append(self._up())
            return told
        if event.kind == "Killing":
            return ["Stopping all processes with SIGTERM"]
        if event.kind == "Terminated":
            return self._exit(event, state, killed=killed)
        if event.kind == UNWELL:
            return ["Health check failed again and again, replacing the dyno"]
        if event.kind in _UNSTARTED:
            return ["State changed from starting to crashed"]
        return []

    def _up(self) -> str:
        self.phase = "up"
        return "State changed from starting to up"

    def _exit(self, event: Event, state: AllocationState, *, killed: bool) -> list[str]:
        before, self.phase = self.phase, "down"
        told = ["Error R15 (Memory quota vastly exceeded)"] if event.oom_killed else _exit_timeout(event, state)
        told.append(f"Process exited with status {event.exit_code}")
        if killed or not state.wanted:
            after = "down"
        elif state.long_running or event.exit_code:
            after = "crashed"
        else:
            after = "complete"
        return [*told, f"State changed from {'starting' if before == 'down' else before} to {after}"]
