"""The edge's in-memory twin."""

from __future__ import annotations

from datetime import UTC, datetime

from control.domain.caching import Target
from control.ports.catalog import Catalog
from control.ports.edge import CacheCounts
from control.ports.errors import EdgeUnavailable

_NOTHING = CacheCounts(
    hits=0, misses=0, passes=0, stale=0, since=datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC), answers=True
)


class MemoryEdge:
    """The edge, which follows `catalog` at once, but for apps that it is `behind` with.

    `behind` has the state that it goes by instead, `counts` is what it tells of an app, `purged` what it was asked to
    forget.
    """

    def __init__(self, catalog: Catalog) -> None:
        self.down = False
        self.catalog = catalog
        self.asked_for: list[str] = []
        self.counts: dict[str, CacheCounts] = {}
        self.behind: dict[str, str] = {}
        self.purged: list[tuple[str, Target]] = []

    def cache_counts(self, app_id: str) -> CacheCounts:
        self._check()
        return self.counts.get(app_id, _NOTHING)

    def answers_challenge(self, token: str) -> bool:
        self._check()
        self.asked_for.append(token)
        return True

    def release_served(self, app_id: str) -> int | None:
        self._check()
        route = self.catalog.routes().get(app_id)
        return (route.release or None) if route else None

    def state_served(self, app_id: str) -> str | None:
        self._check()
        route = self.catalog.routes().get(app_id)
        return self.behind.get(app_id, route.state if route else None)

    def purge(self, app_id: str, *, host: str | None, path: str, prefix: bool) -> None:
        self._check()
        self.purged.append((app_id, Target(host=host, path=path, prefix=prefix)))

    def _check(self) -> None:
        if self.down:
            raise EdgeUnavailable("The edge does not answer. Run `nomapaas status`.")
