"""A taken port names who holds it."""

from __future__ import annotations

import os
import socket

import pytest

from cli.platform import holders
from cli.platform.instance import OFFSETS, Instance
from cli.platform.problem import Problem


@pytest.fixture
def taken() -> socket.socket:
    """A port that this process listens on, far enough from the end for all others."""
    while True:
        listener = socket.create_server(("127.0.0.1", 0))
        if 2000 < listener.getsockname()[1] < 60000:
            return listener
        listener.close()


def test_the_holder_is_described(taken: socket.socket) -> None:
    """Program, process id and command line; nothing is started."""
    with taken:
        base = taken.getsockname()[1] - OFFSETS["nomad_http"]
        instance = Instance.from_env({"NOMAPAAS_PORT_BASE": str(base)})

        with pytest.raises(Problem, match=rf"port {base + 10} \(nomad http\) is held by .*pid {os.getpid()}"):
            holders.require_free(instance)


def test_what_belongs_to_the_instance_may_hold_its_ports(taken: socket.socket) -> None:
    """Jobs outlive the servers that started them."""
    with taken:
        instance = Instance.from_env({"NOMAPAAS_PORT_BASE": str(taken.getsockname()[1])})

        holders.require_free(instance, own={os.getpid()})
