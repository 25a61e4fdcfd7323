"""What a router worker counts, which comes as datagrams of its own every two seconds, also when nothing happened.

A datagram is `#metrics ` and a JSON object; router/lua/metrics.lua writes it. It holds what was counted since the last
one, and what is in flight now. Whoever broke into the router could send anything: what is not exactly so is left out.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, TypeGuard

from control.node.files import is_uuid
from control.node.histogram import BUCKETS, Counts
from control.ports.metrics import STATUS_CLASSES

MARK = b"#metrics "
"""No request line begins like this: they begin with an app's id."""
MOST_SLOTS = 256

_CODE = re.compile(r"H[0-9]{2}")
_WORKER = re.compile(r"[0-9]{1,10}\.[0-9]{1,20}")
_MOST = 1 << 40
"""A single count, of bytes even, that no two seconds of one worker reach."""
_MOST_CODES = 32


@dataclass(frozen=True, kw_only=True)
class AppCounts:
    """What one worker tells of one app."""

    app_id: str
    in_flight: int
    """Requests that are under way at this moment, held and upgraded ones too."""
    queue: int = 0
    """Requests that wait for a dyno with room, at this moment."""
    requests: int = 0
    """Those that ended."""
    statuses: tuple[int, ...] = (0,) * len(STATUS_CLASSES)
    codes: Mapping[str, int] = field(default_factory=dict)
    sent: int = 0
    """Bytes of bodies."""
    connect: Counts = field(default_factory=dict)
    service: Counts = field(default_factory=dict)
    hits: int = 0
    """Answers that came from the cache."""
    misses: int = 0


@dataclass(frozen=True, kw_only=True)
class Report:
    """One datagram; a worker with much to tell sends several."""

    worker: str
    """One process: its pid and when it began."""
    slot: int
    of: int
    """How many workers that router has; their slots are 0 to of - 1."""
    apps: tuple[AppCounts, ...]


def parse(datagram: bytes) -> Report | None:
    """The report in a datagram that begins with `MARK`; None when it is none, without the apps that make no sense."""
    try:
        said = json.loads(datagram[len(MARK) :])
    except (ValueError, RecursionError):
        return None
    if not isinstance(said, dict):
        return None
    worker, slot, of, apps = (said.get(name) for name in ("worker", "slot", "of", "apps"))
    if not isinstance(worker, str) or not _WORKER.fullmatch(worker) or not isinstance(apps, list):
        return None
    if not _is_count(of, MOST_SLOTS) or not _is_count(slot, MOST_SLOTS) or slot >= of:
        return None
    found = (_app(each) for each in apps)
    return Report(worker=worker, slot=slot, of=of, apps=tuple(each for each in found if each))


def _app(said: Any) -> AppCounts | None:
    if not isinstance(said, dict) or not isinstance(said.get("app"), str) or not is_uuid(said["app"]):
        return None
    counts = {name: said.get(name, 0) for name in ("in_flight", "queue", "requests", "sent", "hits", "misses")}
    statuses, codes = said.get("statuses", [0] * len(STATUS_CLASSES)), said.get("codes", {})
    connect, service = _histogram(said.get("connect", [])), _histogram(said.get("service", []))
    if connect is None or service is None or not all(_is_count(each) for each in counts.values()):
        return None
    if not isinstance(statuses, list) or len(statuses) != len(STATUS_CLASSES) or not all(map(_is_count, statuses)):
        return None
    if not isinstance(codes, dict) or len(codes) > _MOST_CODES:
        return None
    if not all(_CODE.fullmatch(code) and _is_count(count) for code, count in codes.items()):
        return None
    return AppCounts(
        app_id=said["app"], statuses=tuple(statuses), codes=codes, connect=connect, service=service, **counts
    )


def _histogram(said: Any) -> dict[int, int] | None:
    """A flat list: bucket, count, bucket, count."""
    if not isinstance(said, list) or len(said) % 2 or len(said) > 2 * BUCKETS:
        return None
    if not all(map(_is_count, said)) or any(bucket >= BUCKETS for bucket in said[::2]):
        return None
    return dict(zip(said[::2], said[1::2], strict=True))


def _is_count(value: Any, most: int = _MOST) -> TypeGuard[int]:
    # JSON's true and false are numbers to Python.
    return type(value) is int and 0 <= value <= most
