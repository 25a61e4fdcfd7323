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
    """The scheduler has found no room for it yet, so there is no allocation: `id` is made up."""
