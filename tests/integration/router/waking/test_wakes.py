"""Requests for apps that sleep: held, answered by the woken dyno, refused when it does not come."""

from __future__ import annotations

import re
import time

import pytest

from tests.integration.router.control_api import STARTING, UP
from tests.integration.router.waking.night import HOST, TOKEN, pause


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


@pytest.mark.parametrize("frozen", [True, False])
def test_what_is_gone_gets_no_request(frozen, night, dynos, pool, eventually):
    """Nor does whoever waits hear of it, whatever the table says for a moment more: a new dyno answers."""
    gone, body = dynos.refusing(), b"for the new one"
    night.control.answer = lambda _: STARTING
    night.table.app(HOST, gone, state="idle")
    night.table.apps[night.app]["frozen"] = frozen
    night.table.push()
    waiting = pool.submit(night.edge.request, "POST", HOST, content=body)
    eventually(lambda: night.control.woken(night.app))
    night.table.app(HOST, gone)
    night.table.push()
    pause(0.1)
    assert not waiting.done()

    night.table.app(HOST, dynos.echo())
    night.table.push()

    assert waiting.result().status_code == 200
    assert waiting.result().json()["body"] == body.decode()


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
