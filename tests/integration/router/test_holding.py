"""Requests that come before their app is there."""

from __future__ import annotations

import threading
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest


@pytest.fixture
def pool():
    with ThreadPoolExecutor(40) as threads:
        yield threads


def settled(milliseconds=150):
    """Give requests that were sent the time to arrive."""
    threading.Event().wait(milliseconds / 1000)


@pytest.mark.parametrize("state", ["starting", "up", "idle"])
def test_a_request_waits_for_the_dyno(edge, table, dynos, pool, state):
    """Many requests, some with bodies, are held and all answered as soon as the table has a dyno."""
    table.app("one.localhost", state=state)
    table.push()
    waiting = [pool.submit(edge.request, "POST", "one.localhost", f"/{n}", content=b"x" * 9000) for n in range(15)]
    waiting += [pool.submit(edge.get, "one.localhost", f"/{n}") for n in range(15)]
    settled()
    assert not any(request.done() for request in waiting)

    app_id = table.app("one.localhost", dynos.echo())
    table.push()
    pushed = time.monotonic()
    answers = [request.result() for request in waiting]

    assert time.monotonic() - pushed < 1
    assert [answer.status_code for answer in answers] == [200] * 30
    assert {len(answer.json()["body"]) for answer in answers} == {9000, 0}
    assert edge.line(app_id, "at=info", 'path="/14"')


def test_a_held_request_tells_when_it_came(edge, table, dynos, pool):
    """X-Request-Start is the time of arrival, not that of the end of the wait."""
    table.app("one.localhost", state="starting")
    table.push()
    came = time.time() * 1000
    waiting = pool.submit(edge.get, "one.localhost")
    settled(400)
    table.app("one.localhost", dynos.echo())
    table.push()

    start = dict(waiting.result().json()["headers"])["X-Request-Start"]

    assert came - 50 <= int(start) <= came + 250


def test_an_app_that_does_not_come_is_h20(edge, table, pool):
    """After the boot time the request fails; never before."""
    app_id = table.app("one.localhost", state="starting")
    table.push()
    started = time.monotonic()

    answer = edge.get("one.localhost")

    assert answer.status_code == 503
    assert 1.4 <= time.monotonic() - started < 3
    assert edge.line(app_id, 'at=error code=H20 desc="App boot timeout"', "dyno= ")


@pytest.mark.parametrize(("state", "code"), [("crashed", "H10"), ("down", "H14")])
def test_a_boot_that_fails_ends_the_wait(edge, table, pool, state, code):
    """A held request hears at once that its app crashed, or was scaled down."""
    table.app("one.localhost", state="starting")
    table.push()
    waiting = pool.submit(edge.get, "one.localhost")
    settled()
    app_id = table.app("one.localhost", state=state)
    table.push()
    pushed = time.monotonic()

    assert waiting.result().status_code == 503
    assert time.monotonic() - pushed < 0.7
    assert edge.line(app_id, f"code={code}")


def test_an_app_that_goes_while_a_request_waits(edge, table, pool):
    """The app was destroyed: the request gets what an unknown host gets."""
    table.app("one.localhost", state="starting")
    table.push()
    waiting = pool.submit(edge.get, "one.localhost")
    settled()
    table.apps.clear()
    table.push()

    assert waiting.result().status_code == 404


def test_a_waiting_client_that_goes_harms_nobody(edge, table, dynos, pool):
    """Of two who wait one goes; the other is answered."""
    table.app("one.localhost", state="starting")
    table.push()
    with edge.connect() as client:
        client.sendall(b"GET /gone HTTP/1.1\r\nHost: one.localhost\r\n\r\n")
        waiting = pool.submit(edge.get, "one.localhost")
        settled()
    table.app("one.localhost", dynos.echo())
    table.push()

    assert waiting.result().status_code == 200


def test_nothing_runs_when_nobody_asks(edge, table, dynos):
    """An edge without requests wakes up for its heartbeat every two seconds only, also after requests were held."""
    table.app("one.localhost", dynos.echo())
    table.push()
    assert edge.get("one.localhost").status_code == 200
    settled(1500)

    before = [switches(pid) for pid in edge.workers()]
    settled(1500)

    after = [switches(pid) for pid in edge.workers()]
    assert all(new - old <= 2 for old, new in zip(before, after, strict=True)), (before, after)


def switches(pid):
    """How often the process gave the processor back."""
    status = Path(f"/proc/{pid}/status").read_text()
    return next(int(line.split()[1]) for line in status.splitlines() if line.startswith("voluntary"))
