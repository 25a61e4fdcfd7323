"""What survives: nginx's end, the node agent's, a flood of lines, thousands of apps."""

from __future__ import annotations

import json
import os
import signal
import socket
import threading
import time
import uuid
from concurrent.futures import ThreadPoolExecutor

import httpx
import pytest


@pytest.fixture
def own_edge(edge):
    """An edge of its own, because it will be hurt."""
    started = type(edge)()
    yield started
    started.close()


def test_workers_that_nobody_asked_for_a_while_serve(own_edge, dynos, table, eventually):
    """They take a table over before their first request comes."""
    mine = type(table)(own_edge)
    mine.app("one.localhost", dynos.echo())
    mine.push()
    own_edge.forget_lines()
    eventually(lambda: min(told(own_edge, slot) for slot in (0, 1)) >= 3, seconds=10)

    answers = [own_edge.get("one.localhost", headers={"Connection": "close"}) for _ in range(20)]
    assert {answer.status_code for answer in answers} == {200}


def told(edge, slot):
    """How many of their heartbeats a worker has had."""
    return sum(report.slot == slot for report in list(edge.reports))


def test_a_killed_edge_serves_from_the_table_it_had(own_edge, dynos, table):
    """After SIGKILL nginx starts on what its predecessor left, and answers without a push."""
    mine = type(table)(own_edge)
    mine.app("one.localhost", dynos.echo())
    mine.push()
    assert own_edge.get("one.localhost", headers={"Connection": "close"}).status_code == 200
    workers = own_edge.workers()
    own_edge.process.kill()
    for pid in workers:
        os.kill(pid, signal.SIGKILL)
    own_edge.process.wait()

    started = time.monotonic()
    own_edge.start()

    assert own_edge.get("one.localhost").status_code == 200
    assert time.monotonic() - started < 2


def test_a_worker_that_dies_takes_nothing_with_it(own_edge, dynos, table, eventually):
    """The table is every worker's; a new one has it at once."""
    mine = type(table)(own_edge)
    mine.app("one.localhost", dynos.echo())
    mine.push()
    before = own_edge.workers()
    for pid in before:
        os.kill(pid, signal.SIGKILL)
    eventually(lambda: len(set(own_edge.workers()) - set(before)) == len(before))

    closing = {"Connection": "close"}
    assert {own_edge.get("one.localhost", headers=closing).status_code for _ in range(10)} == {200}


def test_a_spoiled_kept_table_is_not_used(own_edge, table):
    """Half a file does not keep nginx from starting; requests are told that there is no table."""
    own_edge.stop()
    own_edge.settings.table_file.write_text('{"apps":[')
    own_edge.start()

    assert own_edge.health()["version"] == 0
    assert own_edge.get("one.localhost").status_code == 503


def test_requests_under_way_are_finished_when_nginx_is_told_to_end(own_edge, dynos, table):
    """SIGQUIT, which Nomad sends, cuts nobody off, and loses no line."""
    arrived = threading.Event()

    def slow(connection):
        connection.recv(65536)
        arrived.set()
        threading.Event().wait(0.5)
        connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok")

    mine = type(table)(own_edge)
    app_id = mine.app("one.localhost", dynos.scripted(slow))
    mine.push()
    answers = []
    request = threading.Thread(target=lambda: answers.append(own_edge.get("one.localhost").text))
    request.start()
    assert arrived.wait(5)
    own_edge.process.send_signal(signal.SIGQUIT)
    request.join()

    assert answers == ["ok"]
    assert own_edge.process.wait(10) == 0
    assert own_edge.line(app_id, "status=200")


def test_a_request_that_takes_too_long_for_nginxs_end_is_h24(own_edge, dynos, table):
    """It waits for its idle timeout, 3 s here, also where bytes go on coming; then it ends and says so."""
    arrived, over = threading.Event(), threading.Event()

    def endless(connection):
        connection.recv(65536)
        connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 1000000\r\n\r\n")
        arrived.set()
        while not over.wait(0.2):
            connection.sendall(b"x")

    mine = type(table)(own_edge)
    app_id = mine.app("one.localhost", dynos.scripted(endless))
    mine.push()
    with own_edge.connect() as client:
        client.sendall(b"GET / HTTP/1.1\r\nHost: one.localhost\r\n\r\n")
        assert arrived.wait(5)
        told_at = time.monotonic()
        own_edge.process.send_signal(signal.SIGQUIT)
        while client.recv(65536):
            pass
        took = time.monotonic() - told_at
    over.set()

    assert own_edge.process.wait(10) == 0
    assert 2.5 < took < 6
    assert own_edge.line(app_id, 'at=error code=H24 desc="Forced close"', "dyno=web.1", "status=503")


def test_no_line_is_lost_while_the_node_agent_restarts(own_edge, dynos, table):
    """Lines wait for the agent's socket to come back."""
    mine = type(table)(own_edge)
    app_id = mine.app("one.localhost", dynos.echo())
    mine.push()
    path = own_edge.settings.log_socket
    path.rename(path.with_suffix(".away"))
    for number in range(30):
        assert own_edge.get("one.localhost", f"/{number}").status_code == 200
    threading.Event().wait(0.3)
    path.with_suffix(".away").rename(path)

    for number in range(30):
        assert own_edge.line(app_id, f'path="/{number}"')


def test_requests_are_served_without_a_node_agent(own_edge, dynos, table):
    """However many lines cannot be delivered, requests go on and memory is bounded."""
    mine = type(table)(own_edge)
    mine.app("one.localhost", dynos.echo())
    mine.push()
    own_edge.settings.log_socket.rename(own_edge.settings.log_socket.with_suffix(".away"))

    try:
        assert {own_edge.get("one.localhost", "/" + "x" * 7000).status_code for _ in range(600)} == {200}
    finally:
        own_edge.settings.log_socket.with_suffix(".away").rename(own_edge.settings.log_socket)


def test_a_thousand_apps_are_pushed_quickly(edge, table, dynos):
    """A table of 1,000 apps is taken in a fraction of a second and used by every worker."""
    apps, listed = [], []
    dyno = dynos.echo()
    for number in range(1000):
        app = str(uuid.uuid4())
        hosts = [f"app-{number}.localhost", f"www.app-{number}.example.org"]
        apps.append(json.dumps({"app": app, "name": f"app-{number}", "hosts": hosts, "state": "up"}))
        where = {"app": app, "addr": "127.0.0.1", "port": dyno.port, "dyno": "web.1", "alloc": app, "stage": "live"}
        listed.append(where | {"release": "1", "passing": True})
    started = time.monotonic()
    assert edge.push({"apps": apps, "dynos": listed}).status_code == 200
    taken = time.monotonic() - started

    assert edge.health()["apps"] == 1000
    assert edge.get("www.app-999.example.org").status_code == 200
    assert taken < 0.5


def test_tables_that_come_at_once_are_all_taken(edge, dynos):
    """Whoever comes while another worker takes a table waits for it, rather than for curl's next try."""
    where = {"addr": "127.0.0.1", "port": dynos.echo().port, "dyno": "web.1", "stage": "live", "release": "1"}

    def push(name):
        apps = [{"app": str(uuid.uuid4()), "name": name, "hosts": [f"{name}-{each}.localhost"]} for each in range(300)]
        listed = [where | {"app": app["app"], "alloc": app["app"], "passing": True} for app in apps]
        records = [json.dumps(app | {"state": "up"}) for app in apps]
        with httpx.Client(transport=httpx.HTTPTransport(uds=str(edge.settings.socket))) as client:
            return client.put("http://edge/table", json={"apps": records, "dynos": listed}).status_code

    with ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(push, [f"app-{number}" for number in range(40)]))

    assert answers == [200] * 40


def test_an_ipv6_dyno_is_reached(edge, table, dynos):
    """Addresses of both kinds work."""

    def answers(listener):
        with listener.accept()[0] as connection:
            connection.recv(65536)
            connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nv6")

    if not socket.has_ipv6:
        pytest.skip("This machine has no IPv6.")
    app_id = table.app("one.localhost")
    with socket.create_server(("::1", 0), family=socket.AF_INET6) as listener:
        table.dynos.append(
            {"app": app_id, "addr": "::1", "port": listener.getsockname()[1], "dyno": "web.1", "alloc": "a"}
            | {"release": "1", "stage": "live", "passing": True}
        )
        table.push()
        served = threading.Thread(target=answers, args=(listener,))
        served.start()

        assert edge.get("one.localhost").text == "v6"
        served.join()


def test_a_worker_may_hear_of_the_table_before_it_has_a_request(own_edge, table, dynos, eventually):
    """It looks by itself every two seconds, and then its first request finds all of it."""
    mine = type(table)(own_edge)
    mine.app("one.localhost", dynos.echo())
    mine.push()
    mine.app("two.localhost")
    mine.push()
    # The addresses of an older table are kept until every worker has the newer one.
    eventually(lambda: len(list(own_edge.settings.routed.iterdir())) == 1, seconds=15)

    answers = [own_edge.raw(b"GET / HTTP/1.1\r\nHost: one.localhost\r\nConnection: close\r\n\r\n") for _ in range(20)]

    assert {answer.split(b"\r\n")[0] for answer in answers} == {b"HTTP/1.1 200 OK"}
