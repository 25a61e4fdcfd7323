"""Sleeping apps: which may, after how long, and when they are kept warm.

An app that sleeps runs no dyno of its formation until a request comes for it, or somebody wakes it. So only an app that
a request can wake may sleep at all: one that wants a web dyno.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from zoneinfo import ZoneInfo

from control.domain.formations import Formation
from control.domain.rules import BrokenRule
from control.domain.sizes import DEFAULT_SIZE
from control.domain.slugs import WEB_TYPE


class SleepCause(StrEnum):
    """Why an app sleeps."""

    IDLE = "idle"
    """Nobody asked for it for its idle time."""
    ASKED = "asked"
    """Somebody put it to sleep."""
    FAILED = "failed"
    """It was woken and did not boot; the next request tries again."""


OFF = 0
"""As `Autosleep.after_s`: never by itself."""

LONGEST_S = 7 * 86_400
_MOST_WINDOWS = 20
_DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
_UNITS = {"s": 1, "m": 60, "h": 3600, "d": 86_400}
_AFTER = re.compile(r"([0-9]{1,6})\s*([smhd])")
_WINDOW = re.compile(
    r"(?:(?P<first>[a-z]{3})(?:-(?P<last>[a-z]{3}))?|daily) "
    r"(?P<h1>[0-9]{1,2}):(?P<m1>[0-9]{2})-(?P<h2>[0-9]{1,2}):(?P<m2>[0-9]{2})(?: (?P<zone>[A-Za-z0-9_+/-]{1,40}))?"
)


@dataclass(frozen=True, kw_only=True)
class Autosleep:
    """What somebody told an app about its sleep."""

    after_s: int | None = None
    """Seconds without a request; `OFF`; None for the platform's time, where only what may sleep untold does."""
    keep_warm: str = ""
    """Windows, as `check_keep_warm` gives them back; it wakes when one opens, and does not sleep by itself in one."""
    freeze: bool = False
    """Asleep, its dynos keep their memory and run no instruction, instead of being stopped."""


@dataclass(frozen=True, kw_only=True)
class Window:
    """Some hours of some days of the week."""

    days: frozenset[int]
    """0 is Monday: the days on which it begins."""
    start: int
    """Minutes since midnight."""
    end: int
    """The same; not after `start` means on the next day."""
    zone: str

    def opened_at(self, now: datetime) -> datetime | None:
        """When it opened, if `now` lies in it."""
        local = now.astimezone(ZoneInfo(self.zone))
        minute = local.hour * 60 + local.minute
        midnight = local.replace(hour=0, minute=0, second=0, microsecond=0)
        passes_midnight = self.end <= self.start
        if local.weekday() in self.days and self.start <= minute and (passes_midnight or minute < self.end):
            return midnight + timedelta(minutes=self.start)
        if passes_midnight and (local.weekday() - 1) % 7 in self.days and minute < self.end:
            return midnight - timedelta(days=1) + timedelta(minutes=self.start)
        return None


def can_be_woken(formation: Sequence[Formation]) -> bool:
    """Whether a request would find a dyno to start: `formation` has only types that the slug has."""
    return any(row.type == WEB_TYPE and row.quantity for row in formation)


def may_not_sleep(autosleep: Autosleep | None, formation: Sequence[Formation]) -> str | None:
    """Why an app of this formation does not sleep by itself, as the end of a sentence; None when it may.

    One that was told a time sleeps whatever else it has; all its dynos then sleep together.
    """
    if not can_be_woken(formation):
        return "it wants no web dyno, and only a request to one could wake it"
    if autosleep is not None and autosleep.after_s:
        return None
    for row in formation:
        if row.type == WEB_TYPE and row.quantity > 1:
            return f"it has {row.quantity} web dynos"
        if row.type == WEB_TYPE and row.size != DEFAULT_SIZE:
            return f"its web dyno has the size {row.size}"
        if row.type != WEB_TYPE and row.quantity:
            return f"it has {row.type} dynos"
    return None


def idle_time(autosleep: Autosleep | None, default_s: int) -> timedelta | None:
    """How long an app is idle before it falls asleep; None for never."""
    seconds = default_s if autosleep is None or autosleep.after_s is None else autosleep.after_s
    return timedelta(seconds=seconds) if seconds else None


def kept_warm_since(autosleep: Autosleep | None, now: datetime) -> datetime | None:
    """When the one of its windows opened that is open, the last one of several; None when all are closed."""
    windows = parse_keep_warm(autosleep.keep_warm) if autosleep is not None else []
    return max((opened for window in windows if (opened := window.opened_at(now))), default=None)


def check_after(value: object, *, shortest_s: int) -> int | None:
    """Return seconds from `30m`, `1h`, a number of seconds, `off`, or None for the default. Raises BrokenRule."""
    if value is None or value == "default":
        return None
    if value == "off":
        return OFF
    found = _AFTER.fullmatch(value.strip().lower()) if isinstance(value, str) else None
    if found is not None:
        value = int(found[1]) * _UNITS[found[2]]
    if isinstance(value, bool) or not isinstance(value, int) or not shortest_s <= value <= LONGEST_S:
        raise BrokenRule(
            f"The idle time must be from {shortest_s} seconds to {LONGEST_S // 86_400} days, such as 30m or 2h, or off."
        )
    return value


def check_keep_warm(value: object) -> str:
    """Return windows as they are kept: `mon-fri 08:00-20:00 Europe/Berlin, sat 10:00-12:00`. Raises BrokenRule.

    A list of texts will do as well as one text with commas; nothing means none.
    """
    listed = value if isinstance(value, list) else [value] if value is not None else []
    texts = [text for text in listed if isinstance(text, str)]
    if len(texts) < len(listed):
        raise BrokenRule("The windows to keep an app warm must be texts such as mon-fri 08:00-20:00.")
    windows = [" ".join(piece.split()) for text in texts for piece in text.split(",") if piece.strip()]
    if len(windows) > _MOST_WINDOWS:
        raise BrokenRule(
            f"An app may have {_MOST_WINDOWS} windows to be kept warm in, and these are {len(windows)}; merge some."
        )
    for window in windows:
        _parse(window)
    return ", ".join(_lowered(window) for window in windows)


def parse_keep_warm(text: str) -> list[Window]:
    """The windows of a text that was checked."""
    return [_parse(piece.strip()) for piece in text.split(",") if piece.strip()]


def _lowered(window: str) -> str:
    """Days in small letters; zones keep theirs."""
    days, _, rest = window.partition(" ")
    return f"{days.lower()} {rest}"


def _parse(text: str) -> Window:
    found = _WINDOW.fullmatch(_lowered(text))
    if found is None:
        raise BrokenRule(
            f"The window {text:.60} is not understood; write days, hours and, unless it is UTC, the time zone, "
            "such as mon-fri 08:00-20:00 or daily 07:30-24:00 Europe/Berlin."
        )
    return Window(
        days=_days(found["first"], found["last"]),
        start=_minutes(found["h1"], found["m1"]),
        end=_minutes(found["h2"], found["m2"]),
        zone=_zone(found["zone"] or "UTC"),
    )


def _days(first: str | None, last: str | None) -> frozenset[int]:
    if first is None:
        return frozenset(range(7))
    for name in (first, last or first):
        if name not in _DAYS:
            raise BrokenRule(f"The day {name} does not exist; choose of: {', '.join(_DAYS)}, or daily.")
    begin, end = _DAYS.index(first), _DAYS.index(last or first)
    return frozenset((begin + step) % 7 for step in range((end - begin) % 7 + 1))


def _minutes(hours: str, minutes: str) -> int:
    total = int(hours) * 60 + int(minutes)
    if int(minutes) > 59 or total > 24 * 60:
        raise BrokenRule(f"The time {hours}:{minutes} does not exist; a day goes from 00:00 to 24:00.")
    return total


def _zone(name: str) -> str:
    try:
        ZoneInfo(name)
    except (ValueError, OSError, LookupError):
        raise BrokenRule(f"The time zone {name} does not exist; name one such as UTC or Europe/Berlin.") from None
    return name
