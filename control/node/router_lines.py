"""Request lines of the router, which come as datagrams: one or more lines `<app> at=info method=GET …` in each.

What its workers count comes by the same socket, as datagrams of its own: see `router_reports`.
"""

from __future__ import annotations

import os
import pwd
import re
import socket
import threading
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

import structlog

from control.node import router_reports
from control.node.allowance import Allowance
from control.node.lines import MAX_LINE, render
from control.node.logbook import Logbook
from control.node.router_reports import Report
from control.ports.clock import Clock

_LINE = re.compile(rb"(?P<app>[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}) (?P<line>.+)")
_LONGEST_DATAGRAM = 65536
_BATCH = 64
_ROUTER_USER = "nomapaas-router"
_QUEUE = 4096
_QUEUE_SETTING = Path("/proc/sys/net/unix/max_dgram_qlen")
_logger = structlog.get_logger()


def parse(datagram: bytes) -> list[tuple[str, bytes]]:
    """The apps and their lines; anything that the router would not send is left out."""
    found = (_LINE.match(line) for line in datagram.split(b"\n"))
    return [(match["app"].decode(), match["line"][:MAX_LINE]) for match in found if match]


class RouterLines:
    """Receives datagrams and writes them to the apps' logs, many at a time."""

    def __init__(
        self,
        path: Path,
        logbook: Logbook,
        *,
        clock: Clock,
        lines_per_second: int,
        note: Callable[[Report], None] = lambda _: None,
        refusals: Callable[[bytes], None] = lambda _: None,
    ) -> None:
        self._logbook = logbook
        self._note = note
        self._refusals = refusals
        self._refused = 0
        self._clock = clock
        self._lines_per_second = lines_per_second
        self._allowances: dict[str, Allowance] = {}
        _lengthen_queue()
        path.unlink(missing_ok=True)
        self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM | socket.SOCK_CLOEXEC)
        self._socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4 << 20)
        before = os.umask(0o117)
        try:
            self._socket.bind(str(path))
        finally:
            os.umask(before)
        with suppress(KeyError, PermissionError):
            # Nomad runs the router as its user with the group root, so the group would not do.
            os.chown(path, pwd.getpwnam(_ROUTER_USER).pw_uid, -1)

    def run(self, stop: threading.Event) -> None:
        """Receive until told to stop."""
        while not stop.is_set():
            try:
                self.step(1.0)
            except Exception:
                _logger.exception("router_lines.failed")
                stop.wait(1)
        self.close()

    def close(self) -> None:
        """Stop receiving."""
        self._socket.close()

    def step(self, timeout: float) -> None:
        """Wait for a datagram, at most so long, and write it with those that came with it."""
        self._socket.settimeout(timeout)
        try:
            datagrams = [self._socket.recv(_LONGEST_DATAGRAM)]
        except TimeoutError:
            self._report()
            return
        self._socket.setblocking(False)
        with suppress(BlockingIOError):
            while len(datagrams) < _BATCH:
                datagrams.append(self._socket.recv(_LONGEST_DATAGRAM))
        lines: dict[str, list[bytes]] = {}
        for datagram in datagrams:
            if datagram.startswith(router_reports.MARK):
                self._take_report(datagram)
                continue
            self._refusals(datagram)
            for app_id, line in parse(datagram):
                lines.setdefault(app_id, []).append(line)
        for app_id, found_lines in lines.items():
            self._write(app_id, found_lines)

    def _take_report(self, datagram: bytes) -> None:
        report = router_reports.parse(datagram)
        if report is None:
            self._refused += 1
        else:
            self._note(report)

    def _write(self, app_id: str, lines: list[bytes]) -> None:
        now, moment = self._clock.monotonic(), self._clock.now()
        allowance = self._allowances.get(app_id)
        if allowance is None:
            allowance = self._allowances[app_id] = Allowance(self._lines_per_second, now=now)
        allowance.refill(now)
        kept = allowance.admit(lines, moment)
        written = [render(moment, "heroku", "router", line.decode("utf-8", "replace")) for line in kept]
        report = allowance.report("router", moment)
        if report is not None:
            written.append(render(moment, "heroku", "logplex", report))
        self._logbook.append(app_id, written)

    def _report(self) -> None:
        """Nothing comes: say what was dropped, and forget the apps that are silent."""
        if self._refused:
            _logger.warning("router_lines.refused", reports=self._refused)
            self._refused = 0
        moment = self._clock.now()
        for app_id, allowance in list(self._allowances.items()):
            report = allowance.report("router", moment, at_once=True)
            if report is not None:
                self._logbook.append(app_id, [render(moment, "heroku", "logplex", report)])
            allowance.refill(self._clock.monotonic())
            if allowance.full:
                del self._allowances[app_id]


def _lengthen_queue() -> None:
    """The kernel lets ten datagrams wait by default; a router sends hundreds before anybody gets to run."""
    with suppress(OSError, ValueError):
        if int(_QUEUE_SETTING.read_text()) < _QUEUE:
            _QUEUE_SETTING.write_text(str(_QUEUE))
