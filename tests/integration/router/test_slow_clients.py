"""Clients that are slow on purpose: they end in time, and nobody else waits for them."""

from __future__ import annotations

import contextlib
import socket
import threading
import time

import pytest

SLOW = 500
LARGE = b"x" * 3_000_000


class Slowpokes:
    """Connections of four kinds, each fed or read a byte at a time."""

    def __init__(self, edge, count: int) -> None:
        self._edge = edge
        self._over = threading.Event()
        self.open = [self._one(number % 4) for number in range(count)]
        self._feeder = threading.Thread(target=self._feed)

    def _one(self, kind: int) -> tuple[int, socket.socket]:
        connection = socket.socket()
        if kind == 2:
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        connection.settimeout(5)
        connection.connect(("127.0.0.1", self._edge.port))
        start = {
            0: b"GET / HTTP/1.1\r\nHost: big.localhost\r\nX-Slow: ",
            1: b"POST / HTTP/1.1\r\nHost: big.localhost\r\nContent-Length: 100000\r\n\r\n",
            2: b"GET /large HTTP/1.1\r\nHost: big.localhost\r\n\r\n",
            3: b"",
        }[kind]
        connection.sendall(start)
        return kind, connection

    def __enter__(self):
        self._feeder.start()
        return self

    def __exit__(self, *exc: object) -> None:
        self._over.set()
        self._feeder.join()
        for _, connection in self.open:
            connection.close()

    def _feed(self) -> None:
        while not self._over.wait(0.5):
            for kind, connection in self.open:
                with contextlib.suppress(OSError):
                    if kind in {0, 1}:
                        connection.send(b"x", socket.MSG_DONTWAIT)
                    elif kind == 2:
                        connection.recv(10, socket.MSG_DONTWAIT)


def serves_large(connection):
    """A dyno with a thread a connection, which reads what comes and writes much."""
    head = connection.recv(65536)
    if head.startswith(b"GET /large"):
        connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n%s" % (len(LARGE), LARGE))
    elif head.startswith(b"POST"):
        while connection.recv(65536):
            pass
    else:
        connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nConnection: close\r\n\r\nok")


@pytest.fixture
def own_edge(edge):
    """Times as short as in all tests, but those that slow clients have to keep."""
    started = type(edge)(NOMAPAAS_ROUTER_HEADER_TIMEOUT="3", NOMAPAAS_ROUTER_IDLE_TIMEOUT="20")
    yield started
    started.close()


def test_five_hundred_slow_connections_harm_nobody(own_edge, dynos, table):
    """Slow heads, slow bodies, slow readers and idle ones; another client's requests are answered as ever."""
    mine = type(table)(own_edge)
    mine.app("big.localhost", dynos.scripted(serves_large))
    mine.app("other.localhost", dynos.echo())
    mine.push()
    with Slowpokes(own_edge, SLOW):
        times = []
        for turn in range(200):
            started = time.monotonic()
            closing = {"Connection": "close"} if turn % 2 else {}
            assert own_edge.get("other.localhost", headers=closing).status_code == 200
            times.append(time.monotonic() - started)

    times.sort()
    assert times[len(times) // 2] < 0.1
    assert times[-3] < 0.5


def test_a_head_that_does_not_end_is_cut_off(own_edge):
    """Also when a byte comes now and then: the time is for the whole of it."""
    started = time.monotonic()
    with own_edge.connect() as connection:
        connection.sendall(b"GET / HTTP/1.1\r\nHost: x\r\nX-Slow: ")
        connection.settimeout(0.3)
        while time.monotonic() - started < 8:
            try:
                connection.sendall(b"x")
                if not connection.recv(4096):
                    break
            except TimeoutError:
                continue
            except ConnectionError:
                break

    assert 2 < time.monotonic() - started < 6


def test_one_address_may_be_limited(edge, dynos, table, eventually):
    """With the setting an address has so many requests under way, and the next is told 429; it ends with them."""
    own = type(edge)(NOMAPAAS_ROUTER_CONNECTIONS="5")
    waiting, go_on = [], threading.Event()

    def slow(connection):
        connection.recv(65536)
        waiting.append(connection)
        go_on.wait(10)
        connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok")

    try:
        mine = type(table)(own)
        mine.app("slow.localhost", dynos.scripted(slow))
        mine.app("other.localhost", dynos.echo())
        mine.push()
        held = [own.connect() for _ in range(5)]
        for connection in held:
            connection.sendall(
                b"POST / HTTP/1.1\r\nHost: slow.localhost\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"
            )
        eventually(lambda: len(waiting) == 5)

        assert own.get("other.localhost").status_code == 429
        go_on.set()
        for connection in held:
            assert connection.recv(65536).startswith(b"HTTP/1.1 200")
            connection.close()
        eventually(lambda: own.get("other.localhost").status_code == 200)
    finally:
        go_on.set()
        own.close()
