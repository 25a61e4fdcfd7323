"""The node agent's in-memory twin."""

from __future__ import annotations

import threading
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from functools import cached_property
from pathlib import Path
from typing import Any

from control.adapters.memory_clock import ManualClock
from control.node.activity import ActivityBook
from control.node.lines import Filter, render, split_message
from control.node.metrics import MetricsBook
from control.node.metrics_file import MetricsFile
from control.node.router_reports import AppCounts, Report
from control.ports.clock import Clock
from control.ports.errors import NodeUnavailable
from control.ports.metrics import Metrics, Tally
from control.ports.node import Activity, AppActivity, Crash, LogQuery, Memory, Refusal


class MemoryNode:
    """The node agent. `prints`, `leave` and `says` do what builds and dynos do; `close` ends every tail."""

    def __init__(self, *, clock: Clock | None = None, heartbeat: float = 0.1) -> None:
        self.clock = clock or ManualClock()
        self.heartbeat = heartbeat
        self.down = False
        self.lines: dict[str, list[str]] = {}
        self.caches: dict[str, bytes] = {}
        self.largest_cache: int | None = None
        self.kept_slugs: list[tuple[str, str]] = []
        self.no_slugs: set[str] = set()
        """Digests that the blob store does not have."""
        self.memories: dict[str, list[Memory]] = {}
        self.crashed: dict[str, list[Crash]] = {}
        self.freezable: dict[str, list[str]] = {}
        """Allocations that run on the node, by app."""
        self.iced: dict[str, list[str]] = {}
        self.refused: list[Refusal] = []
        self.heard_since: datetime | None = None
        self.report_age = timedelta()
        self.requests: dict[str, AppActivity] = {}
        self._outputs: dict[tuple[str, str], bytes] = {}
        self._slugs: dict[str, bytes] = {}
        self._results: dict[str, Mapping[str, Any]] = {}
        self._left_caches: dict[str, bytes] = {}
        self._closed = False
        self._changed = threading.Condition()

    # The port

    def logs(self, query: LogQuery) -> Iterator[str]:
        self._check()
        wanted = Filter(source=query.source, dyno=query.dyno, process_type=query.process_type)
        with self._changed:
            kept = self.lines.get(query.app_id, [])
            seen = len(kept)
            recent = [line for line in kept if wanted.accepts(line)][-query.lines :] if query.lines else []
        return self._follow(query.app_id, recent, wanted, seen) if query.tail else iter(recent)

    def log(self, app_id: str, *, source: str, dyno: str, lines: Iterable[str]) -> None:
        self._check()
        with self._changed:
            kept = self.lines.setdefault(app_id, [])
            for text in lines:
                kept += [render(self.clock.now(), source, dyno, piece) for piece in split_message(text)]
            self._changed.notify_all()

    def output(self, allocation_id: str, *, task: str, offset: int = 0, limit: int = 1 << 20) -> bytes:
        self._check()
        return self._outputs.get((allocation_id, task), b"")[offset : offset + limit]

    def slug(self, allocation_id: str) -> Iterator[bytes]:
        self._check()
        data = self._slugs[allocation_id]
        return iter([data[at : at + 65536] for at in range(0, len(data), 65536)])

    def result(self, allocation_id: str) -> Mapping[str, Any] | None:
        self._check()
        return self._results.get(allocation_id)

    def keep_cache(self, allocation_id: str, *, app_id: str) -> None:
        self._check()
        left = self._left_caches.get(allocation_id)
        if left is None:
            return
        if self.largest_cache is not None and len(left) > self.largest_cache:
            raise NodeUnavailable("The node agent could not do it: The file is larger than the platform takes.")
        self.caches[app_id] = left

    def keep_slug(self, app_id: str, *, sha256: str) -> None:
        self._check()
        if sha256 in self.no_slugs:
            raise KeyError(sha256)
        self.kept_slugs.append((app_id, sha256))

    def forget_cache(self, app_id: str) -> None:
        self._check()
        self.caches.pop(app_id, None)

    def cache_sizes(self) -> Mapping[str, int]:
        self._check()
        return {app_id: len(data) for app_id, data in self.caches.items()}

    def memory(self, app_id: str) -> Sequence[Memory]:
        self._check()
        return self.memories.get(app_id, [])

    def crashes(self, app_id: str) -> Sequence[Crash]:
        self._check()
        return self.crashed.get(app_id, [])

    def freeze(self, app_id: str) -> Sequence[str]:
        self._check()
        if app_id not in self.freezable:
            return []
        self.iced[app_id] = list(self.freezable[app_id])
        return self.iced[app_id]

    def thaw(self, app_id: str) -> None:
        self._check()
        if self.iced.pop(app_id, None):
            self.log(app_id, source="heroku", dyno="web.1", lines=["Unidling"])

    def frozen(self) -> Mapping[str, Sequence[str]]:
        self._check()
        return dict(self.iced)

    def refusals(self) -> Sequence[Refusal]:
        self._check()
        return list(self.refused)

    def activity(self) -> Activity:
        self._check()
        heard_at = self.clock.now() - self.report_age if self.heard_since else None
        return Activity(since=self.heard_since, heard_at=heard_at, apps=dict(self.requests))

    def metrics(self, app_id: str, *, first: datetime, last: datetime, step: int = 1) -> Metrics:
        self._check()
        minutes = {name: int(at.timestamp()) // 60 for name, at in (("first", first), ("last", last))}
        return self._book.read(app_id, **minutes, step=step)

    def tallies(self) -> Mapping[str, Tally]:
        self._check()
        return self._book.tallies()

    def forget(self, app_id: str) -> None:
        self._check()
        self._book.forget(app_id)
        self.requests.pop(app_id, None)
        self.crashed.pop(app_id, None)
        self.lines.pop(app_id, None)
        self.caches.pop(app_id, None)

    def ping(self) -> None:
        self._check()

    # Controls for tests

    def prints(self, allocation_id: str, text: str | bytes, *, task: str) -> None:
        """A task prints."""
        data = text.encode() if isinstance(text, str) else text
        self._outputs[allocation_id, task] = self._outputs.get((allocation_id, task), b"") + data

    def leave(
        self,
        allocation_id: str,
        *,
        slug: bytes | None = None,
        result: Mapping[str, Any] | None = None,
        cache: bytes | None = None,
    ) -> None:
        """A build leaves files behind."""
        if slug is not None:
            self._slugs[allocation_id] = slug
        if result is not None:
            self._results[allocation_id] = result
        if cache is not None:
            self._left_caches[allocation_id] = cache

    def says(self, app_id: str, dyno: str, *lines: str) -> None:
        """A dyno prints lines."""
        self.log(app_id, source="app", dyno=dyno, lines=lines)

    def hear(self, app_id: str | None = None, *, in_flight: int = 0, **counts: Any) -> None:
        """The router reports, requests of an app too if one is named; it is heard from the first report on."""
        self.heard_since = self.heard_since or self.clock.now()
        apps: tuple[AppCounts, ...] = ()
        if app_id is not None:
            self.requests[app_id] = AppActivity(last_request=self.clock.now(), in_flight=in_flight)
            apps = (AppCounts(app_id=app_id, in_flight=in_flight, **({"requests": 1} | counts)),)
        self._book.note(Report(worker="1.1", slot=0, of=1, apps=apps))

    @cached_property
    def _book(self) -> MetricsBook:
        return MetricsBook(MetricsFile(Path(":memory:"), limit=1 << 20), ActivityBook(self.clock), self.clock)

    def close(self) -> None:
        """End every tail."""
        with self._changed:
            self._closed = True
            self._changed.notify_all()

    def _follow(self, app_id: str, recent: list[str], wanted: Filter, seen: int) -> Iterator[str]:
        yield from recent
        while True:
            with self._changed:
                fresh = self.lines.get(app_id, [])[seen:]
                if not fresh and not self._closed:
                    self._changed.wait(self.heartbeat)
                    fresh = self.lines.get(app_id, [])[seen:]
                seen += len(fresh)
                closed = self._closed
            yield from (line for line in fresh if wanted.accepts(line))
            if closed:
                return
            if not fresh:
                yield ""

    def _check(self) -> None:
        if self.down:
            raise NodeUnavailable("The node agent does not answer. Run `nomapaas status`.")
