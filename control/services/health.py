"""Is every part of the platform there?"""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor

from control.ports.bundle import Ports
from control.ports.errors import PortError

_FRESH_S = 1.0


class Health:
    """Pings every port at once. Anybody may ask, so an answer serves all who ask within a second."""

    def __init__(self, ports: Ports) -> None:
        self._ports = ports
        self._lock = threading.Lock()
        self._known: Mapping[str, str | None] = {}
        self._known_at = float("-inf")

    def __call__(self) -> Mapping[str, str | None]:
        """Return by part what is wrong with it, or None."""
        with self._lock:
            if self._ports.clock.monotonic() - self._known_at >= _FRESH_S:
                self._known = self._ping()
                self._known_at = self._ports.clock.monotonic()
            return self._known

    def _ping(self) -> Mapping[str, str | None]:
        pings: dict[str, Callable[[], None]] = {
            "nomad": self._ports.scheduler.ping,
            "vault": self._ports.vault.ping,
            "consul": self._ports.catalog.ping,
            "minio": self._ports.blobs.ping,
            "node": self._ports.node.ping,
            "database": self._ports.state.ping,
        }
        with ThreadPoolExecutor(max_workers=len(pings)) as pool:
            return dict(zip(pings, pool.map(_problem, pings.values()), strict=True))


def _problem(ping: Callable[[], None]) -> str | None:
    try:
        ping()
    except PortError as exc:
        return str(exc)
    return None
