"""The node agent."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Protocol

from control.ports.metrics import Metrics, Tally


@dataclass(frozen=True, kw_only=True)
class LogQuery:
    """Which log lines of an app; None means any."""

    app_id: str
    lines: int = 100
    source: str | None = None
    """`app` or `heroku`."""
    dyno: str | None = None
    """`web.1`; also `router`, `api`, `build`."""
    process_type: str | None = None
    tail: bool = False


@dataclass(frozen=True, kw_only=True)
class Memory:
    """What one dyno uses now."""

    allocation_id: str
    dyno: str
    used_mb: float


@dataclass(frozen=True, kw_only=True)
class Crash:
    """The last crash of one dyno."""

    dyno: str
    allocation_id: str
    exit_code: int | None
    """None for one that could not be started."""
    oom_killed: bool
    unwell: bool
    """Its health check failed too often."""
    at: datetime
    lines: tuple[str, ...]
    """What it printed last, at most 20."""


@dataclass(frozen=True, kw_only=True)
class AppActivity:
    """What the router last heard of one app."""

    last_request: datetime
    """When a request last began, was under way or ended: one that runs for an hour was there until its end."""
    in_flight: int
    """Requests under way: held ones, upgraded connections and long downloads too."""


@dataclass(frozen=True, kw_only=True)
class Activity:
    """Which apps had requests, as far as the router was heard."""

    since: datetime | None
    """Since when the router has been heard without a gap of more than 30 s; None when it never was or is silent now."""
    heard_at: datetime | None
    """When it was last heard: the router worker that was heard least lately. None: never, or not yet all of them."""
    apps: Mapping[str, AppActivity]
    """By app id. An app that is missing had no request since `since`."""


@dataclass(frozen=True, kw_only=True)
class Refusal:
    """A dyno that took no connections, so that the router took it out of rotation for a moment."""

    app_id: str
    allocation_id: str
    dyno: str
    times: int
    """How often, by all workers of the router, without a minute's break."""
    first: datetime
    last: datetime


class Node(Protocol):
    """The node agent: files that only root on the node may read. Every method raises NodeUnavailable."""

    def logs(self, query: LogQuery) -> Iterator[str]:
        """Log lines in Heroku's form, oldest first, without line ends; with `tail` it never ends by itself.

        While tailing, an empty string is a heartbeat, at least one in 10 s.
        """
        ...

    def log(self, app_id: str, *, source: str, dyno: str, lines: Iterable[str]) -> None:
        """Add platform lines (`heroku[web.1]`, `app[api]`) to an app's log."""
        ...

    def output(self, allocation_id: str, *, task: str, offset: int = 0, limit: int = 1 << 20) -> bytes:
        """What a task printed (stdout and stderr share a file), from a byte offset; empty when there is no more yet."""
        ...

    def slug(self, allocation_id: str) -> Iterator[bytes]:
        """The slug that a build left, in pieces, unchecked. Raises KeyError when it left none."""
        ...

    def result(self, allocation_id: str) -> Mapping[str, Any] | None:
        """`result.json` that a build left, unchecked but parsed (an object, at most 256 kB), or None.

        Of a build that the node stopped because of its files it is `{"stopped": why}`.
        """
        ...

    def keep_cache(self, allocation_id: str, *, app_id: str) -> None:
        """Make the cache archive that a build left the app's build cache on this node, if it left one.

        One that is too large raises NodeUnavailable, too; the one from before stays.
        """
        ...

    def keep_slug(self, app_id: str, *, sha256: str) -> None:
        """Have a stored slug on this node, so that the next start of it moves no bytes. Raises KeyError for no slug."""
        ...

    def forget_cache(self, app_id: str) -> None:
        """Remove an app's build cache; none is success."""
        ...

    def cache_sizes(self) -> Mapping[str, int]:
        """Bytes of each build cache that there is, by app id."""
        ...

    def memory(self, app_id: str) -> Sequence[Memory]:
        """What the app's running dynos use, one-off dynos too."""
        ...

    def crashes(self, app_id: str) -> Sequence[Crash]:
        """The last crash of each of the app's dynos, the oldest first."""
        ...

    def freeze(self, app_id: str) -> Sequence[str]:
        """Freeze all dynos of the app's formation, or none; the allocations that are frozen now.

        They keep their memory, answer nothing, and do not end before they are thawed, which happens by itself when the
        scheduler means to end them.
        """
        ...

    def thaw(self, app_id: str) -> None:
        """Let the app's dynos run again, of which its log tells; what is not frozen stays as it is."""
        ...

    def frozen(self) -> Mapping[str, Sequence[str]]:
        """The allocations that are frozen, by app id."""
        ...

    def activity(self) -> Activity:
        """When each app had its last request and how many are in flight, a few seconds old at most."""
        ...

    def metrics(self, app_id: str, *, first: datetime, last: datetime, step: int = 1) -> Metrics:
        """What an app's requests did from the minute of `first` to that of `last`, `step` minutes to a point.

        Minutes are kept for 24 h. Without a request there are no figures but zeros.
        """
        ...

    def tallies(self) -> Mapping[str, Tally]:
        """What was counted since the node agent began, by id of each app that had requests."""
        ...

    def refusals(self) -> Sequence[Refusal]:
        """The dynos that refused in the last minute, the longest known first."""
        ...

    def forget(self, app_id: str) -> None:
        """Remove an app's logs, crashes, caches and metrics."""
        ...

    def ping(self) -> None:
        """Return when the node agent answers."""
        ...
