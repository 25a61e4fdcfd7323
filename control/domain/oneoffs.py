"""One-off dynos: a command that runs once, beside the formation, with an app's slug and config vars."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from control.domain.dynos import DynoState
from control.domain.rules import BrokenRule

TYPE = "run"
"""What its dynos are called: `run.4821`."""

LONGEST_S = 86_400
"""A day, as Heroku's `time_to_live` has it."""

_MAX_COMMAND_BYTES = 16 * 1024


@dataclass(frozen=True, kw_only=True)
class Oneoff:
    """One one-off dyno, kept for a while after its end for its exit code."""

    id: str
    app_id: str
    number: int
    """Counts from 1 for each app: `run.<number>`."""
    user_id: str
    command: str
    type: str
    """`run`, or the process type whose settings were asked for; its name is `run.<number>` all the same."""
    size: str
    slug_id: str
    release_version: int
    config_version: int
    """The release's, or one of its own that is removed when it has ended."""
    has_own_config: bool
    time_to_live: int
    """Seconds from its submit until it is stopped."""
    created_at: datetime
    updated_at: datetime
    stop_requested: bool = False
    submitted_at: datetime | None = None
    started_at: datetime | None = None
    """When its process began to run."""
    ended_at: datetime | None = None
    exit_code: int | None = None
    reason: str | None = None
    """Why it ended, or why it does not start: one sentence."""

    @property
    def name(self) -> str:
        """As `DYNO` and the log call it."""
        return f"{TYPE}.{self.number}"

    @property
    def state(self) -> DynoState:
        """As `ps` shows it: one that has ended is down, or crashed when it did not end well by itself."""
        if self.ended_at is None:
            return DynoState.UP if self.started_at else DynoState.STARTING
        return DynoState.DOWN if self.exit_code == 0 or self.stop_requested else DynoState.CRASHED


def check_command(value: object) -> str:
    """Return a command that can be run. Raises BrokenRule."""
    if not isinstance(value, str) or not value.strip() or "\0" in value:
        raise BrokenRule("A one-off dyno needs a command, a text that is not empty.")
    if len(value.encode(errors="replace")) > _MAX_COMMAND_BYTES:
        raise BrokenRule(f"The command is longer than {_MAX_COMMAND_BYTES // 1024} kB; put it in a script.")
    return value


def check_time_to_live(value: int | None) -> int:
    """Return seconds; None is the longest time. Raises BrokenRule."""
    if value is None:
        return LONGEST_S
    if not 0 < value <= LONGEST_S:
        raise BrokenRule(f"The time to live must be a number of seconds from 1 to {LONGEST_S}, which is a day.")
    return value


def resolve(command: str, process_types: Mapping[str, str]) -> str:
    """The command line to run: a first word that is a process type stands for that type's command."""
    first, _, rest = command.strip().partition(" ")
    if first not in process_types:
        return command
    return f"{process_types[first]} {rest}".strip()
