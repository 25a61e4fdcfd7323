"""Hostile requests over HTTP/2, frame by frame, with two tenants whose dynos record every byte that they get."""

from __future__ import annotations

import pytest

from tests.integration.router.http2 import Client
from tests.integration.router.tenants import check_head, two_tenants
from tests.integration.router.vectors_bodies import SMUGGLED
from tests.integration.router.vectors_http2 import HTTP2, LIES, of, post

SENTINEL = of(authority=b"two.localhost", path=b"/sentinel")


@pytest.fixture(scope="module", params=["plain", "cached"])
def chain(request, edge):
    """Both tenants behind the edge, without and with their caches."""
    with two_tenants(edge, cached=request.param == "cached") as found:
        yield found


@pytest.mark.parametrize("name", HTTP2)
def test_every_byte_reaches_whom_it_belongs_to(chain, name):
    """Refused at the edge and unseen by any dyno, or one sound request to the right tenant in which nothing hides."""
    fields, body, receivers = HTTP2[name]
    chain.begin()
    port = chain.edge.tls_port

    with Client(port) as client:
        client.send(1, fields, body)
        answer = client.wait(1)
        client.send(3, SENTINEL)
        last = client.wait(3)

    seen = chain.seen()
    sentinels = [request for request in seen["2"] if request.start == (b"GET", b"/sentinel")]
    for request in sentinels:
        seen["2"].remove(request)
    assert len(sentinels) == (last.body == b"2 /sentinel")
    assert {number: len(found) for number, found in seen.items()} == {each: receivers.count(each) for each in "12"}
    for request in (*seen["1"], *sentinels):
        check_head(request, scheme=b"https", port=port)
        assert request.all("host")[0].lower().startswith(b"two" if request in sentinels else b"one")
        assert b"smuggled" not in request.start[1]
    assert not any(tenant.mixed for tenant in chain.tenants.values())
    assert answer.status in ({200} if receivers else {400, 404, 405, 411, 414, 431, 501, 503, None})
    for number, host in (("1", "one.localhost"), ("2", "two.localhost")):
        assert chain.edge.get(host, "/next").text == f"{number} /next"


@pytest.mark.parametrize("name", LIES)
def test_a_length_that_is_wrong_leads_nowhere(chain, name):
    """A body is passed on as it comes, so the dyno may see the head: no whole request with a body, nothing beyond."""
    chain.begin()

    with Client(chain.edge.tls_port) as client:
        client.send(1, post((b"content-length", b"%d" % LIES[name]), (b"x-lie", name.encode())), SMUGGLED)
        assert client.wait(1).status in {400, None}
        client.send(3, SENTINEL)
        client.wait(3)

    # The edge answers at once, and a dyno may read the head of the lie before this one only now.
    others = tuple(b"x-lie: %s\r\n" % each.encode() for each in LIES if each != name)
    heard = [bytes(got) for got in chain.tenants["1"].connections if got]
    bodies = [got.partition(b"\r\n\r\n")[2] for got in heard if not any(other in got for other in others)]
    assert len(bodies) <= 1, heard
    assert all(not body or len(body) < LIES[name] for body in bodies)
    assert {request.start[1] for request in chain.tenants["2"].requests()} <= {b"/sentinel"}
    chain.begin()
    assert chain.edge.get("one.localhost", "/next").text == "1 /next"


def test_a_connection_ends_after_a_thousand_requests(edge):
    """So that a flood of streams needs new handshakes; plain HTTP/1.1 has no streams, and goes on."""
    request = b"HEAD / HTTP/1.1\r\nHost: nobody.localhost\r\n\r\n"
    with Client(edge.tls_port) as client:
        for number in range(1001):
            client.send(2 * number + 1, of(authority=b"nobody.localhost", method=b"HEAD"))
            if client.wait(2 * number + 1).status is None:
                break

    assert number == 1000
    assert edge.raw(request * 1999 + b"GET /no-request\r\n\r\n").count(b"HTTP/1.1 404") == 1999


def test_there_are_at_least_forty():
    """Of different ones."""
    assert len({repr(vector) for vector in HTTP2.values()}) >= 40
