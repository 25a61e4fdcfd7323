"""Asks a dyno whether it is well.

Consul runs the checks, and its own HTTP client would follow a redirect to wherever a tenant's app sends it: to the
host's loopback, say, and tell the tenant what it found. So its checks come here, and from here one request goes to the
dyno's own port and nowhere else.
"""

from __future__ import annotations

import re
import socket
import threading
import time
from collections import OrderedDict, defaultdict
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from ipaddress import ip_address

import httpx

from control.node import files
from jobs.names import DYNO_PORT, app_of_job

_STATUS = re.compile(rb"HTTP/1\.[01] (\d{3})[ \r\n]")
_MOST_HEAD = 64
_MOST_TAKEN = 1 << 16
_LET_END_S = 1.0
_MOST_AT_ONCE = 64
_MOST_OF_APP = 8
"""An app whose checks hang holds up no more than these."""
_REMEMBERED = 20_000
_TIMEOUT = httpx.Timeout(5, connect=2)
_PATH = re.compile(r"/[\x21-\x7e]{0,500}")
_HOST = re.compile(r"[A-Za-z0-9.:-]{1,255}")


@dataclass(frozen=True, kw_only=True)
class Dyno:
    """Where a dyno answers, and whose it is."""

    app_id: str
    address: str


class HealthProbe:
    """Looks addresses up in Nomad, once for each allocation."""

    def __init__(self, nomad_addr: str, nomad_token: str, *, transport: httpx.BaseTransport | None = None) -> None:
        self._http = httpx.Client(
            base_url=nomad_addr,
            headers={"X-Nomad-Token": nomad_token},
            timeout=_TIMEOUT,
            trust_env=False,
            transport=transport,
        )
        self._dynos: OrderedDict[str, Dyno] = OrderedDict()
        self._lock = threading.Lock()
        self._running: defaultdict[str, int] = defaultdict(int)

    def ask(self, allocation_id: str, *, path: str, host: str, timeout: float, port: int = DYNO_PORT) -> str | None:
        """None when the dyno answers 200 to 399 in time, else one sentence that says what is wrong."""
        if not _PATH.fullmatch(path) or not _HOST.fullmatch(host):
            return "The path of this health check cannot be asked for."
        dyno = self._dyno(allocation_id)
        if dyno is None:
            return "The dyno has no address yet."
        if not self._begin(dyno.app_id):
            return "Too many health checks of this app hang; no further one is made."
        try:
            status = ask(dyno.address, port, path=path, host=host, timeout=timeout)
        finally:
            self._end(dyno.app_id)
        if status is None:
            return f"GET {path} had no answer within {timeout:g} seconds."
        return None if 200 <= status < 400 else f"GET {path} answered {status}."

    def gone(self, allocation_id: str) -> None:
        """Nomad has forgotten it."""
        with self._lock:
            self._dynos.pop(allocation_id, None)

    def _dyno(self, allocation_id: str) -> Dyno | None:
        with self._lock:
            known = self._dynos.get(allocation_id)
        if known is not None or not files.is_uuid(allocation_id):
            return known
        found = None
        with suppress(httpx.HTTPError, ValueError, KeyError, TypeError):
            record = self._http.get(f"/v1/allocation/{allocation_id}").raise_for_status().json()
            address = str(ip_address(str(record["NetworkStatus"]["Address"])))
            found = Dyno(app_id=app_of_job(record["JobID"]), address=address)
        if found is not None:
            with self._lock:
                self._dynos[allocation_id] = found
                while len(self._dynos) > _REMEMBERED:
                    self._dynos.popitem(last=False)
        return found

    def _begin(self, app_id: str) -> bool:
        with self._lock:
            if self._running[app_id] >= _MOST_OF_APP or sum(self._running.values()) >= _MOST_AT_ONCE:
                return False
            self._running[app_id] += 1
            return True

    def _end(self, app_id: str) -> None:
        with self._lock:
            self._running[app_id] -= 1
            if not self._running[app_id]:
                del self._running[app_id]


def ask(
    address: str, port: int, *, path: str, host: str, timeout: float, monotonic: Callable[[], float] = time.monotonic
) -> int | None:
    """The status of one GET, or None without one in time. Of what follows the status line nothing matters."""
    deadline = monotonic() + timeout
    request = f"GET {path} HTTP/1.1\r\nHost: {host}\r\nUser-Agent: nomapaas-health\r\nConnection: close\r\n\r\n"
    head = b""
    try:
        with socket.create_connection((address, port), timeout=timeout) as connection:
            connection.sendall(request.encode())
            while len(head) < _MOST_HEAD and b"\n" not in head and (left := deadline - monotonic()) > 0:
                connection.settimeout(left)
                piece = connection.recv(_MOST_HEAD - len(head))
                if not piece:
                    break
                head += piece
            _let_end(connection, min(deadline, monotonic() + _LET_END_S), monotonic)
    except OSError:
        return None
    found = _STATUS.match(head)
    return int(found[1]) if found else None


def _let_end(connection: socket.socket, deadline: float, monotonic: Callable[[], float]) -> None:
    """Take a little more, for a connection that is closed before its answer was sent shows as an error over there."""
    taken = 0
    with suppress(OSError):
        while taken < _MOST_TAKEN and (left := deadline - monotonic()) > 0:
            connection.settimeout(left)
            piece = connection.recv(1 << 14)
            if not piece:
                return
            taken += len(piece)
