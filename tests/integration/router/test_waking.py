"""Requests for apps that sleep: real nginx, and a server that plays the control API."""

from __future__ import annotations

import re
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any

import pytest

from tests.integration.router.control_api import STARTING, UP, ControlApi

TOKEN = "what-the-router-shows"
HOST = "one.localhost"
BROWSER = {"Accept": "text/html,application/xhtml+xml,*/*;q=0.8", "Sec-Fetch-Mode": "navigate"}


@pytest.fixture
def pool():
    with ThreadPoolExecutor(120) as threads:
        yield threads


@pytest.fixture
def control(waking_edge):
    """The control API that the edge asks."""
    started = ControlApi(int(waking_edge.settings.control.rsplit(":", 1)[1]))
    yield started
    started.close()


@pytest.fixture(scope="module")
def waking_edge(edge, free_ports):
    """An edge with two workers whose control API is the test's, and whose times are short."""
    own = type(edge)(
        NOMAPAAS_ROUTER_CONTROL=f"127.0.0.1:{free_ports(1)[0]}",
        NOMAPAAS_ROUTER_WORKERS="2",
        NOMAPAAS_ROUTER_BOOT_TIMEOUT="4",
        NOMAPAAS_ROUTER_WAITING_PAGE="0.8",
        NOMAPAAS_ROUTER_HELD_OF_APP="100",
        NOMAPAAS_ROUTER_HELD="120",
    )
    token = own.settings.control_token
    token.parent.mkdir(parents=True)
    token.write_text(TOKEN + "\n")
    yield own
    own.close()


@dataclass(frozen=True)
class Night:
    """An edge, its table with one sleeping app, and the control API that wakes it."""

    edge: Any
    table: Any
    control: ControlApi
    app: str


@pytest.fixture
def night(waking_edge, table, control):
    """One app sleeps."""
    table._edge = waking_edge
    waking_edge.forget_lines()
    app_id = table.app(HOST, state="idle")
    table.push()
    return Night(waking_edge, table, control, app_id)


def pause(seconds):
    threading.Event().wait(seconds)


def test_many_first_requests_are_one_wake(night, dynos, pool, eventually):
    """A hundred, of all methods, some with bodies, over two workers: one call, and each is answered once."""
    edge, dyno = night.edge, dynos.echo()

    def send(number):
        method = ("GET", "POST", "PUT", "HEAD", "DELETE")[number % 5]
        body = b"x" * 9000 if method in {"POST", "PUT"} else b""
        return edge.request(method, HOST, f"/{number}", content=body)

    waiting = [pool.submit(send, number) for number in range(100)]
    eventually(lambda: night.control.woken(night.app))
    pause(0.2)
    assert not any(request.done() for request in waiting)
    night.table.app(HOST, dyno)
    night.table.push()
    answers = [request.result() for request in waiting]

    assert [answer.status_code for answer in answers] == [200] * 100
    assert {len(answer.json()["body"]) for answer in answers if answer.request.method == "PUT"} == {9000}
    assert eventually(lambda: dyno.served >= 100)
    assert dyno.served == 100
    assert night.control.calls == [(f"/edge/apps/{night.app}/actions/wake", f"Bearer {TOKEN}")]
    assert edge.line(night.app, "at=info", 'path="/99"', "status=200")


def test_a_dyno_is_used_as_soon_as_it_listens(night, dynos, pool):
    """No check has passed it; the router tries its port while somebody waits, and other workers know it as well."""
    dyno = dynos.refusing()
    waiting = [pool.submit(night.edge.get, HOST) for _ in range(10)]
    night.table.app(HOST)
    night.table.dyno(night.app, dyno, passing=False)
    night.table.push()
    pause(0.3)
    assert not any(request.done() for request in waiting)

    dyno.listen(lambda connection: (connection.recv(9000), connection.sendall(b"HTTP/1.0 200 OK\r\n\r\nhi")))
    listening = time.monotonic()
    answers = [request.result() for request in waiting]

    assert time.monotonic() - listening < 0.3
    assert {answer.text for answer in answers} == {"hi"}
    for _ in range(20):
        assert night.edge.raw(b"GET / HTTP/1.0\r\nHost: one.localhost\r\n\r\n").endswith(b"hi")


def test_a_woken_dyno_is_not_overrun(night, dynos, pool):
    """Of a hundred that waited it gets the next ones as it answers: its own queue of connections may be short."""
    busy, most = [], []

    def answer(connection):
        connection.recv(9000)
        busy.append(1)
        most.append(len(busy))
        pause(0.01)
        busy.pop()
        connection.sendall(b"HTTP/1.0 200 OK\r\n\r\nhi")

    waiting = [pool.submit(night.edge.get, HOST) for _ in range(100)]
    pause(0.5)
    night.table.app(HOST, dynos.scripted(answer))
    night.table.push()

    assert {request.result().status_code for request in waiting} == {200}
    assert max(most) <= 30


def test_without_a_request_there_is_no_probe(night, dynos):
    """A dyno whose app nobody waits for is left alone, and nothing is woken."""
    dyno = dynos.scripted(lambda connection: connection.recv(1))
    night.table.app(HOST)
    night.table.dyno(night.app, dyno, passing=False)
    night.table.push()
    pause(0.3)

    assert dyno.seen == 0
    assert not night.control.calls


@pytest.mark.parametrize("why", ["own check", "address of another"])
def test_what_a_probe_cannot_know(night, dynos, pool, why):
    """An app with a health check of its own waits for Consul; so does a dyno whose address a second one has."""
    dyno = dynos.echo()
    night.table.app(HOST, state="up")
    night.table.dyno(night.app, dyno, passing=False, **({"check": "own"} if why == "own check" else {}))
    if why == "address of another":
        night.table.dyno(night.table.app("two.localhost"), dyno, alloc="older", passing=False)
    night.table.push()
    waiting = pool.submit(night.edge.get, HOST)
    pause(0.3)
    assert not waiting.done()
    assert dyno.served == 0

    night.table.app(HOST, dyno)
    night.table.push()
    assert waiting.result().status_code == 200


def test_a_frozen_app_answers_at_once(night, dynos):
    """Its dyno is in the table all the time; it gets no request before the control API has thawed it."""
    dyno = dynos.echo()
    served_before_wake = []
    night.control.answer = lambda _: (served_before_wake.append(dyno.served), UP)[1]
    night.table.app(HOST, dyno, state="idle")
    night.table.apps[night.app]["frozen"] = True
    night.table.push()

    started = time.monotonic()
    answer = night.edge.get(HOST)

    assert answer.status_code == 200
    assert time.monotonic() - started < 0.2
    assert served_before_wake == [0]


def test_a_thaw_that_takes_a_while_is_waited_for(night, dynos):
    """While the control API says `starting`, a frozen dyno takes connections and answers none."""
    dyno, answers = dynos.echo(), [STARTING, STARTING, UP]
    night.control.answer = lambda _: (answers.pop(0), dyno.served)[0]
    night.table.app(HOST, dyno, state="idle")
    night.table.apps[night.app]["frozen"] = True
    night.table.push()

    assert night.edge.get(HOST).status_code == 200
    assert not answers


def test_an_answer_does_not_outlive_its_sleep(night, dynos):
    """Awake, then asleep again: the next request wakes it anew."""
    dyno = dynos.echo()
    night.control.answer = lambda _: UP
    for count in (1, 2):
        night.table.app(HOST, dyno, state="idle")
        night.table.apps[night.app]["frozen"] = True
        night.table.push()
        assert night.edge.get(HOST).status_code == 200
        night.table.app(HOST, dyno)
        night.table.push()
        assert night.edge.get(HOST).status_code == 200
        assert night.control.woken(night.app) == count


def test_a_control_api_that_is_away_is_asked_again(night, dynos, pool, eventually):
    """Refused, then 503: while somebody waits it is asked again, not in a rush."""
    answers = [(503, {}), (503, {}), STARTING]
    night.control.answer = lambda _: answers.pop(0)
    night.control.close()
    waiting = pool.submit(night.edge.get, HOST)
    pause(0.05)
    night.control.start()
    eventually(lambda: not answers)
    night.table.app(HOST, dynos.echo())
    night.table.push()

    assert waiting.result().status_code == 200
    assert night.control.woken(night.app) == 3


def test_an_app_that_the_control_api_does_not_know(night):
    """It was destroyed and the table has not heard of it yet."""
    night.control.answer = lambda _: (404, {"id": "not_found"})

    assert night.edge.get(HOST).status_code == 404


def test_a_wake_that_fails_is_h20_and_the_next_request_tries_again(night, dynos, pool):
    """The app is asleep again before its dyno came: that is said at once, whatever the boot timeout."""
    waiting = pool.submit(night.edge.get, HOST)
    pause(0.2)
    night.table.app(HOST)
    night.table.push()
    pause(0.2)
    night.table.app(HOST, state="idle")
    night.table.push()
    failed = time.monotonic()

    assert waiting.result().status_code == 503
    assert time.monotonic() - failed < 0.3
    line = night.edge.line(night.app, 'at=error code=H20 desc="App boot timeout"')
    assert re.search(r"request_id=[0-9a-f-]{36} ", line)
    pause(0.3)
    assert night.control.woken(night.app) == 1

    again = pool.submit(night.edge.get, HOST)
    pause(0.2)
    assert night.control.woken(night.app) == 2
    night.table.app(HOST, dynos.echo())
    night.table.push()
    assert again.result().status_code == 200


def test_a_browser_is_shown_the_waiting_page(night, dynos):
    """After its time, with what makes it load again; the log has it as what it is, no failure."""
    started = time.monotonic()
    answer = night.edge.get(HOST, headers=BROWSER)

    assert 0.75 <= time.monotonic() - started < 2
    assert answer.status_code == 503
    assert '<meta http-equiv="refresh" content="1">' in answer.text
    assert "://" not in answer.text
    assert answer.headers["Cache-Control"] == "no-store"
    assert answer.headers["Retry-After"] == "5"
    assert night.edge.line(night.app, "at=info", "status=503")
    night.table.app(HOST, dynos.echo())
    night.table.push()
    assert night.edge.get(HOST, headers=BROWSER).status_code == 200
    assert night.control.woken(night.app) == 1


def test_a_browser_whose_app_comes_soon_sees_no_page(night, dynos, pool):
    """The first answer is the app's."""
    waiting = pool.submit(night.edge.get, HOST, headers=BROWSER)
    pause(0.15)
    night.table.app(HOST, dynos.echo())
    night.table.push()

    assert waiting.result().status_code == 200


def test_programs_are_held_to_the_end(night, pool):
    """API clients, scripts of pages, forms that were sent: H20 after the boot timeout, never a page that waits."""
    kinds = (
        ("GET", {"Accept": "application/json"}),
        ("GET", {}),
        ("GET", BROWSER | {"Sec-Fetch-Mode": "cors"}),
        ("POST", BROWSER),
        ("HEAD", BROWSER),
        ("GET", BROWSER | {"Upgrade": "websocket", "Connection": "Upgrade"}),
    )
    started = time.monotonic()
    waiting = [pool.submit(night.edge.request, method, HOST, headers=headers) for method, headers in kinds]
    pause(3.7)
    assert not any(request.done() for request in waiting)
    answers = [request.result() for request in waiting]

    assert time.monotonic() - started > 3.95
    assert {answer.status_code for answer in answers} == {503}
    assert not any("http-equiv" in answer.text for answer in answers)
    assert night.edge.line(night.app, "code=H20", "method=HEAD")


def test_a_browser_that_comes_again_is_not_kept_for_ever(night):
    """Its boot timeout began with its first request: then it hears that the app does not start."""
    started, pages = time.monotonic(), 0
    while "http-equiv" in night.edge.get(HOST, headers=BROWSER).text:
        pages += 1

    assert pages == 4
    assert 3.9 < time.monotonic() - started < 6
    assert night.edge.line(night.app, "code=H20")
    assert "http-equiv" in night.edge.get(HOST, headers=BROWSER).text


def test_a_client_that_leaves_is_h27_and_its_wake_goes_on(night, dynos, eventually):
    """The wake that it began is for the next one."""
    night.control.answer = lambda _: (pause(0.3), STARTING)[1]
    with night.edge.connect() as client:
        client.sendall(b"POST /gone HTTP/1.1\r\nHost: one.localhost\r\nContent-Length: 5\r\n\r\nhel")
        eventually(lambda: night.control.woken(night.app))
    assert night.edge.line(night.app, "sock=client at=warning code=H27", 'path="/gone"', "status=499")
    night.table.app(HOST, dynos.echo())
    night.table.push()

    assert night.edge.get(HOST).status_code == 200
    assert night.control.woken(night.app) == 1


def test_too_many_are_refused(night, dynos, pool):
    """Beyond what may wait for one app it is H11; who leaves makes room; another app has room of its own."""
    clients = []
    for _ in range(220):
        clients.append(night.edge.connect())
        clients[-1].sendall(b"GET / HTTP/1.1\r\nHost: one.localhost\r\n\r\n")
    assert night.edge.line(night.app, 'at=error code=H11 desc="Backlog too deep"', "status=503")
    other = night.table.app("two.localhost", state="idle")
    night.table.push()
    waiting = pool.submit(night.edge.get, "two.localhost")
    pause(0.2)
    assert not waiting.done()
    for client in clients:
        client.close()
    pause(0.2)
    night.edge.forget_lines()
    again = pool.submit(night.edge.get, HOST)
    pause(0.2)
    assert not again.done()

    night.table.app(HOST, dynos.echo())
    night.table.app("two.localhost", dynos.echo())
    night.table.push()
    assert (again.result().status_code, waiting.result().status_code) == (200, 200)
    assert night.control.woken(other) == 1


def test_a_sleeping_app_in_maintenance_sleeps_on(night):
    """H80, and no wake."""
    night.table.apps[night.app]["maintenance"] = True
    night.table.push()

    assert night.edge.get(HOST).status_code == 503
    assert night.edge.line(night.app, "code=H80")
    assert not night.control.calls


def test_a_missing_token_is_no_crash(night):
    """The request ends as H20, and the control API is not asked without it."""
    token = night.edge.settings.control_token
    token.rename(token.with_suffix(".away"))
    try:
        assert night.edge.get(HOST).status_code == 503
        assert not night.control.calls
    finally:
        token.with_suffix(".away").rename(token)
