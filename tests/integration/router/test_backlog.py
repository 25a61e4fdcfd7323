"""What happens when requests come faster than the dynos answer."""

from __future__ import annotations

import threading
import time

import pytest

from tests.integration.router.test_codes import head

REPLY = b"HTTP/1.1 200 OK\r\nContent-Length: 4\r\nConnection: close\r\n\r\ndone"


class Gate:
    """A dyno whose answers wait until they are let through; `came` has the paths in the order of their arrival."""

    def __init__(self):
        self.came = []
        self._passes = threading.Semaphore(0)

    def handle(self, connection):
        self.came.append(head(connection).split(b" ", 2)[1].decode())
        if self._passes.acquire(timeout=10):
            connection.sendall(REPLY)

    def handle_slowly(self, connection):
        """Begins to answer at once."""
        self.came.append(head(connection).split(b" ", 2)[1].decode())
        connection.sendall(REPLY[:-2])
        if self._passes.acquire(timeout=10):
            connection.sendall(REPLY[-2:])

    def open(self, times=1):
        for _ in range(times):
            self._passes.release()


def _narrow(edge, **more):
    """One worker; two requests a dyno, three a dyno in the queue."""
    more = {"WORKERS": "1", "DYNO_REQUESTS": "2", "BACKLOG": "3"} | more
    return type(edge)(**{f"NOMAPAAS_ROUTER_{name}": value for name, value in more.items()})


@pytest.fixture(scope="module")
def narrow(edge):
    """One that has patience: how fast the machine is does not matter."""
    started = _narrow(edge, FIRST_BYTE_TIMEOUT="20", IDLE_TIMEOUT="30")
    yield started
    started.close()


@pytest.fixture
def hasty(edge):
    """One that has not."""
    started = _narrow(edge, FIRST_BYTE_TIMEOUT="2", IDLE_TIMEOUT="30")
    yield started
    started.close()


def ask(edge, path):
    """Send a request on a connection of its own; nginx's one worker takes them in this order."""
    connection = edge.connect()
    connection.sendall(f"GET {path} HTTP/1.1\r\nHost: one.localhost\r\nConnection: close\r\n\r\n".encode())
    return connection


def all_are_taken(edge):
    """What was asked before has been read by nginx's one worker: it answers what comes last."""
    later = edge.raw(b"GET / HTTP/1.1\r\nHost: nobody.localhost\r\nConnection: close\r\n\r\n")
    assert later.startswith(b"HTTP/1.1 404 ")


def reply(connection):
    """All that comes back."""
    with connection:
        return b"".join(iter(lambda: connection.recv(65536), b""))


def begin(table, narrow, dynos):
    """An app with one gated dyno; the gate, the table and the app's id."""
    gate, mine = Gate(), type(table)(narrow)
    app_id = mine.app("one.localhost", dynos.scripted(gate.handle))
    mine.push()
    return gate, mine, app_id


def test_a_full_app_queues_and_then_says_h11(narrow, table, dynos, eventually):
    """Two at the dyno, three in the queue, the sixth is refused at once; the five are answered in their order."""
    gate, _, app_id = begin(table, narrow, dynos)
    asked = [ask(narrow, f"/{number}") for number in range(5)]
    eventually(lambda: len(gate.came) == 2)
    all_are_taken(narrow)

    started = time.monotonic()
    refused = narrow.get("one.localhost", "/6", headers={"Accept": "application/json"})
    taken = time.monotonic() - started
    for count in (3, 4, 5):
        gate.open()
        eventually(lambda count=count: len(gate.came) == count)
    gate.open(2)
    replies = [reply(connection) for connection in asked]

    assert refused.status_code == 503
    assert refused.json()["id"] == "application_error"
    assert taken < 0.5
    assert narrow.line(
        app_id, 'at=error code=H11 desc="Backlog too deep" method=GET path="/6"', "dyno= connect= service="
    )
    assert [each[9:12] for each in replies] == [b"200"] * 5
    assert gate.came[2:] == ["/2", "/3", "/4"]


def test_who_waits_too_long_in_the_queue_gets_h12(hasty, table, dynos):
    """A queued request has no more time than one at a dyno, and reaches none afterwards."""
    gate, mine = Gate(), type(table)(hasty)
    app_id = mine.app("one.localhost", dynos.scripted(gate.handle_slowly))
    mine.push()
    asked = [ask(hasty, f"/{number}") for number in range(3)]

    started = time.monotonic()
    late = reply(asked[2])
    taken = time.monotonic() - started
    gate.open(2)

    assert late[9:12] == b"503"
    assert 1.5 < taken < 3
    assert hasty.line(app_id, "code=H12", 'path="/2"', "dyno= ")
    assert all(reply(connection).endswith(b"done") for connection in asked[:2])
    assert sorted(gate.came) == ["/0", "/1"]


def test_a_new_dyno_takes_over_from_the_queue(narrow, table, dynos, eventually):
    """Scaling up while requests wait: they go on within a second or so, without any other request."""
    gate, mine, app_id = begin(table, narrow, dynos)
    asked = [ask(narrow, f"/{number}") for number in range(4)]
    eventually(lambda: len(gate.came) == 2)

    mine.dyno(app_id, dynos.echo("web.2"))
    mine.push()
    answers = [reply(connection) for connection in asked[2:]]
    gate.open(2)

    assert all(b'"dyno": "web.2"' in answer for answer in answers)
    assert all(reply(connection).endswith(b"done") for connection in asked[:2])


def test_maintenance_ends_the_queue(narrow, table, dynos, eventually):
    """Who waits when an app goes into maintenance gets its page, not a dyno."""
    gate, mine, app_id = begin(table, narrow, dynos)
    asked = [ask(narrow, f"/{number}") for number in range(3)]
    eventually(lambda: len(gate.came) == 2)

    mine.apps[app_id]["maintenance"] = True
    mine.push()
    waiting = reply(asked[2])
    gate.open(2)

    assert b"Offline for Maintenance" in waiting
    assert narrow.line(app_id, "code=H80", 'path="/2"')
    assert all(reply(connection).endswith(b"done") for connection in asked[:2])


def test_the_least_loaded_dynos_share_new_requests(narrow, table, dynos, eventually):
    """Of four dynos one is busy: it gets none of the next requests, and the other three each get some."""
    gate, mine, app_id = begin(table, narrow, dynos)
    busy = ask(narrow, "/slow")
    eventually(lambda: gate.came)
    for number in (2, 3, 4):
        mine.dyno(app_id, dynos.echo(f"web.{number}"))
    mine.push()

    found = [narrow.get("one.localhost").json()["dyno"] for _ in range(40)]
    gate.open()

    assert set(found) == {"web.2", "web.3", "web.4"}
    assert reply(busy).endswith(b"done")


def test_a_client_that_leaves_the_queue_gives_its_place_up(narrow, table, dynos, eventually):
    """Its line says so, the next one is served in its place, and afterwards there is as much room as before."""
    gate, _, app_id = begin(table, narrow, dynos)
    asked = [ask(narrow, f"/{number}") for number in range(4)]
    eventually(lambda: len(gate.came) == 2)
    all_are_taken(narrow)
    asked.pop(2).close()

    assert narrow.line(app_id, "sock=client at=warning code=H27", 'path="/2"', "dyno= ", "status=499")
    gate.open(3)
    assert all(reply(connection).endswith(b"done") for connection in asked)
    assert sorted(gate.came) == ["/0", "/1", "/3"]

    gate.open(5)
    again = [ask(narrow, f"/again-{number}") for number in range(5)]
    assert all(reply(connection).endswith(b"done") for connection in again)
