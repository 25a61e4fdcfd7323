"""What the router's workers count, as the node agent hears it."""

from __future__ import annotations

import contextlib
import ctypes
import os
import re
import signal
import threading
from collections import Counter

import pytest

from control.node.histogram import bucket_of
from router.render import HERE
from tests.integration.router.conftest import Edge, Table

LUAJIT = "libluajit-5.1.so.2"
OK = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"


def told(edge, app_id):
    """All that was told of an app so far."""
    return [app for report in list(edge.reports) for app in report.apps if app.app_id == app_id]


def total(edge, app_id, what):
    return sum(getattr(app, what) for app in told(edge, app_id))


def in_flight(edge, app_id):
    """What each worker said last."""
    latest = {}
    for report in list(edge.reports):
        for app in report.apps:
            if app.app_id == app_id:
                latest[report.worker] = app.in_flight
    return sum(latest.values())


def head(connection):
    seen = b""
    while b"\r\n\r\n" not in seen:
        more = connection.recv(65536)
        if not more:
            return b""
        seen += more
    return seen


@pytest.fixture
def own_edge():
    """One worker, which is patient."""
    patience = {"NOMAPAAS_ROUTER_FIRST_BYTE_TIMEOUT": "20", "NOMAPAAS_ROUTER_IDLE_TIMEOUT": "20"}
    started = Edge(NOMAPAAS_ROUTER_WORKERS="1", NOMAPAAS_ROUTER_BOOT_TIMEOUT="20", **patience)
    yield started
    started.close()


def test_buckets_are_the_same_on_both_sides():
    """The router fills what the node agent reads."""
    lua = ctypes.CDLL(LUAJIT)
    lua.luaL_newstate.restype = ctypes.c_void_p
    lua.lua_tolstring.restype = ctypes.c_char_p
    state = ctypes.c_void_p(lua.luaL_newstate())
    times = [*range(5000), *(2**power + more for power in range(12, 31) for more in (-1, 0, 1))]
    code = f"package.path = '{HERE}/lua/?.lua'; local of, list = require('buckets').of, {{}}; "
    code += f"for _, ms in ipairs({{{','.join(map(str, times))}}}) do list[#list + 1] = of(ms) end; "
    code += "return table.concat(list, ' ')"
    lua.luaL_openlibs(state)
    assert lua.luaL_loadstring(state, code.encode()) == 0
    assert lua.lua_pcall(state, 0, 1, 0) == 0
    found = lua.lua_tolstring(state, -1, None).decode().split(" ")
    lua.lua_close(state)

    assert list(map(int, found)) == list(map(bucket_of, times))


def test_every_worker_is_heard_though_nothing_happens(edge, table, eventually):
    """A report without apps, again and again: silence would mean that the router is not there."""
    eventually(lambda: min(Counter(report.slot for report in list(edge.reports)).values(), default=0) >= 2)

    assert {report.slot for report in edge.reports} == {0, 1}
    assert {report.of for report in edge.reports} == {2}


def test_what_ended_is_counted(edge, table, dynos, eventually):
    """Statuses, bytes, codes and times; the times are those of the request lines."""
    pauses = iter([0, 0.01, 0.04, 0.1])

    def answers(connection):
        while head(connection):
            threading.Event().wait(next(pauses))
            connection.sendall(OK)

    app_id = table.app("one.localhost", dynos.scripted(answers))
    down = table.app("down.localhost", state="down")
    table.push()
    for _ in range(4):
        assert edge.get("one.localhost").status_code == 200
    sent = sum(len(edge.get("down.localhost").content) for _ in range(3))
    eventually(lambda: total(edge, app_id, "requests") == 4 and total(edge, down, "requests") == 3)

    assert [sum(each) for each in zip(*(app.statuses for app in told(edge, app_id)), strict=True)] == [0, 4, 0, 0, 0]
    assert total(edge, app_id, "sent") == 8
    lines = [edge.line(app_id, f"service={ms}ms") for ms in services(edge, app_id)]
    assert len(lines) == 4
    for what in ("connect", "service"):
        counted = sum((Counter(getattr(app, what)) for app in told(edge, app_id)), Counter())
        assert counted == Counter(bucket_of(ms) for ms in services(edge, app_id, what))
    assert sum((Counter(app.codes) for app in told(edge, down)), Counter()) == {"H14": 3}
    assert total(edge, down, "sent") == sent
    assert not any(app.service for app in told(edge, down))


def services(edge, app_id, what="service"):
    return [int(ms) for line in edge._lines if app_id in line for ms in re.findall(rf" {what}=(\d+)ms", line)]


def test_what_is_under_way_is_in_flight_until_its_end(own_edge, dynos, eventually):
    """A download and a WebSocket; each of them ends, and is counted once."""
    go_on = threading.Event()

    def is_slow(connection):
        upgraded = b"websocket" in head(connection)
        if upgraded:
            connection.sendall(b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: upgrade\r\n\r\n")
        else:
            connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n12")
        assert go_on.wait(10)
        if not upgraded:
            connection.sendall(b"345")

    table = Table(own_edge)
    app_id = table.app("one.localhost", dynos.scripted(is_slow))
    table.push()
    upgrade = b"Connection: upgrade\r\nUpgrade: websocket\r\n"
    with own_edge.connect() as download, own_edge.connect() as websocket:
        download.sendall(b"GET / HTTP/1.1\r\nHost: one.localhost\r\n\r\n")
        websocket.sendall(b"GET / HTTP/1.1\r\nHost: one.localhost\r\n" + upgrade + b"\r\n")
        eventually(lambda: in_flight(own_edge, app_id) == 2)
        own_edge.reports.clear()
        # It is repeated, so that one lost datagram does no harm.
        eventually(lambda: in_flight(own_edge, app_id) == 2)
        assert total(own_edge, app_id, "requests") == 0
        go_on.set()
        eventually(lambda: total(own_edge, app_id, "requests") == 2)

    assert in_flight(own_edge, app_id) == 0
    # Nobody waits for the end of a WebSocket.
    assert sum(sum(app.service.values()) for app in told(own_edge, app_id)) == 1


def test_a_held_request_is_in_flight(edge, table, eventually):
    """Until its time is up; what became of it is counted, and nothing stays."""
    app_id = table.app("one.localhost", state="starting")
    table.push()
    asking = threading.Thread(target=edge.get, args=("one.localhost",))
    asking.start()
    eventually(lambda: in_flight(edge, app_id) == 1 or total(edge, app_id, "requests") == 1)
    asking.join()
    eventually(lambda: total(edge, app_id, "requests") == 1)

    assert in_flight(edge, app_id) == 0
    assert sum((Counter(app.codes) for app in told(edge, app_id)), Counter()) == {"H20": 1}


@pytest.mark.parametrize("how", ["at once", "later"])
def test_an_app_that_goes_while_a_request_waits_keeps_nothing(edge, table, eventually, how):
    """The request ends with 404, which is nobody's error, and is in flight no more."""
    app_id = table.app("one.localhost", state="starting")
    table.push()
    asking = threading.Thread(target=edge.get, args=("one.localhost",))
    asking.start()
    if how == "later":
        eventually(lambda: in_flight(edge, app_id) == 1 or total(edge, app_id, "requests") == 1)
    del table.apps[app_id]
    table.push()
    asking.join()
    eventually(lambda: how == "at once" or total(edge, app_id, "requests") == 1)

    assert in_flight(edge, app_id) == 0


def test_a_client_that_goes_ends_its_request(edge, table, dynos, eventually):
    """Before the dyno says anything, and in the middle of its answer."""
    here, go_on = threading.Semaphore(0), threading.Event()

    def is_slow(connection):
        if b"/middle" in head(connection):
            connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 500000\r\n\r\n12")
        here.release()
        with contextlib.suppress(OSError):
            go_on.wait(10)

    app_id = table.app("one.localhost", dynos.scripted(is_slow))
    table.push()
    for path in (b"/middle", b"/before"):
        with edge.connect() as client:
            client.sendall(b"GET " + path + b" HTTP/1.1\r\nHost: one.localhost\r\n\r\n")
            assert here.acquire(timeout=5)
    eventually(lambda: total(edge, app_id, "requests") == 2)
    go_on.set()

    assert in_flight(edge, app_id) == 0


def test_a_client_that_goes_while_it_is_held_ends_its_request(own_edge, eventually):
    """Nothing waits for its app any more."""
    table = Table(own_edge)
    app_id = table.app("one.localhost", state="starting")
    table.push()
    with own_edge.connect() as client:
        client.sendall(b"GET / HTTP/1.1\r\nHost: one.localhost\r\n\r\n")
        eventually(lambda: in_flight(own_edge, app_id) == 1)
    eventually(lambda: total(own_edge, app_id, "requests") == 1)

    assert in_flight(own_edge, app_id) == 0
    assert sum((Counter(app.codes) for app in told(own_edge, app_id)), Counter()) == {"H27": 1}


def test_a_killed_workers_successor_begins_with_nothing(own_edge, dynos, eventually):
    """It reports under a name of its own, in the same slot."""
    go_on = threading.Event()

    def is_slow(connection):
        head(connection)
        go_on.wait(10)

    table = Table(own_edge)
    app_id = table.app("one.localhost", dynos.scripted(is_slow))
    table.push()
    with own_edge.connect() as client:
        client.sendall(b"GET / HTTP/1.1\r\nHost: one.localhost\r\n\r\n")
        eventually(lambda: in_flight(own_edge, app_id) == 1)
        before = own_edge.reports[-1].worker
        (worker,) = own_edge.workers()
        own_edge.reports.clear()
        os.kill(worker, signal.SIGKILL)
        eventually(lambda: any(report.worker != before for report in list(own_edge.reports)))
    go_on.set()

    found = [report for report in own_edge.reports if report.worker != before]
    assert {(report.slot, report.of) for report in found} == {(0, 1)}
    assert not any(report.apps for report in found)


def test_what_could_not_be_told_is_told_later(own_edge, dynos, eventually):
    """A node agent that restarts misses nothing; a worker that ends tells what it knows."""
    table = Table(own_edge)
    app_id = table.app("one.localhost", dynos.echo())
    table.push()
    socket = own_edge.settings.log_socket
    socket.rename(socket.with_suffix(".away"))
    try:
        for _ in range(3):
            own_edge.get("one.localhost")
        seen = len(own_edge.reports)
        threading.Event().wait(2.5)
        assert len(own_edge.reports) == seen
    finally:
        socket.with_suffix(".away").rename(socket)
    eventually(lambda: total(own_edge, app_id, "requests") == 3)
    own_edge.get("one.localhost")
    # As Nomad stops it.
    own_edge.process.send_signal(signal.SIGQUIT)
    own_edge.process.wait(10)
    eventually(lambda: total(own_edge, app_id, "requests") == 4)
