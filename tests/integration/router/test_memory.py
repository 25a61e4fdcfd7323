"""A worker takes no more connections than fit into its memory."""

from __future__ import annotations

import contextlib

import pytest

UPGRADE = b"GET / HTTP/1.1\r\nHost: one.localhost\r\nConnection: upgrade\r\nUpgrade: websocket\r\n\r\n"


@pytest.fixture
def small(edge):
    """One worker with the least memory: 512 connections, of clients and dynos together."""
    started = type(edge)(
        NOMAPAAS_ROUTER_WORKERS="1",
        NOMAPAAS_ROUTER_MEMORY_MB="176",
        NOMAPAAS_ROUTER_DYNO_REQUESTS="1000",
        NOMAPAAS_ROUTER_IDLE_TIMEOUT="55",
    )
    yield started
    started.close()


def echoes(connection):
    """A dyno that takes a connection over and says everything again."""
    connection.recv(65536)
    connection.sendall(b"HTTP/1.1 101 Switching Protocols\r\nConnection: upgrade\r\nUpgrade: websocket\r\n\r\n")
    while got := connection.recv(65536):
        connection.sendall(got)


def test_what_does_not_fit_is_refused_and_harms_nobody(small, table, dynos, eventually):
    """Those that are there go on, and where some have gone others are taken."""
    own = type(table)(small)
    own.app("one.localhost", dynos.scripted(echoes))
    own.push()

    with contextlib.ExitStack() as stack:

        def taken():
            connection = stack.enter_context(small.connect())
            with contextlib.suppress(ConnectionError):
                connection.sendall(UPGRADE)
                return connection if b" 101 " in connection.recv(65536) else None

        open_ones = []
        while connection := taken():
            open_ones.append(connection)

        assert 200 < len(open_ones) < 256
        for connection in open_ones:
            connection.sendall(b"still here")
            assert connection.recv(65536) == b"still here"
        for connection in open_ones[:10]:
            connection.close()
        assert eventually(taken)
