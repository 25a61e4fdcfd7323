"""What the dyno is told, what the log is told, and what is refused at the door."""

from __future__ import annotations

import re
import time

import pytest

UUID = r"[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-a[0-9a-f]{3}-[0-9a-f]{12}"


def seen_headers(answer):
    return {name.lower(): value for name, value in answer.json()["headers"]}


@pytest.fixture
def app(table, dynos):
    app_id = table.app("one.localhost", dynos.echo())
    table.push()
    return app_id


def test_the_dyno_learns_who_asked(edge, app):
    """The router's own headers, and the Host as the client wrote it."""
    answer = edge.get("One.localhost:8080")

    headers = seen_headers(answer)
    assert headers["host"] == "One.localhost:8080"
    assert headers["x-forwarded-for"] == "127.0.0.1"
    assert headers["x-forwarded-proto"] == "http"
    assert headers["x-forwarded-port"] == str(edge.port)
    assert headers["via"] == "1.1 nomapaas-router"
    assert abs(int(headers["x-request-start"]) - time.time() * 1000) < 5000
    assert re.fullmatch(UUID, headers["x-request-id"])
    assert answer.headers["via"] == "1.1 nomapaas-router"
    assert edge.line(app, f"request_id={headers['x-request-id']}")


@pytest.mark.parametrize("method", [b"GET", b"POST"])
@pytest.mark.parametrize("path", [b"/x//a//b", b"/a/../b?c=%22", b"/a/%2e%2e/a%2Fb", b"/?", b"/a;b=c?http://d/"])
def test_the_path_is_passed_on_as_it_came(edge, app, method, path):
    """The router decodes, merges and sorts nothing."""
    reply = edge.raw(method + b" " + path + b" HTTP/1.1\r\nHost: one.localhost\r\nConnection: close\r\n\r\n")

    assert b'"path": "' + path + b'"' in reply


def test_what_a_client_claims_is_overwritten(edge, app):
    """The address is appended to X-Forwarded-For; of the rest nothing is believed."""
    claims = {
        "X-Forwarded-For": "1.2.3.4",
        "X-Forwarded-Proto": "https",
        "X-Forwarded-Port": "443",
        "X-Request-Start": "1",
        "Via": "1.1 me",
        "Proxy": "http://evil",
    }

    headers = seen_headers(edge.get("one.localhost", headers=claims))

    assert headers["x-forwarded-for"] == "1.2.3.4, 127.0.0.1"
    assert headers["x-forwarded-proto"] == "http"
    assert headers["x-forwarded-port"] == str(edge.port)
    assert headers["x-request-start"] != "1"
    assert headers["via"] == "1.1 nomapaas-router"
    assert "proxy" not in headers
    assert edge.line(app, 'fwd="1.2.3.4, 127.0.0.1"')


@pytest.mark.parametrize(
    ("given", "kept"),
    [("a" * 20, True), ("Aa0_+=/-" * 25, True), ("a" * 19, False), ("a" * 201, False), ("a" * 20 + '"x', False)],
)
def test_a_sane_request_id_is_kept(edge, app, given, kept):
    """20 to 200 harmless characters are taken over; anything else is replaced."""
    found = seen_headers(edge.get("one.localhost", headers={"X-Request-Id": given}))["x-request-id"]

    assert (found == given) is kept
    assert kept or re.fullmatch(UUID, found)


def test_request_ids_differ(edge, app):
    """No two requests get the same id."""
    found = {seen_headers(edge.get("one.localhost"))["x-request-id"] for _ in range(50)}

    assert len(found) == 50


def test_the_request_line_is_herokus(edge, app):
    """Every field, in order, with times in ms."""
    answer = edge.request("POST", "one.localhost", "/a?b=c", content=b"x")

    assert re.fullmatch(
        rf'{app} at=info method=POST path="/a\?b=c" host=one\.localhost request_id={UUID} fwd="127\.0\.0\.1" '
        rf"dyno=web\.1 connect=\d+ms service=\d+ms status=200 bytes={len(answer.content)} protocol=http",
        edge.line(app, "method=POST"),
    )


def test_no_request_forges_a_line(edge, app):
    """Quotes, backslashes and bytes that are no ASCII come out in hexadecimal."""
    edge.raw(
        b'GET /"%20status=500\\\xff HTTP/1.1\r\nHost: one.localhost\r\nConnection: close\r\n'
        b'X-Forwarded-For: "\x01\tx\r\n\r\n'
    )

    line = edge.line(app, "path=")
    assert r'path="/\x22%20status=500\x5C\xFF"' in line
    assert r'fwd="\x22' in line
    assert line.count('"') == 4


def test_a_failures_line_is_escaped_too(edge, table):
    """The same for a request that no dyno gets."""
    app_id = table.app("one.localhost", state="crashed")
    table.push()
    edge.raw(b'GET /" HTTP/1.1\r\nHost: one.localhost\r\nConnection: close\r\n\r\n')

    assert edge.line(app_id, r'path="/\x22"', "code=H10")


def test_hop_headers_stay_between_hops(edge, app):
    """Connection, Keep-Alive and an Upgrade that is no WebSocket reach no dyno."""
    hops = {"Connection": "Upgrade, HTTP2-Settings", "Upgrade": "h2c", "Keep-Alive": "5", "HTTP2-Settings": "AAMAAABk"}

    headers = seen_headers(edge.get("one.localhost", headers=hops))

    assert "upgrade" not in headers
    assert "keep-alive" not in headers
    assert "http2-settings" not in headers
    assert headers.get("connection", "") in {"", "close"}


NAMED = "close, X-Named, keep-alive,x-also-NAMED , TE"


@pytest.mark.parametrize("method", ["GET", "POST"])
def test_what_connection_names_stays_between_hops(edge, app, method):
    """Each header that it names is dropped, no other one, in whatever letters."""
    claims = {"Connection": NAMED, "x-named": "1", "X-Also-Named": "2", "X-Named-Not": "3", "TE": "trailers"}

    headers = seen_headers(edge.request(method, "one.localhost", headers=claims))

    assert not {"x-named", "x-also-named", "te", "connection"} & set(headers)
    assert headers["x-named-not"] == "3"


def test_what_connection_names_on_several_lines_stays_too(edge, app):
    """The lines are one list (RFC 9110, 5.3)."""
    reply = edge.raw(
        b"GET / HTTP/1.1\r\nHost: one.localhost\r\nConnection: X-First, close\r\nConnection: X-Second\r\n"
        b"X-First: 1\r\nX-Second: 2\r\nX-First: 3\r\n\r\n"
    )

    assert b"200 OK" in reply
    assert b"X-First" not in reply
    assert b"X-Second" not in reply


def test_connection_drops_nothing_that_the_request_stands_on(edge, app):
    """Who it is for, who asks, how long it is, and what the router says."""
    names = "Host, Content-Length, Cookie, Authorization, X-Request-Id, X-Request-Start, X-Forwarded-For, Via"
    names += ", X-Forwarded-Proto, X-Forwarded-Port, X_Forwarded_For, X_Own, Transfer-Encoding"
    claims = {"Connection": names, "Cookie": "a=b", "Authorization": "Bearer c", "X-Request-Id": "d" * 20, "X-Own": "e"}

    answer = edge.request("POST", "one.localhost", headers=claims, content=b"hello")

    headers = seen_headers(answer)
    assert answer.json()["body"] == "hello"
    assert (headers["host"], headers["cookie"], headers["authorization"]) == ("one.localhost", "a=b", "Bearer c")
    assert (headers["x-request-id"], headers["x-forwarded-for"], headers["x-own"]) == ("d" * 20, "127.0.0.1", "e")
    assert {"via", "x-request-start", "x-forwarded-proto", "x-forwarded-port"} <= set(headers)


def test_connection_names_no_multitude(edge, app):
    """Nobody means that, and looking for each would take its time."""
    many = ", ".join(f"X-{number}" for number in range(33))

    assert edge.get("one.localhost", headers={"Connection": many}).status_code == 400
    assert edge.get("one.localhost", headers={"Connection": many.removesuffix(", X-32")}).status_code == 200


def test_an_absolute_form_request_goes_to_its_own_host(edge, table, dynos):
    """The host of the request line wins over the header, for the route and for the dyno."""
    table.app("one.localhost", dynos.echo("web.1"))
    table.app("two.localhost", dynos.echo("web.2"))
    table.push()

    reply = edge.raw(b"GET http://two.localhost:81/x HTTP/1.1\r\nHost: one.localhost\r\nConnection: close\r\n\r\n")

    assert b'"dyno": "web.2"' in reply
    assert b'["Host", "two.localhost:81"]' in reply


def test_a_later_minor_version_is_answered_as_the_latest_known(edge, app):
    """HTTP/1.2 does not exist, and whoever asks for it is answered in HTTP/1.1 (RFC 9110, 2.5)."""
    reply = edge.raw(b"GET / HTTP/1.2\r\nHost: one.localhost\r\nConnection: close\r\n\r\n")

    assert reply.startswith(b"HTTP/1.1 200 OK\r\n")
    assert b'"dyno": "web.1"' in reply


REFUSED = {
    "two hosts": b"GET / HTTP/1.1\r\nHost: one.localhost\r\nHost: two.localhost\r\n\r\n",
    "the same host twice": b"GET / HTTP/1.1\r\nHost: one.localhost\r\nHost: one.localhost\r\n\r\n",
    "no host": b"GET / HTTP/1.1\r\n\r\n",
    "length and chunks": b"POST / HTTP/1.1\r\nHost: one.localhost\r\nContent-Length: 5\r\n"
    b"Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
    "two lengths": b"POST / HTTP/1.1\r\nHost: one.localhost\r\nContent-Length: 5\r\nContent-Length: 6\r\n\r\nhello",
    "a length that is none": b"POST / HTTP/1.1\r\nHost: one.localhost\r\nContent-Length: +5\r\n\r\nhello",
    "a space before the colon": b"GET / HTTP/1.1\r\nHost: one.localhost\r\nContent-Length : 5\r\n\r\n",
    "an encoding that is not chunked": b"POST / HTTP/1.1\r\nHost: one.localhost\r\n"
    b"Transfer-Encoding: xchunked\r\n\r\n0\r\n\r\n",
    "two encodings": b"POST / HTTP/1.1\r\nHost: one.localhost\r\nTransfer-Encoding: chunked\r\n"
    b"Transfer-Encoding: identity\r\n\r\n0\r\n\r\n",
    "a NUL in a header": b"GET / HTTP/1.1\r\nHost: one.localhost\r\nX: a\0b\r\n\r\n",
    "a slash in the host": b"GET / HTTP/1.1\r\nHost: one.localhost/x\r\n\r\n",
    "a wrong version": b"GET / HTTP/1.1.1\r\nHost: one.localhost\r\n\r\n",
    "a huge header": b"GET / HTTP/1.1\r\nHost: one.localhost\r\nX: " + b"x" * 9000 + b"\r\n\r\n",
    "CONNECT": b"CONNECT one.localhost:80 HTTP/1.1\r\nHost: one.localhost\r\n\r\n",
    "TRACE": b"TRACE / HTTP/1.1\r\nHost: one.localhost\r\n\r\n",
}


@pytest.mark.parametrize("name", REFUSED)
def test_malformed_requests_reach_no_dyno(edge, table, dynos, name):
    """What two parsers could read in two ways is refused at the edge."""
    dyno = dynos.echo()
    table.app("one.localhost", dyno)
    table.push()

    reply = edge.raw(REFUSED[name])

    assert re.match(rb"HTTP/1\.1 (4\d\d|501)", reply), reply[:80]
    assert dyno.served == 0


def test_a_broken_chunked_body_is_not_the_next_request(edge, table, dynos):
    """What follows a body is never read as a request of somebody else's."""
    dyno = dynos.echo()
    table.app("one.localhost", dyno)
    table.push()

    edge.raw(
        b"POST / HTTP/1.1\r\nHost: one.localhost\r\nTransfer-Encoding: chunked\r\n\r\n"
        b"ZZ\r\nGET /smuggled HTTP/1.1\r\n\r\n"
    )

    assert dyno.served == 0
