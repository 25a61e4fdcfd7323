"""Bytes that flow both ways for a while."""

from __future__ import annotations

import threading
import time
from concurrent.futures import ThreadPoolExecutor

import pytest


def head(connection):
    """Read a request's head, byte by byte, so that nothing of the body is taken."""
    seen = b""
    while not seen.endswith(b"\r\n\r\n"):
        more = connection.recv(1)
        if not more:
            return b""
        seen += more
    return seen


def exactly(connection, length):
    seen = b""
    while len(seen) < length:
        more = connection.recv(length - len(seen))
        assert more, seen
        seen += more
    return seen


def test_a_response_is_passed_on_as_it_comes(edge, table, dynos):
    """Server-sent events reach the client one by one, and may come further apart than a first byte may."""
    go_on = threading.Event()

    def sends_events(connection):
        head(connection)
        connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n\r\ndata: 1\n\n")
        assert go_on.wait(5)
        connection.sendall(b"data: 2\n\n")

    table.app("one.localhost", dynos.scripted(sends_events))
    table.push()
    headers = {"Host": "one.localhost", "Accept": "text/event-stream"}
    with edge.client.stream("GET", "/", headers=headers) as answer:
        events = answer.iter_raw()
        assert next(events) == b"data: 1\n\n"
        threading.Event().wait(1.5)
        go_on.set()
        assert next(events) == b"data: 2\n\n"


def test_a_request_is_passed_on_as_it_comes(edge, table, dynos):
    """A chunked upload reaches the dyno while it is being sent, and so does the early answer the client."""

    def answers_each_chunk(connection):
        assert b"chunked" in head(connection)
        connection.sendall(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n")
        for _ in range(2):
            connection.sendall(b"3\r\n" + exactly(connection, 8)[3:6] + b"\r\n")
        assert exactly(connection, 5) == b"0\r\n\r\n"
        connection.sendall(b"0\r\n\r\n")

    table.app("one.localhost", dynos.scripted(answers_each_chunk))
    table.push()
    with edge.connect() as client:
        client.sendall(b"POST / HTTP/1.1\r\nHost: one.localhost\r\nTransfer-Encoding: chunked\r\n\r\n3\r\none\r\n")
        reply = head(client)
        assert exactly(client, 8) == b"3\r\none\r\n"
        client.sendall(b"3\r\ntwo\r\n")
        assert exactly(client, 8) == b"3\r\ntwo\r\n"
        client.sendall(b"0\r\n\r\n")
        assert exactly(client, 5) == b"0\r\n\r\n"

    assert reply.startswith(b"HTTP/1.1 200 OK")


def test_a_client_that_expects_100_gets_it(edge, table, dynos):
    """The edge says 100 itself, so that the body comes."""
    table.app("one.localhost", dynos.echo())
    table.push()
    with edge.connect() as client:
        client.sendall(
            b"POST / HTTP/1.1\r\nHost: one.localhost\r\nContent-Length: 2\r\nExpect: 100-continue\r\n"
            b"Connection: close\r\n\r\n"
        )
        assert head(client) == b"HTTP/1.1 100 Continue\r\n\r\n"
        client.sendall(b"ok")
        assert b'"body": "ok"' in b"".join(iter(lambda: client.recv(65536), b""))


@pytest.mark.parametrize("method", ["POST", "PUT"])
def test_large_bodies_pass_both_ways(edge, table, dynos, method):
    """Megabytes up and down, unchanged."""
    table.app("one.localhost", dynos.echo())
    table.push()
    body = bytes(range(1, 100)) * 50000

    assert edge.request(method, "one.localhost", content=body).json()["body"] == body.decode("latin-1")


def websocket(edge, path=b"/"):
    client = edge.connect()
    client.sendall(
        b"GET "
        + path
        + b" HTTP/1.1\r\nHost: one.localhost\r\nConnection: keep-alive, Upgrade\r\nUpgrade: WebSocket\r\n"
        b"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n"
    )
    return client


def upgrades(connection):
    seen = head(connection).lower()
    assert b"upgrade: websocket\r\n" in seen
    assert b"connection: upgrade\r\n" in seen
    assert b"sec-websocket-key" in seen
    connection.sendall(b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\r\n")
    while seen := connection.recv(100):
        connection.sendall(seen[::-1])


def test_websockets_pass(edge, table, dynos):
    """After the handshake bytes flow both ways; the line comes at the end, with the time that it took."""
    app_id = table.app("one.localhost", dynos.scripted(upgrades))
    table.push()
    with websocket(edge) as client:
        assert head(client).startswith(b"HTTP/1.1 101 ")
        for message in (b"abc", b"def"):
            client.sendall(message)
            assert exactly(client, 3) == message[::-1]

    assert edge.line(app_id, "at=info", "status=101", "dyno=web.1")


def test_a_quiet_websocket_ends_after_the_idle_time(edge, table, dynos):
    """Each byte starts the time anew; without any the connection ends."""
    table.app("one.localhost", dynos.scripted(upgrades))
    table.push()
    with websocket(edge) as client:
        head(client)
        started = time.monotonic()
        threading.Event().wait(2)
        client.sendall(b"abc")
        exactly(client, 3)
        assert client.recv(1) == b""

    assert 4.5 < time.monotonic() - started < 8


def test_a_switch_loses_nothing(edge, table, dynos):
    """While requests run the old dynos leave the table: those under way finish there, new ones go to the new."""
    proceed = threading.Event()
    arrived = threading.Semaphore(0)

    def slow(connection):
        head(connection)
        arrived.release()
        assert proceed.wait(10)
        connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\nold")

    old = dynos.scripted(slow)
    table.app("one.localhost", old)
    table.push()
    with ThreadPoolExecutor(10) as pool:
        under_way = [pool.submit(edge.get, "one.localhost") for _ in range(8)]
        for _ in under_way:
            assert arrived.acquire(timeout=5)
        table.app("one.localhost", dynos.echo("web.1"))
        table.push()
        new = [edge.get("one.localhost") for _ in range(20)]
        proceed.set()
        answers = [request.result() for request in under_way]

    assert [answer.text for answer in answers] == ["old"] * 8
    assert {answer.json()["dyno"] for answer in new} == {"web.1"}
    assert old.seen == 8


def test_requests_go_to_the_less_busy_dyno(edge, table, dynos):
    """A dyno that is full of slow requests gets fewer of the new ones."""
    proceed = threading.Event()

    def slow(connection):
        head(connection)
        proceed.wait(10)
        connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nslow")

    busy = dynos.scripted(slow, "web.1")
    table.app("one.localhost", busy)
    table.push()
    with ThreadPoolExecutor(40) as pool:
        stuck = [pool.submit(edge.get, "one.localhost") for _ in range(30)]
        while busy.seen < 30:
            threading.Event().wait(0.01)
        table.app("one.localhost", busy, dynos.echo("web.2"))
        table.push()
        quick = [pool.submit(edge.get, "one.localhost") for _ in range(30)]
        found = [request.result().json()["dyno"] for request in quick if not proceed.is_set()]
        proceed.set()
        assert all(request.result().text == "slow" for request in stuck)

    assert found == ["web.2"] * 30
