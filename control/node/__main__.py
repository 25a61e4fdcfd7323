"""The node agent: `python -m control.node`.

gunicorn serves both endpoints from one process with threads: it is a dependency already, keeps slow readers apart by
a thread each (made when needed), and the arbiter starts the process again should it ever die.
"""

from __future__ import annotations

import grp
import logging
import os
import socket
import sys
from contextlib import suppress
from typing import Any

import structlog
from gunicorn.app.base import BaseApplication

from control.node import settings
from control.node.settings import NodeSettings

_THREADS = 512
_TAIL_PATIENCE_S = 1
"""A tail never ends by itself; its reader comes back."""
_STOP_S = 8
"""For the parts to write down what they know, before supervisord loses patience."""
_CONTROL_GROUP = "nomapaas"


class _Server(BaseApplication):  # type: ignore[misc]
    def __init__(self, told: NodeSettings, descriptors: list[int]) -> None:
        self._told = told
        self._descriptors = descriptors
        self._agent: Any = None
        super().__init__()

    def load_config(self) -> None:
        options: dict[str, Any] = {
            "bind": [f"fd://{fd}" for fd in self._descriptors],
            "worker_class": "gthread",
            "workers": 1,
            "threads": _THREADS,
            "worker_connections": 2000,
            "keepalive": 30,
            "graceful_timeout": _STOP_S,
            "timeout": 60,
            "umask": 0o077,
            "proc_name": "nomapaas-node",
            "control_socket_disable": True,
            "worker_exit": lambda _server, _worker: self._end(),
        }
        for name, value in options.items():
            if name in self.cfg.settings:
                self.cfg.set(name, value)

    def load(self) -> Any:
        """In the worker: threads do not survive a fork, and the arbiter needs nothing of what the agent is made of."""
        from control.node.agent import NodeAgent  # noqa: PLC0415

        # The arbiter, which kills a worker that takes too long, keeps the longer time.
        self.cfg.set("graceful_timeout", _TAIL_PATIENCE_S)
        self._agent = NodeAgent(self._told)
        self._agent.start()
        return self._agent.wsgi

    def _end(self) -> None:
        """In the worker; Python itself would wait for the threads of open tails."""
        if self._agent:
            self._agent.stop()
            os._exit(0)


def _listen(told: NodeSettings) -> list[int]:
    """Both sockets, with the right owner before anybody can connect."""
    told.api_socket.parent.mkdir(mode=0o711, parents=True, exist_ok=True)
    told.api_socket.unlink(missing_ok=True)
    api = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    before = os.umask(0o117)
    try:
        api.bind(str(told.api_socket))
    finally:
        os.umask(before)
    with suppress(KeyError, PermissionError):
        os.chown(told.api_socket, -1, grp.getgrnam(_CONTROL_GROUP).gr_gid)
    artifacts = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    artifacts.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    artifacts.bind(("127.0.0.1", told.port))
    return [api.detach(), artifacts.detach()]


def main() -> int:
    """Run until told to stop."""
    structlog.configure(
        processors=[
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso"),
            structlog.processors.format_exc_info,
            structlog.processors.JSONRenderer(),
        ],
        wrapper_class=structlog.make_filtering_bound_logger(logging.INFO),
        logger_factory=structlog.PrintLoggerFactory(sys.stderr),
    )
    try:
        told = settings.load(os.environ)
        descriptors = _listen(told)
    except KeyError as exc:
        sys.stderr.write(f"secrets/node.json has no {exc}; run `nomapaas up`, which writes it.\n")
        return 1
    except (OSError, ValueError) as exc:
        sys.stderr.write(f"The node agent cannot start: {exc}. Run `nomapaas up` as root.\n")
        return 1
    _Server(told, descriptors).run()
    return 0


if __name__ == "__main__":
    sys.exit(main())
