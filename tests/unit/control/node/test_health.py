"""Asking dynos whether they are well, on real sockets."""

from __future__ import annotations

import socket
import threading
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import httpx
import pytest

from control.node import artifacts
from control.node.health import HealthProbe, ask

APP = str(uuid.UUID(int=1))
KEY = str(uuid.UUID(int=11))


@contextmanager
def dyno(answer: Callable[[socket.socket, bytes], None]) -> Iterator[int]:
    """Something that listens; `answer` gets each connection and what was asked."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        server.settimeout(10)

        def serve() -> None:
            connection, _ = server.accept()
            with connection:
                connection.settimeout(10)
                answer(connection, connection.recv(4096))

        thread = threading.Thread(target=serve, daemon=True)
        thread.start()
        yield server.getsockname()[1]
        thread.join(10)


def _says(text: bytes) -> Callable[[socket.socket, bytes], None]:
    return lambda connection, _: connection.sendall(text)


@pytest.mark.parametrize(
    ("said", "status"),
    [
        (b"HTTP/1.1 200 OK\r\n\r\n", 200),
        (b"HTTP/1.0 503 Busy\r\n", 503),
        (b"HTTP/1.1 204\r\n", 204),
        (b"", None),
        (b"SSH-2.0-OpenSSH\r\n", None),
        (b"HTTP/1.1 2000 OK\r\n", None),
        (b"x" * 100_000, None),
    ],
)
def test_the_status_line_is_all_that_is_read(said: bytes, status: int | None) -> None:
    """Whatever else comes, and however much of it."""
    with dyno(_says(said)) as port:
        assert ask("127.0.0.1", port, path="/up", host="a.localhost", timeout=5) == status


def test_what_is_sent() -> None:
    """One GET with the app's own host name."""
    asked: list[bytes] = []

    def note(connection: socket.socket, request: bytes) -> None:
        asked.append(request)
        connection.sendall(b"HTTP/1.1 200 OK\r\n\r\n")

    with dyno(note) as port:
        ask("127.0.0.1", port, path="/up?a=b", host="a.localhost", timeout=5)

    assert asked[0].startswith(b"GET /up?a=b HTTP/1.1\r\nHost: a.localhost\r\n")


def test_an_answer_may_be_sent_to_its_end() -> None:
    """A small one is taken whole, so that the app sees no broken connection; one without end is left."""
    ends: list[str] = []

    def answer(size: int) -> Callable[[socket.socket, bytes], None]:
        def send(connection: socket.socket, _request: bytes) -> None:
            connection.sendall(b"HTTP/1.1 200 OK\r\n\r\n")
            try:
                for _ in range(size):
                    connection.sendall(b"x" * 1024)
                ends.append("whole")
            except OSError:
                ends.append("broken")

        return send

    for size in (16, 1 << 16):
        with dyno(answer(size)) as port:
            assert ask("127.0.0.1", port, path="/up", host="a", timeout=5) == 200

    assert ends == ["whole", "broken"]


def test_a_dyno_that_hangs() -> None:
    """The time is for all of the answer, not for each byte of it."""
    heard: list[bool] = []

    def drip(connection: socket.socket, _request: bytes) -> None:
        try:
            for _ in range(40):
                connection.sendall(b"H")
                heard.append(threading.Event().wait(0.05))
        except OSError:
            return  # the asker has gone

    with dyno(drip) as port:
        assert ask("127.0.0.1", port, path="/", host="a", timeout=0.3) is None
    assert 2 < len(heard) < 40


def test_nobody_listens() -> None:
    """A refused connection is an answer of its own."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]

    assert ask("127.0.0.1", port, path="/", host="a", timeout=5) is None


def _probe(address: object = "127.0.0.1", *, status: int = 200) -> tuple[HealthProbe, list[str]]:
    asked: list[str] = []

    def nomad(request: httpx.Request) -> httpx.Response:
        asked.append(request.url.path)
        return httpx.Response(status, json={"JobID": APP, "NetworkStatus": {"Address": address}})

    return HealthProbe("http://nomad", "token", transport=httpx.MockTransport(nomad)), asked


def test_the_address_is_nomads(tmp_path: object) -> None:
    """Looked up once for each allocation; the answer for Consul is a status and one sentence."""
    probe, asked = _probe()

    with dyno(_says(b"HTTP/1.1 302 Found\r\nLocation: http://127.0.0.1:8500/\r\n\r\n")) as port:
        assert probe.ask(KEY, path="/up", host="a.localhost", timeout=5, port=port) is None
    with dyno(_says(b"HTTP/1.1 500 No\r\n\r\n")) as port:
        assert probe.ask(KEY, path="/up", host="a.localhost", timeout=5, port=port) == "GET /up answered 500."
    assert asked == [f"/v1/allocation/{KEY}"]
    probe.gone(KEY)
    assert probe.ask("../../v1/agent", path="/up", host="a", timeout=1) == "The dyno has no address yet."


@pytest.mark.parametrize("address", [None, "", "localhost", "127.0.0.1:8500", 7])
def test_an_address_that_is_none(address: object) -> None:
    """A dyno that has none yet, or something that is no address: nothing is asked."""
    probe, _ = _probe(address)

    assert probe.ask(KEY, path="/up", host="a", timeout=1, port=1) == "The dyno has no address yet."


@pytest.mark.parametrize(
    ("path", "host"), [("up", "a"), ("/a b", "a"), ("/\r\nX: y", "a"), ("/up", "a\r\nX: y"), ("/up", "")]
)
def test_what_would_end_the_request_line(path: str, host: str) -> None:
    """Is not sent."""
    probe, asked = _probe()

    assert probe.ask(KEY, path=path, host=host, timeout=1) == "The path of this health check cannot be asked for."
    assert asked == []


def test_an_app_whose_checks_hang_holds_up_itself_alone() -> None:
    """Eight at once, and no more, until one is over."""
    probe, _ = _probe()
    assert all(probe._begin(APP) for _ in range(8))

    assert "hang" in str(probe.ask(KEY, path="/up", host="a", timeout=1))
    assert probe._begin(str(uuid.UUID(int=2)))
    probe._end(APP)
    assert probe._begin(APP)


def test_over_http() -> None:
    """Consul reads 200 or 503 and never a Location."""

    class Always:
        problem: str | None = None

        def ask(self, *_: object, **__: object) -> str | None:
            return self.problem

    probe = Always()
    client = artifacts.create_app(None, None, None, probe).test_client()
    query = {"path": "/up", "host": "a.localhost", "timeout": "3"}

    assert client.get(f"/health/{KEY}", query_string=query).status_code == 200
    probe.problem = "GET /up answered 302."
    failed = client.get(f"/health/{KEY}", query_string=query)
    assert (failed.status_code, failed.text, "Location" in failed.headers) == (503, "GET /up answered 302.\n", False)
    assert client.get(f"/health/{KEY}", query_string=query | {"timeout": "1e9"}).status_code == 400
