"""What apps may switch: session affinity, keep-alive to the dyno, pages of their own."""

from __future__ import annotations

import re
from collections import Counter
from http.cookiejar import DefaultCookiePolicy

import pytest

from tests.integration.router.test_codes import head


def switched(table, app_id, **fields):
    table.apps[app_id] |= fields
    table.push()


def cookie_of(answer):
    found = re.fullmatch(
        r"heroku-session-affinity=([0-9a-f]{32}); Max-Age=86400; Path=/; HttpOnly; SameSite=Lax",
        answer.headers.get("set-cookie", ""),
    )
    return {"Cookie": f"a=b; heroku-session-affinity={found[1]}"} if found else None


@pytest.fixture(autouse=True)
def forgetful(edge):
    """Cookies are for the tests to send; the client would send them by itself."""
    jar = edge.client.cookies.jar
    jar.set_policy(DefaultCookiePolicy(allowed_domains=[]))
    yield
    jar.set_policy(DefaultCookiePolicy())


@pytest.fixture
def sticky(table, dynos):
    """An app with three dynos and affinity."""
    app_id = table.app("one.localhost", *(dynos.echo(f"web.{number}") for number in (1, 2, 3)))
    switched(table, app_id, affinity=True)
    return app_id


def test_a_session_stays_with_its_dyno(edge, sticky):
    """The cookie of the first answer leads to the same dyno again and again, and is not sent a second time."""
    first = edge.get("one.localhost")
    cookie = cookie_of(first)

    later = [edge.get("one.localhost", headers=cookie) for _ in range(20)]
    posted = edge.request("POST", "one.localhost", headers=cookie)

    assert {answer.json()["dyno"] for answer in [*later, posted]} == {first.json()["dyno"]}
    assert not any("set-cookie" in answer.headers for answer in later)


@pytest.mark.parametrize("own", [["a=1"], ["a=1", "b=2; Path=/"]])
def test_an_apps_own_cookies_go_along(edge, table, dynos, own):
    """With affinity there is one more."""
    lines = "".join(f"Set-Cookie: {cookie}\r\n" for cookie in own)
    reply = f"HTTP/1.1 200 OK\r\n{lines}Content-Length: 2\r\n\r\nok".encode()
    app_id = table.app(
        "one.localhost", dynos.scripted(lambda connection: head(connection) and connection.sendall(reply))
    )
    switched(table, app_id, affinity=True)

    *theirs, ours = edge.get("one.localhost").headers.get_list("set-cookie")

    assert theirs == own
    assert ours.startswith("heroku-session-affinity=")


def test_sessions_spread(edge, sticky):
    """Without a cookie every dyno gets some."""
    assert len({edge.get("one.localhost").json()["dyno"] for _ in range(40)}) == 3


def test_a_session_moves_when_its_dyno_is_gone(edge, table, sticky):
    """Another dyno answers, and its cookie takes the place of the old one."""
    first = edge.get("one.localhost")
    table.dynos = [each for each in table.dynos if each["dyno"] != first.json()["dyno"]]
    table.push()

    second = edge.get("one.localhost", headers=cookie_of(first))

    assert second.status_code == 200
    assert second.json()["dyno"] != first.json()["dyno"]
    moved = cookie_of(second)
    assert {edge.get("one.localhost", headers=moved).json()["dyno"] for _ in range(10)} == {second.json()["dyno"]}


def test_a_session_moves_when_its_dyno_refuses(edge, table, dynos):
    """The request is answered all the same, by the other one."""
    app_id = table.app("one.localhost", dynos.refusing("web.1"), dynos.echo("web.2"))
    switched(table, app_id, affinity=True)

    answers = [edge.get("one.localhost") for _ in range(10)]

    assert {answer.json()["dyno"] for answer in answers} == {"web.2"}
    assert len({answer.headers["set-cookie"] for answer in answers}) == 1


def test_a_cookie_leads_to_no_other_apps_dyno(edge, table, dynos):
    """What one app's dynos are called means nothing at another's, and nonsense is no more than that."""
    one = table.app("one.localhost", dynos.echo("web.1"))
    two = table.app("two.localhost", *(dynos.echo(f"web.{number}") for number in (2, 3)))
    table.apps[one]["affinity"] = True
    switched(table, two, affinity=True)
    stolen = cookie_of(edge.get("one.localhost"))
    alloc = next(each["alloc"] for each in table.dynos if each["app"] == one)

    for value in (
        stolen["Cookie"],
        f"heroku-session-affinity={alloc}",
        "heroku-session-affinity=%00\"'",
        "heroku-session-affinity=",
    ):
        found = edge.get("two.localhost", headers={"Cookie": value})
        assert found.json()["dyno"] in {"web.2", "web.3"}
        assert cookie_of(found)


def test_without_the_feature_there_is_no_cookie(edge, table, dynos):
    """And a cookie from before does nothing."""
    app_id = table.app("one.localhost", *(dynos.echo(f"web.{number}") for number in (1, 2)))
    switched(table, app_id, affinity=True)
    cookie = cookie_of(edge.get("one.localhost"))
    switched(table, app_id, affinity=False)

    answers = [edge.get("one.localhost", headers=cookie) for _ in range(30)]

    assert not any("set-cookie" in answer.headers for answer in answers)
    assert len(Counter(answer.json()["dyno"] for answer in answers)) == 2


def test_connections_to_the_dyno_are_kept_unless_told_otherwise(edge, table, dynos):
    """With the switch each request gets a connection of its own, and the dyno is told so."""
    served = []

    def counts(connection):
        while seen := connection.recv(65536):
            served.append((connection.getpeername()[1], b"\r\nconnection: close\r\n" in seen.lower()))
            connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok")

    app_id = table.app("one.localhost", dynos.scripted(counts))
    switched(table, app_id, keepalive=True)
    for _ in range(10):
        assert edge.get("one.localhost").text == "ok"
    kept = {port for port, _ in served}
    served.clear()
    switched(table, app_id, keepalive=False)
    for _ in range(10):
        assert edge.get("one.localhost").text == "ok"

    assert len(kept) <= len(edge.workers())
    assert len({port for port, _ in served}) == 10
    assert all(closing for _, closing in served)


ERROR_PAGE = "https://pages.example.com/error.html?a=1&b=2"


def test_an_app_shows_its_own_error_page(edge, table):
    """Browsers get our status with a frame that holds the app's page; API clients still get JSON."""
    app_id = table.app("one.localhost", state="crashed")
    switched(table, app_id, error_page=ERROR_PAGE, maintenance_page="http://pages.example.com/closed")

    browser = edge.get("one.localhost", headers={"Accept": "text/html,*/*"})
    api = edge.get("one.localhost", headers={"Accept": "application/json"})
    switched(table, app_id, maintenance=True)
    closed = edge.get("one.localhost", headers={"Accept": "text/html"})

    assert (browser.status_code, api.status_code, closed.status_code) == (503, 503, 503)
    assert '<iframe src="https://pages.example.com/error.html?a=1&amp;b=2"' in browser.text
    assert api.json()["id"] == "application_error"
    assert '<iframe src="http://pages.example.com/closed"' in closed.text
    assert closed.headers["retry-after"] == "60"


@pytest.mark.parametrize(
    "address",
    ["javascript:alert(1)", 'https://a"onload=x', "https://a b", "//a/b", "https://", 7, "https://a/" + "x" * 3000],
)
def test_an_address_that_is_none_is_not_used(edge, table, address):
    """The app keeps its route and gets the usual page."""
    app_id = table.app("one.localhost", state="crashed")
    switched(table, app_id, error_page=address)

    answer = edge.get("one.localhost", headers={"Accept": "text/html"})

    assert answer.status_code == 503
    assert "Application error" in answer.text
    assert "iframe" not in answer.text


def test_the_platform_hears_of_a_dyno_that_refuses(edge, table, dynos):
    """A line of its own names app, allocation and dyno."""
    app_id = table.app("one.localhost", dynos.refusing("web.1"), dynos.echo("web.2"))
    table.push()
    alloc = table.dynos[0]["alloc"]
    for _ in range(10):
        edge.get("one.localhost")

    assert edge.line("#refused") == f"#refused {app_id} {alloc} web.1"
