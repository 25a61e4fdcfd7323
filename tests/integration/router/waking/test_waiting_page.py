"""What is shown to those who wait: a page for browsers, nothing for programs; and who may not wait."""

from __future__ import annotations

import time

from tests.integration.router.control_api import STARTING
from tests.integration.router.waking.night import BROWSER, HOST, pause


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
