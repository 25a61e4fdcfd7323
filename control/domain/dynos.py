"""Dynos: what runs, as users see it. Derived from the scheduler, never stored."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum


class DynoState(StrEnum):
    """Heroku Platform API v3, `dyno.state`."""

    IDLE = "idle"
    STARTING = "starting"
    UP = "up"
    CRASHED = "crashed"
    DOWN = "down"


def cause_of(exit_code: int | None, *, oom_killed: bool, unwell: bool = False, message: str | None = None) -> str:
    """One sentence for the end of a process that no user asked to end; no exit code means that it never began."""
    if unwell:
        return "It was stopped because its health check failed again and again."
    if oom_killed:
        return "It was killed because it used more memory than its size has (R15)."
    if exit_code is None:
        return f"It could not be started: {message or 'the node gave no reason'}"
    return f"It ended with exit code {exit_code}."


@dataclass(frozen=True, kw_only=True)
class Dyno:
    """One dyno: `web.1` and the like."""

    id: str
    """The allocation's UUID."""
    app_id: str
    name: str
    type: str
    state: DynoState
    size: str
    command: str
    release_version: int
    created_at: datetime
    updated_at: datetime
    reason: str | None = None
    """Why it is not up: an exit code, or the capacity that is missing."""
    exit_code: int | None = None
    """Of one that has ended."""
    memory_mb: float | None = None
    """What it used at the last look, in MiB, of what its size has; None where its node has no figure."""
    is_waiting: bool = False
    """It sleeps, or the scheduler has found no room for it yet: there is no allocation, and `id` is made up."""
