"""Ports for servers that have to be told theirs."""

from __future__ import annotations

import itertools
import os
import socket

_FIRST, _EACH, _APART = 22_000, 3_000, 50
"""Below all that Linux hands out by itself (32768 and up, ip_local_port_range): between a look and the server's start
nobody else is given such a port. Each of three workers has its own range, and between two ports is room for all that an
instance adds to its base."""

_worker = int(os.environ.get("PYTEST_XDIST_WORKER", "gw0").removeprefix("gw"))
_numbers = itertools.cycle(range(_FIRST + _EACH * _worker, _FIRST + _EACH * (_worker + 1), _APART))


def free_port() -> int:
    """One on which nobody listens, and which is given to nobody else for a while."""
    return next(port for port in _numbers if _is_free(port))


def _is_free(port: int) -> bool:
    try:
        socket.create_server(("127.0.0.1", port)).close()
    except OSError:
        return False
    return True
