"""Hostile responses through the whole edge: none reaches another request, on the client's side or on the dyno's."""

from __future__ import annotations

import re
import socket
import threading

import pytest

from tests.integration.router import wire
from tests.integration.router.vectors_responses import CUT, PASSED, REFUSED, RESPONSES

ASKED = b"GET /v HTTP/1.1\r\nHost: hostile.localhost\r\n\r\n"
SENTINEL = b"GET /sentinel HTTP/1.1\r\nHost: neighbour.localhost\r\nConnection: close\r\n\r\n"
BETWEEN_HOPS = {
    "keep-alive",
    "x-accel-redirect",
    "x-accel-limit-rate",
    "x-accel-buffering",
    "x-accel-expires",
    "x-accel-charset",
}


class Hostile:
    """A dyno that writes the bytes of the day for `/v`, keeping the connection, and is polite otherwise."""

    def __init__(self, name: str, dynos) -> None:
        self.name = name
        self.wicked = b""
        self.dyno = dynos.scripted(self._serve)

    def _serve(self, connection: socket.socket) -> None:
        rest = b""
        while data := connection.recv(65536):
            rest += data
            while b"\r\n\r\n" in rest:
                head, _, rest = rest.partition(b"\r\n\r\n")
                target = head.split(b" ")[1]
                if target == b"/v":
                    connection.sendall(self.wicked)
                    if self._wants_an_end():
                        return
                else:
                    text = self.name.encode() + b" " + target
                    connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n%s" % (len(text), text))

    def _wants_an_end(self) -> bool:
        """What no reader could see the end of is ended here, so that no test waits for a timeout."""
        try:
            wire.response(self.wicked, closed=False)
        except (wire.Malformed, wire.Incomplete):
            return True
        return False


@pytest.fixture(scope="module")
def chain(edge):
    """The edge with a hostile app and its neighbour."""
    kinds = pytest.importorskip("tests.integration.router.conftest")
    maker = kinds.DynoMaker()
    table = kinds.Table(edge)
    hostile = Hostile("hostile", maker)
    table.app("hostile.localhost", hostile.dyno)
    table.app("neighbour.localhost", Hostile("neighbour", maker).dyno)
    table.push()
    yield edge, hostile
    maker.close()


def exchange(edge, sent: bytes) -> bytes:
    """Everything until the connection is closed."""
    got = b""
    with edge.connect() as connection:
        connection.settimeout(8)
        try:
            connection.sendall(sent)
            while data := connection.recv(65536):
                got += data
        except ConnectionError:
            pass
    return got


@pytest.mark.parametrize("name", RESPONSES)
def test_a_response_is_nobody_elses(chain, name):
    """One sound response, an error or an end; what follows on any connection is another app's or another user's own."""
    edge, hostile = chain
    hostile.wicked, fate, body = RESPONSES[name]

    got = exchange(edge, ASKED + SENTINEL)

    if fate == PASSED:
        response, rest = wire.response(got, closed=not got.endswith(b"neighbour /sentinel"))
        assert response.body == body
        assert not BETWEEN_HOPS & {key for key, _ in response.headers}
    elif fate == CUT:
        with pytest.raises(wire.Incomplete):
            wire.response(got, closed=True)
        rest = b""
    else:
        assert fate == REFUSED
        assert b"evil" not in got
        response, rest = wire.response(got, closed=False) if got else (None, b"")
        assert response is None or response.start == (b"503",)
    if rest:
        sentinel, end = wire.response(rest, closed=False)
        assert (sentinel.body, end) == (b"neighbour /sentinel", b"")
    for host in ("hostile", "neighbour", "hostile"):
        assert edge.get(f"{host}.localhost", "/next").text == f"{host} /next"


def test_bytes_that_come_late_are_nobodys(edge, table, dynos, eventually):
    """A dyno that goes on writing into a connection after its response loses it, and the next user gets an own one."""
    sent_late, served = threading.Event(), []

    def late(connection):
        served.append(connection)
        number = len(served)
        connection.recv(65536)
        connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\n%d" % number)
        if number == 1:
            threading.Event().wait(0.1)
            connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nevil")
            sent_late.set()
            assert connection.recv(1) == b""

    table.app("late.localhost", dynos.scripted(late))
    table.push()

    assert edge.get("late.localhost").text == "1"
    assert sent_late.wait(5)
    eventually(lambda: edge.get("late.localhost").text == str(len(served)))
    assert len(served) > 1


@pytest.mark.parametrize("method", ["GET", "HEAD", "OPTIONS"])
def test_an_unread_body_is_never_the_next_request(edge, table, dynos, method):
    """A request with a body has a connection to the dyno of its own: what the dyno leaves unread is lost with it."""
    heads = []

    def ignores_bodies(connection):
        rest = b""
        while data := connection.recv(65536):
            rest += data
            while b"\r\n\r\n" in rest:
                head, _, rest = rest.partition(b"\r\n\r\n")
                heads.append(head.split(b" ")[1])
                connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n")

    table.app("one.localhost", dynos.scripted(ignores_bodies))
    table.push()
    inner = b"GET /smuggled HTTP/1.1\r\nX: "

    for _ in range(3):
        edge.request(method, "one.localhost", "/v", content=inner, headers={"Connection": "close"})
        assert edge.get("one.localhost", "/next").status_code == 200

    assert heads == [b"/v", b"/next"] * 3


def test_an_early_answer_leaves_nothing_to_be_read_as_a_request(edge, table, dynos):
    """When a dyno answers before it has read the body, the rest of that is no request of the client's connection."""

    def hasty(connection):
        connection.recv(65536)
        connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhasty")

    heard = []
    app_id = table.app("hasty.localhost", dynos.scripted(hasty))
    table.app("other.localhost", dynos.scripted(lambda connection: heard.append(connection.recv(65536))))
    table.push()
    smuggled = b"GET /smuggled HTTP/1.1\r\nHost: other.localhost\r\n\r\n"
    with edge.connect() as connection:
        connection.sendall(b"POST /v HTTP/1.1\r\nHost: hasty.localhost\r\nContent-Length: 1000\r\n\r\nx")
        got = connection.recv(65536)
        while not got.endswith(b"hasty"):
            got += connection.recv(65536)
        try:
            connection.sendall(smuggled * 3)
            while connection.recv(65536):
                pass
        except ConnectionError:
            pass

    assert edge.line(app_id, 'path="/v"')
    assert heard == []


def test_a_dyno_that_speaks_nonsense_is_h17(edge, table, dynos):
    """Whatever is no response leaves a line in the app's log."""
    kinds = {"interim": b"HTTP/1.1 100 Continue\r\n\r\n", "old": b"hello"}
    for name, bytes_ in kinds.items():

        def speaks(connection, bytes_=bytes_):
            connection.recv(65536)
            connection.sendall(bytes_)

        app_id = table.app(f"{name}.localhost", dynos.scripted(speaks))
        table.push()
        told = edge.raw(b"GET / HTTP/1.1\r\nHost: %s.localhost\r\n\r\n" % name.encode())

        # A connection that ends says so, except where there is no head to say it in.
        assert b"\r\nConnection: close\r\n" in told if name == "interim" else told == b""
        assert re.search(r"dyno=web\.1 connect=\d+ms service=\d+ms status=50[23]", edge.line(app_id, "code=H17"))
