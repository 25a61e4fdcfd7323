"""How much one dyno may print: a bucket of lines that fills with time."""

from __future__ import annotations

from datetime import datetime

from control.node.lines import timestamp

_BURST = 5
"""Seconds' worth of lines that may come at once."""
_REPORT_S = 5
_LINE_COST_BYTES = 1000
"""A line this long costs as much again as an empty one."""


class Allowance:
    """Lines beyond the rate are counted and reported by one L10 line, as Heroku's Logplex does."""

    def __init__(self, per_second: int, *, now: float) -> None:
        self._rate = float(per_second)
        self._level = self._rate * _BURST
        self._at = now
        self._dropped = 0
        self._since: datetime | None = None

    @property
    def empty(self) -> bool:
        """Whether the next line will be dropped."""
        return self._level < 1

    @property
    def full(self) -> bool:
        """Whether it is as good as a new one."""
        return self._level >= self._rate * _BURST and not self._dropped

    def refill(self, now: float) -> None:
        """Time has passed."""
        self._level = min(self._rate * _BURST, self._level + (now - self._at) * self._rate)
        self._at = now

    def admit(self, lines: list[bytes], moment: datetime) -> list[bytes]:
        """As many of the lines, from the first, as may be kept."""
        kept = 0
        for line in lines:
            if self._level < 1:
                break
            self._level -= 1 + len(line) / _LINE_COST_BYTES
            kept += 1
        self.drop(len(lines) - kept, moment)
        return lines if kept == len(lines) else lines[:kept]

    def drop(self, count: int, moment: datetime) -> None:
        """So many were not kept."""
        if count and not self._dropped:
            self._since = moment
        self._dropped += count

    @property
    def owes(self) -> bool:
        """Whether something was dropped that has not been reported."""
        return self._dropped > 0

    def report(self, dyno: str, moment: datetime, *, at_once: bool = False) -> str | None:
        """The message for what was dropped, one in a while."""
        if self._since is None or not self._dropped:
            return None
        if not at_once and (moment - self._since).total_seconds() < _REPORT_S:
            return None
        message = (
            f"Error L10 (output buffer overflow): {self._dropped} messages of {dyno} dropped"
            f" since {timestamp(self._since)}."
        )
        self._dropped = 0
        return message
