"""What one app's requests did in one minute: counts that can be added up, and written down in little room."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from control.node import histogram
from control.node.histogram import percentile
from control.node.router_reports import AppCounts
from control.ports.metrics import STATUS_CLASSES, Figures, Percentiles


@dataclass
class Minute:
    """Counts, of a minute or of several."""

    requests: int = 0
    statuses: list[int] = field(default_factory=lambda: [0] * len(STATUS_CLASSES))
    codes: dict[str, int] = field(default_factory=dict)
    sent: int = 0
    connect: dict[int, int] = field(default_factory=dict)
    service: dict[int, int] = field(default_factory=dict)
    queue: int = 0
    hits: int = 0
    misses: int = 0

    def add(self, other: Minute | AppCounts) -> None:
        """Add what somebody else counted."""
        self.requests += other.requests
        self.statuses = [one + more for one, more in zip(self.statuses, other.statuses, strict=True)]
        for code, count in other.codes.items():
            self.codes[code] = self.codes.get(code, 0) + count
        self.sent += other.sent
        histogram.add(self.connect, other.connect)
        histogram.add(self.service, other.service)
        self.queue = max(self.queue, other.queue)
        self.hits += other.hits
        self.misses += other.misses

    @property
    def empty(self) -> bool:
        """Whether nothing happened."""
        return not (self.requests or self.queue or self.hits or self.misses)

    def pack(self) -> str:
        """As JSON without names: some 70 bytes for a quiet minute, a few hundred for a busy one."""
        values = [
            self.requests,
            self.statuses,
            self.codes,
            self.sent,
            _flat(self.connect),
            _flat(self.service),
            self.queue,
            self.hits,
            self.misses,
        ]
        return json.dumps(values, separators=(",", ":"))

    @classmethod
    def unpack(cls, text: str) -> Minute:
        """The reverse. Raises ValueError for anything else."""
        try:
            requests, statuses, codes, sent, connect, service, queue, hits, misses = json.loads(text)
            return cls(
                requests=int(requests),
                statuses=[int(count) for count in statuses],
                codes=dict(codes),
                sent=int(sent),
                connect=_counts(connect),
                service=_counts(service),
                queue=int(queue),
                hits=int(hits),
                misses=int(misses),
            )
        except TypeError as exc:
            raise ValueError(text[:100]) from exc

    def figures(self, seconds: float) -> Figures:
        """The same for people."""
        return Figures(
            seconds=seconds,
            requests=self.requests,
            statuses=dict(zip(STATUS_CLASSES, self.statuses, strict=True)),
            codes=dict(sorted(self.codes.items())),
            sent=self.sent,
            connect=_percentiles(self.connect),
            service=_percentiles(self.service),
            queue=self.queue,
            hits=self.hits,
            misses=self.misses,
        )


def _percentiles(counts: Mapping[int, int]) -> Percentiles:
    return Percentiles(p50=percentile(counts, 0.5), p95=percentile(counts, 0.95), p99=percentile(counts, 0.99))


def _flat(counts: Mapping[int, int]) -> list[int]:
    return [number for pair in sorted(counts.items()) for number in pair]


def _counts(flat: list[Any]) -> dict[int, int]:
    return {int(bucket): int(count) for bucket, count in zip(flat[::2], flat[1::2], strict=True)}
