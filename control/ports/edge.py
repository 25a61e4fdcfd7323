"""The edge: nginx with the routing table, and the HTTP cache behind it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Protocol


@dataclass(frozen=True, kw_only=True)
class CacheCounts:
    """What became of the requests of one app since the edge was started."""

    hits: int
    misses: int
    passes: int
    """Requests and responses that are not for a cache."""
    stale: int
    """Answered with what was too old, while a fresh one was fetched or the app was away."""
    since: datetime
    answers: bool
    """Whether the cache is there; without it requests go on, to the dynos."""


class Edge(Protocol):
    """The edge of this node. Every method raises EdgeUnavailable."""

    def cache_counts(self, app_id: str) -> CacheCounts:
        """How an app's cache does."""
        ...

    def answers_challenge(self, token: str) -> bool:
        """Whether it has an answer for an ACME server that asks for this token."""
        ...

    def release_served(self, app_id: str) -> int | None:
        """The version of the release whose dynos get an app's requests; None when there is no dyno for them."""
        ...

    def state_served(self, app_id: str) -> str | None:
        """The state of the app's route record that its requests go by; None when the edge knows no such app."""
        ...

    def purge(self, app_id: str, *, host: str | None, path: str, prefix: bool) -> None:
        """Have the cache forget an app's responses of one path, or of all that begin like it, on one or every host."""
        ...
