"""Tells the collector which allocations this node has: a listing, then Nomad's stream of events, then again."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import httpx
import structlog

from control.node import allocations
from control.node.allocations import AllocationState
from control.node.lines import fed
from jobs.names import APPS_NAMESPACE

_TIMEOUT = httpx.Timeout(10, connect=2)
_STREAM_TIMEOUT = httpx.Timeout(75, connect=2)
"""Nomad's event stream beats every 30 s."""
_LISTING_S = 60.0
"""How long a stream is trusted to have lost nothing."""
_RETRY_S = 2.0
_logger = structlog.get_logger()


class NomadWatch:
    """Calls `update`, `gone` and, after each full listing, `listed`."""

    def __init__(
        self,
        address: str,
        token: str,
        nomad_data: Path,
        *,
        update: Callable[[AllocationState], None],
        gone: Callable[[str], None],
        listed: Callable[[], None],
        monotonic: Callable[[], float],
        transport: httpx.BaseTransport | None = None,
    ) -> None:
        self._http = httpx.Client(
            base_url=address,
            headers={"X-Nomad-Token": token, "Accept-Encoding": "identity"},
            timeout=_TIMEOUT,
            trust_env=False,
            transport=transport,
        )
        self._id_file = nomad_data / "client" / "client-id"
        self._update = update
        self._gone = gone
        self._listed = listed
        self._monotonic = monotonic
        self._known: set[str] = set()
        self._stop = threading.Event()
        self._answered = 0.0

    @property
    def silent_for(self) -> float:
        """Seconds since Nomad last said something."""
        return self._monotonic() - self._answered

    def run(self, stop: threading.Event) -> None:
        """Watch until told to stop; a Nomad that does not answer is asked again."""
        self._stop = stop
        failed = False
        while not stop.is_set():
            try:
                node = self._id_file.read_text().strip()
                index = self._list(node)
                failed = False
                self._follow(node, index)
            except (httpx.HTTPError, httpx.StreamError, OSError, ValueError, KeyError) as exc:
                if not failed:
                    _logger.warning("nomad.unavailable", error=type(exc).__name__)
                failed = True
                stop.wait(_RETRY_S)

    def replace(self, allocation_id: str) -> bool:
        """Have Nomad stop an allocation and start another one in its place; whether it will."""
        try:
            self._http.put(f"/v1/allocation/{allocation_id}/stop").raise_for_status()
        except httpx.HTTPError as exc:
            _logger.warning("nomad.not_replaced", allocation=allocation_id, error=type(exc).__name__)
            return False
        return True

    def _list(self, node: str) -> int:
        response = self._http.get(
            "/v1/allocations",
            params={"namespace": APPS_NAMESPACE, "filter": f'NodeID == "{node}"', "resources": "true"},
        )
        response.raise_for_status()
        self._answered = self._monotonic()
        present = set()
        for record in response.json():
            present.add(record["ID"])
            self._update(allocations.read(record))
        for key in self._known - present:
            self._gone(key)
        self._known = present
        self._listed()
        return int(response.headers.get("X-Nomad-Index") or 0)

    def _follow(self, node: str, index: int) -> None:
        until = self._monotonic() + _LISTING_S
        params = {"namespace": APPS_NAMESPACE, "topic": "Allocation", "index": str(index)}
        with self._http.stream("GET", "/v1/event/stream", params=params, timeout=_STREAM_TIMEOUT) as response:
            response.raise_for_status()
            for line in fed(response.iter_raw()):
                self._answered = self._monotonic()
                for event in json.loads(line or b"{}").get("Events") or []:
                    self._take(node, event)
                if self._stop.is_set() or self._answered > until:
                    return

    def _take(self, node: str, event: Mapping[str, Any]) -> None:
        record = (event.get("Payload") or {}).get("Allocation") or {}
        if record.get("NodeID") != node:
            return
        self._known.add(record["ID"])
        self._update(allocations.read(record))
