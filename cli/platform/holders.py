"""Who holds a port."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

import psutil

from cli.platform.instance import OFFSETS, Instance
from cli.platform.problem import Problem


def _listeners() -> list[Any]:
    return [each for each in psutil.net_connections(kind="tcp") if each.status == psutil.CONN_LISTEN and each.laddr]


def holder(port: int) -> str | None:
    """The process that listens on a TCP port, described for people, or None."""
    for connection in _listeners():
        if connection.laddr[1] != port:
            continue
        if connection.pid is None:
            return "a process of another network or user"
        try:
            process = psutil.Process(connection.pid)
            return f"{process.name()} (pid {process.pid}, `{' '.join(process.cmdline())[:120]}`)"
        except psutil.NoSuchProcess:
            return None
    return None


def require_free(instance: Instance, *, own: Collection[int] = ()) -> None:
    """Raise a Problem that names each taken port and who holds it; processes in `own` may hold any."""
    listening = {connection.laddr[1] for connection in _listeners() if connection.pid not in own}
    taken = []
    for name in OFFSETS:
        port = instance.port(name)
        if port in listening and (who := holder(port)):
            taken.append(f"port {port} ({name.replace('_', ' ')}) is held by {who}")
    if taken:
        raise Problem(
            f"Nothing was started: {'; '.join(taken)}. Stop that, or choose other ports with NOMAPAAS_PORT_BASE."
        )
