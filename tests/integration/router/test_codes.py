"""Every way in which a request can fail: status, page and line."""

from __future__ import annotations

import contextlib
import os
import re
import subprocess
import threading
import time
from pathlib import Path

import pytest

from tests.integration.router.conftest import USER

OK = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"


def head(connection):
    """Read a request's head."""
    seen = b""
    while b"\r\n\r\n" not in seen:
        more = connection.recv(65536)
        if not more:
            return b""
        seen += more
    return seen


@pytest.fixture(scope="module")
def own_edge(edge):
    """One worker."""
    started = type(edge)(NOMAPAAS_ROUTER_WORKERS="1")
    yield started
    started.close()


def closes(connection):
    head(connection)


def is_silent(connection):
    """Take all that comes (a body may come after the head, in a packet of its own) and never answer."""
    with contextlib.suppress(OSError):
        while connection.recv(65536):
            pass


def talks_nonsense(connection):
    head(connection)
    connection.sendall(b"HTTP/1.1 200 OK\r\nthis is no header\r\n\r\n")


@pytest.mark.parametrize(
    ("state", "code", "desc"),
    [("crashed", "H10", "App crashed"), ("down", "H14", "No web processes running")],
)
def test_an_app_without_dynos_says_why(edge, table, state, code, desc):
    """A crashed app is H10, one scaled to nothing H14; both at once, with the error page."""
    app_id = table.app("one.localhost", state=state)
    table.push()

    answer = edge.get("one.localhost", "/path?query=1")

    assert answer.status_code == 503
    assert "Application error" in answer.text
    assert answer.headers["cache-control"] == "no-cache, no-store"
    line = edge.line(app_id)
    assert line.startswith(
        f'{app_id} at=error code={code} desc="{desc}" method=GET path="/path?query=1" host=one.localhost request_id='
    )
    assert line.endswith(
        f'fwd="127.0.0.1" dyno= connect= service= status=503 bytes={len(answer.content)} protocol=http'
    )


def test_maintenance_comes_before_everything(edge, table, dynos):
    """H80 and its own page, though there is a dyno."""
    dyno = dynos.echo()
    app_id = table.app("one.localhost", dyno, maintenance=True)
    table.push()

    answer = edge.get("one.localhost")

    assert answer.status_code == 503
    assert "Offline for Maintenance" in answer.text
    assert dyno.served == 0
    assert edge.line(app_id, 'at=info code=H80 desc="Maintenance mode"')


def test_a_dyno_that_lives_serves_a_crashed_app(edge, table, dynos):
    """One of two dynos crashed: the other goes on."""
    table.app("one.localhost", dynos.echo(), state="crashed")
    table.push()

    assert edge.get("one.localhost").status_code == 200


@pytest.mark.parametrize("method", ["GET", "POST"])
def test_a_silent_dyno_is_h12_and_asked_once(edge, table, dynos, method):
    """No byte in time: 503, and nobody else gets the same request again."""
    silent = [dynos.scripted(is_silent, f"web.{number}") for number in (1, 2)]
    app_id = table.app("one.localhost", *silent)
    table.push()
    started = time.monotonic()

    answer = edge.request(method, "one.localhost", content=b"x" if method == "POST" else None)

    assert answer.status_code == 503
    assert 0.9 <= time.monotonic() - started < 3
    assert sum(dyno.seen for dyno in silent) == 1
    assert edge.line(app_id, 'code=H12 desc="Request timeout"', "dyno=web.", "status=503", "service=1")


@pytest.mark.parametrize("method", ["GET", "POST"])
def test_a_closed_connection_is_h13_and_asked_once(edge, table, dynos, method):
    """A dyno that closes without an answer may have acted on the request: it is not repeated."""
    closing = [dynos.scripted(closes, f"web.{number}") for number in (1, 2)]
    app_id = table.app("one.localhost", *closing)
    table.push()

    answer = edge.request(method, "one.localhost", content=b"x" if method == "POST" else None)

    assert answer.status_code == 503
    assert sum(dyno.seen for dyno in closing) == 1
    assert edge.line(app_id, 'code=H13 desc="Connection closed without response"', "status=503")


def test_a_kept_connection_that_just_closes_costs_no_safe_request(edge, table, dynos):
    """A GET that meets a connection which the dyno is closing gets another try on a new one."""
    closing = threading.Event()

    def answers_once(connection):
        while head(connection):
            if closing.is_set():
                closing.clear()
                return
            connection.sendall(OK)

    table.app("one.localhost", dynos.scripted(answers_once))
    table.push()
    for _ in range(8):
        assert edge.get("one.localhost").status_code == 200
    closing.set()

    assert [edge.get("one.localhost").status_code for _ in range(4)] == [200] * 4
    assert not closing.is_set()


def test_nonsense_is_h17(edge, table, dynos):
    """A response whose head cannot be read."""
    app_id = table.app("one.localhost", dynos.scripted(talks_nonsense))
    table.push()

    assert edge.get("one.localhost").status_code == 503
    assert edge.line(app_id, 'code=H17 desc="Poorly formatted HTTP response"')


def test_refused_by_all_is_h21(edge, table, dynos):
    """Every dyno is asked once, then the request fails, quickly; also with a body."""
    app_id = table.app("one.localhost", dynos.refusing("web.1"), dynos.refusing("web.2"))
    table.push()

    answers = [edge.request(method, "one.localhost", content=b"x") for method in ("GET", "POST")]

    assert [answer.status_code for answer in answers] == [503, 503]
    assert edge.line(app_id, 'code=H21 desc="Backend connection refused" method=GET')
    assert edge.line(app_id, "code=H21", "method=POST", "status=503")


def test_who_is_refused_before_the_body_came_is_told_that_the_connection_ends(edge, table, dynos):
    """Nginx does not wait for the rest of the body: a client that was told nothing would use the connection again."""
    app_id = table.app("one.localhost", dynos.refusing())
    table.push()

    answer = edge.raw(b"POST / HTTP/1.1\r\nHost: one.localhost\r\nContent-Length: 1\r\n\r\n")

    assert answer.startswith(b"HTTP/1.1 503 ")
    assert b"\r\nConnection: close\r\n" in answer
    assert edge.line(app_id, "code=H21", "method=POST", "dyno=web.1")


def test_a_single_dyno_that_refuses_is_asked_again_by_the_next_request(edge, table, dynos):
    """With nobody else to ask, a refusal does not lock the app out."""
    refusing = dynos.refusing()
    app_id = table.app("one.localhost", refusing)
    table.push()
    assert edge.get("one.localhost").status_code == 503
    refusing.listen(lambda connection: head(connection) and connection.sendall(OK))

    assert edge.get("one.localhost").status_code == 200
    assert edge.line(app_id, "code=H21", "dyno=web.1")


def test_a_dyno_that_does_not_take_a_connection_is_h19(edge, table, dynos):
    """A connection that is not there in time; the next dyno is tried before the request fails."""
    full = dynos.full()
    app_id = table.app("one.localhost", full)
    table.push()

    assert edge.get("one.localhost").status_code == 503
    assert edge.line(app_id, 'code=H19 desc="Backend connection timeout"')

    table.app("one.localhost", full, dynos.echo("web.2"))
    table.push()
    assert {edge.get("one.localhost").status_code for _ in range(6)} == {200}


def test_a_client_that_goes_is_h27(edge, table, dynos):
    """The dyno's connection ends, too, and the line says who went."""
    gone = threading.Event()

    def notices(connection):
        head(connection)
        assert connection.recv(1) == b""
        gone.set()

    app_id = table.app("one.localhost", dynos.scripted(notices))
    table.push()
    with edge.connect() as client:
        client.sendall(b"GET / HTTP/1.1\r\nHost: one.localhost\r\n\r\n")
        threading.Event().wait(0.2)

    assert gone.wait(2)
    assert edge.line(app_id, 'sock=client at=warning code=H27 desc="Client Request Interrupted"', "status=499")


def limit_files(pid, limit):
    """Set how many files a process may have, as its own user: root itself may lack the right in a container."""
    user = USER if os.geteuid() == 0 else None
    subprocess.run(["prlimit", f"--pid={pid}", f"--nofile={limit}:"], user=user, check=True)


@contextlib.contextmanager
def no_file_left(pid):
    """The process can open nothing more: not one number below its limit is free."""
    taken = {int(file.name) for file in Path(f"/proc/{pid}/fd").iterdir()}
    before = re.search(r"Max open files +(\d+)", Path(f"/proc/{pid}/limits").read_text())[1]
    limit_files(pid, min(set(range(len(taken) + 1)) - taken))
    try:
        yield
    finally:
        limit_files(pid, before)


@pytest.mark.parametrize("method", [b"GET", b"POST"])
def test_a_router_that_cannot_go_on_is_h99(own_edge, table, dynos, method):
    """No dyno is to blame, none is put out of rotation for it, and the next request is served."""
    edge, mine = own_edge, type(table)(own_edge)
    dyno = dynos.scripted(lambda connection: head(connection) and connection.sendall(OK))
    app_id = mine.app("one.localhost", dyno)
    mine.push()
    request = method + b" %s HTTP/1.1\r\nHost: %s.localhost\r\nContent-Length: 0\r\n\r\n"
    with edge.connect() as client:
        client.sendall(request % (b"/", b"nobody"))
        assert client.recv(65536).startswith(b"HTTP/1.1 404 ")
        (worker,) = edge.workers()
        with no_file_left(worker):
            started = time.monotonic()
            client.sendall(request % (b"/failed", b"one"))
            reply = client.recv(65536)
            taken = time.monotonic() - started

    assert reply.startswith(b"HTTP/1.1 500 ")
    assert b"<title>Platform error</title>" in reply
    assert taken < 0.5
    assert dyno.seen == 0
    line = edge.line(app_id, 'at=error code=H99 desc="Platform error"', 'path="/failed"')
    assert " status=500 " in line
    assert edge.get("one.localhost").text == "ok"


def test_an_apps_own_errors_are_its_own(edge, table, dynos):
    """What an app answers is passed on, 502 and 504 included, as information."""

    def fails(connection):
        while seen := head(connection):
            status = seen.split(b" ", 2)[1][1:]
            connection.sendall(b"HTTP/1.1 " + status + b" Own\r\nContent-Length: 3\r\n\r\nown")

    app_id = table.app("one.localhost", dynos.scripted(fails))
    table.push()

    for status in (500, 502, 503, 504):
        answer = edge.get("one.localhost", f"/{status}")
        assert (answer.status_code, answer.text) == (status, "own")
        assert edge.line(app_id, "at=info", f"status={status}")


def test_an_app_cannot_pull_nginx_levers(edge, table, dynos):
    """X-Accel headers do nothing."""
    reply = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nX-Accel-Redirect: @failed\r\nX-Accel-Limit-Rate: 1\r\n\r\nok"
    table.app("one.localhost", dynos.scripted(lambda connection: head(connection) and connection.sendall(reply)))
    table.push()

    assert edge.get("one.localhost").text == "ok"
