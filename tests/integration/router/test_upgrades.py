"""A new configuration reaches a running nginx by a reload: nobody is refused, and what is under way goes on."""

from __future__ import annotations

import signal
import threading

import pytest

from router.render import config_id, render
from router.settings import from_env
from tests.integration.router.conftest import SHORT_TIMES


@pytest.fixture
def own_edge(edge):
    """An edge of its own, because it will be changed."""
    started = type(edge)()
    yield started
    started.close()


class Crowd:
    """Clients that come one after another, each with a connection of its own."""

    def __init__(self, edge, host: str) -> None:
        self.seen: list[object] = []
        self._edge, self._host = edge, host
        self._over = threading.Event()
        self._threads = [threading.Thread(target=self._ask) for _ in range(4)]

    def __enter__(self):
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, *exc: object) -> None:
        self._over.set()
        for thread in self._threads:
            thread.join()

    def _ask(self) -> None:
        request = b"GET / HTTP/1.1\r\nHost: %s\r\nConnection: close\r\n\r\n" % self._host.encode()
        while not self._over.wait(0.002):
            try:
                self.seen.append(self._edge.raw(request)[:12])
            except OSError as error:
                self.seen.append(repr(error))


def change(edge, number: int) -> str:
    """Render with another setting and tell nginx; the id that it should have then."""
    env = SHORT_TIMES | {"NOMAPAAS_HOME": str(edge.home), "NOMAPAAS_PORT_BASE": str(edge.port)}
    settings = from_env(env | {"NOMAPAAS_ROUTER_HEADER_TIMEOUT": str(20 + number)})
    render(settings)
    edge.process.send_signal(signal.SIGHUP)
    return config_id(settings)


def test_an_upgrade_refuses_nobody(own_edge, dynos, table, eventually):
    """Five reloads under way: every request of every new connection is answered, from the table that was there."""
    mine = type(table)(own_edge)
    mine.app("one.localhost", dynos.echo())
    mine.push()
    with Crowd(own_edge, "one.localhost") as crowd:
        for number in range(5):
            wanted = change(own_edge, number)
            eventually(lambda wanted=wanted: own_edge.health()["config"] == wanted)

    assert set(crowd.seen) == {b"HTTP/1.1 200"}
    assert len(crowd.seen) > 50


def test_what_is_under_way_survives_an_upgrade(own_edge, dynos, table, eventually):
    """A slow answer, an upload, a held request: each ends as if nothing had been."""
    arrived, go_on = threading.Event(), threading.Event()

    def slow(connection):
        connection.recv(65536)
        arrived.set()
        go_on.wait(10)
        connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok")

    mine = type(table)(own_edge)
    mine.app("slow.localhost", dynos.scripted(slow))
    mine.app("upload.localhost", dynos.echo())
    mine.app("held.localhost", state="starting")
    mine.push()
    answers = {}
    threads = [
        threading.Thread(target=lambda host=host: answers.update({host: own_edge.get(host).status_code}))
        for host in ("slow.localhost", "held.localhost")
    ]
    for thread in threads:
        thread.start()
    assert arrived.wait(5)
    with own_edge.connect() as upload:
        upload.sendall(
            b"POST / HTTP/1.1\r\nHost: upload.localhost\r\nContent-Length: 10\r\nConnection: close\r\n\r\nhello"
        )
        before = set(own_edge.workers())
        wanted = change(own_edge, 1)
        eventually(lambda: own_edge.health()["config"] == wanted)
        upload.sendall(b"world")
        reply = b"".join(iter(lambda: upload.recv(65536), b""))
    mine.app("held.localhost", dynos.echo())
    mine.push()
    go_on.set()
    for thread in threads:
        thread.join()

    assert b'"body": "helloworld"' in reply
    assert answers == {"slow.localhost": 200, "held.localhost": 200}
    eventually(lambda: not before & set(own_edge.workers()))


def test_a_broken_configuration_changes_nothing(own_edge, dynos, table):
    """The edge goes on with the one that it has."""
    mine = type(table)(own_edge)
    mine.app("one.localhost", dynos.echo())
    mine.push()
    before = own_edge.health()["config"]
    path = own_edge.settings.etc_dir / "nginx.conf"
    whole = path.read_text()
    path.write_text(whole.replace("http {", "http { nonsense;"))

    own_edge.process.send_signal(signal.SIGHUP)
    seen = {own_edge.get("one.localhost", headers={"Connection": "close"}).status_code for _ in range(30)}
    path.write_text(whole)

    assert seen == {200}
    assert own_edge.health()["config"] == before
