"""Requests and answers that stop in the middle: who is to blame, and what the line says."""

from __future__ import annotations

import contextlib
import threading
import time

import httpx
import pytest

from tests.integration.router.test_codes import head

LENGTH = b"HTTP/1.1 200 OK\r\nContent-Length: 50\r\n\r\n"
CHUNKED = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
HALVES = {"length": LENGTH + b"x" * 20, "chunked": CHUNKED + b"4\r\nhalf\r\n"}


def starts(half, *, then):
    """A dyno that sends some of its answer, then does something."""

    def handle(connection):
        head(connection)
        connection.sendall(HALVES[half])
        then(connection)

    return handle


@pytest.mark.parametrize("closing", [False, True])
@pytest.mark.parametrize("half", HALVES)
def test_a_dyno_that_breaks_off_is_h18(edge, table, dynos, half, closing):
    """The client sees that something is missing; the line says whose fault it is."""
    app_id = table.app("one.localhost", dynos.scripted(starts(half, then=lambda _: None)))
    table.push()

    with pytest.raises(httpx.RemoteProtocolError):
        edge.get("one.localhost", headers={"Connection": "close"} if closing else {})

    line = edge.line(app_id, "code=H18")
    assert line.startswith(f'{app_id} sock=backend at=error code=H18 desc="Server Request Interrupted" method=GET ')
    assert "dyno=web.1" in line
    assert "status=503" in line


@pytest.mark.parametrize("half", HALVES)
def test_a_dyno_that_falls_silent_is_h15(edge, table, dynos, half):
    """After the first byte the longer time counts, from one byte to the next; then the connection ends."""
    silence = threading.Event()
    app_id = table.app("one.localhost", dynos.scripted(starts(half, then=lambda _: silence.wait(8))))
    table.push()
    started = time.monotonic()

    with pytest.raises(httpx.RemoteProtocolError):
        edge.get("one.localhost")
    taken = time.monotonic() - started
    silence.set()

    assert 2.8 < taken < 5
    assert edge.line(app_id, 'at=error code=H15 desc="Idle connection"', "dyno=web.1", "service=3", "status=503")


def test_any_answer_may_pause_for_longer_than_its_first_byte(edge, table, dynos):
    """A pause that is longer than the wait for the first byte may be, in a plain answer, and then the rest."""
    go_on = threading.Event()

    def pauses(connection):
        head(connection)
        connection.sendall(LENGTH + b"x" * 20)
        assert go_on.wait(5)
        connection.sendall(b"y" * 30)

    app_id = table.app("one.localhost", dynos.scripted(pauses))
    table.push()
    timer = threading.Timer(2, go_on.set)
    timer.start()

    answer = edge.get("one.localhost")

    assert answer.text == "x" * 20 + "y" * 30
    assert edge.line(app_id, "at=info", "status=200")


def test_patience_ends_with_the_answer(edge, table, dynos):
    """After a long answer the next request on the same connections has the short time for its first byte again."""

    def answers_once(connection):
        head(connection)
        connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok")
        head(connection)
        connection.recv(1)

    app_id = table.app("one.localhost", dynos.scripted(answers_once))
    table.push()
    assert edge.get("one.localhost").text == "ok"
    started = time.monotonic()

    assert edge.get("one.localhost", "/second").status_code == 503
    assert time.monotonic() - started < 2.5
    assert edge.line(app_id, "code=H12", 'path="/second"')


def test_a_client_that_goes_in_the_middle_of_an_answer_is_h27(edge, table, dynos):
    """The dyno's connection ends with it, and the line has 499, whatever status the client saw."""
    gone = threading.Event()

    def goes_on(connection):
        head(connection)
        connection.sendall(CHUNKED)
        try:
            while True:
                connection.sendall(b"4\r\nmore\r\n")
                threading.Event().wait(0.02)
        finally:
            gone.set()

    app_id = table.app("one.localhost", dynos.scripted(goes_on))
    table.push()
    with edge.connect() as client:
        client.sendall(b"GET / HTTP/1.1\r\nHost: one.localhost\r\n\r\n")
        assert client.recv(10)

    assert gone.wait(3)
    assert edge.line(app_id, 'sock=client at=warning code=H27 desc="Client Request Interrupted"', "status=499")


def test_a_client_that_does_not_send_what_it_announced_is_h28(edge, table, dynos):
    """A body that stops ends the request after the idle time."""

    def takes_all(connection):
        while connection.recv(65536):
            pass

    app_id = table.app("one.localhost", dynos.scripted(takes_all))
    table.push()
    started = time.monotonic()
    with edge.connect() as client:
        client.sendall(b"POST / HTTP/1.1\r\nHost: one.localhost\r\nContent-Length: 50\r\n\r\nten bytes.")
        # The connection ends; what of it nobody has read makes that a reset.
        with contextlib.suppress(ConnectionResetError):
            client.recv(1000)

    assert 2.8 < time.monotonic() - started < 6
    assert edge.line(app_id, 'at=warning code=H28 desc="Client Connection Idle"', "dyno=web.1", "status=499")


def test_a_bad_chunk_is_h26(edge, table, dynos):
    """A body that cannot be read on: 400, and the line says why."""
    app_id = table.app("one.localhost", dynos.echo())
    table.push()

    reply = edge.raw(
        b"POST / HTTP/1.1\r\nHost: one.localhost\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\nZZ\r\nx\r\n\r\n"
    )

    assert reply.startswith(b"HTTP/1.1 400 ")
    assert edge.line(app_id, 'at=error code=H26 desc="Request Error" cause="bad chunk" method=POST', "status=400")


def test_an_apps_own_400_and_408_are_no_errors(edge, table, dynos):
    """What a dyno answers by itself is its own business."""

    def answers(connection):
        while seen := head(connection):
            status = seen.split(b" ", 2)[1][1:]
            connection.sendall(b"HTTP/1.1 " + status + b" Own\r\nContent-Length: 3\r\n\r\nown")

    app_id = table.app("one.localhost", dynos.scripted(answers))
    table.push()

    for status in (400, 408):
        assert edge.get("one.localhost", f"/{status}").status_code == status
        assert edge.line(app_id, "at=info", f"status={status}")


@pytest.mark.parametrize("reply", [b"HTTP/1.1 204 No Content\r\n\r\n", b"HTTP/1.1 304 Not Modified\r\n\r\n"])
def test_an_answer_without_a_body_is_whole(edge, table, dynos, reply):
    """Nothing of it is missing."""
    app_id = table.app(
        "one.localhost", dynos.scripted(lambda connection: head(connection) and connection.sendall(reply))
    )
    table.push()

    answer = edge.get("one.localhost")

    assert edge.line(app_id, "at=info", f"status={answer.status_code}")


def test_an_answer_that_ends_with_its_connection_is_whole(edge, table, dynos):
    """HTTP/1.0 servers say no length; the end is the end."""
    reply = b"HTTP/1.0 200 OK\r\n\r\nall of it"
    app_id = table.app(
        "one.localhost", dynos.scripted(lambda connection: head(connection) and connection.sendall(reply))
    )
    table.push()

    assert edge.get("one.localhost").text == "all of it"
    assert edge.line(app_id, "at=info", "status=200")


def test_an_app_without_a_release_is_h81(edge, table):
    """Nothing was ever deployed: its own page, and no error."""
    app_id = table.app("one.localhost", state="down")
    table.apps[app_id]["release"] = 0
    table.push()

    answer = edge.get("one.localhost")

    assert answer.status_code == 502
    assert "No code has been deployed" in answer.text
    assert edge.line(app_id, 'at=info code=H81 desc="Blank app"')
