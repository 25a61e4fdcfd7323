"""Hostile requests through the whole edge, with two tenants whose dynos record every byte that they get.

Everything runs twice: straight to the dynos, and with both tenants' cache on (edge, Varnish, mesh, dyno).
"""

from __future__ import annotations

import re

import pytest

from tests.integration.router.tenants import check_head, two_tenants
from tests.integration.router.vectors_bodies import BODIES
from tests.integration.router.vectors_heads import HEADERS, LINES
from tests.integration.router.vectors_hosts import HOSTS
from tests.integration.router.vectors_sequences import SEQUENCES

VECTORS = {**BODIES, **HOSTS, **LINES, **HEADERS, **SEQUENCES}
SENTINEL = b"GET /sentinel HTTP/1.1\r\nHost: two.localhost\r\nConnection: close\r\n\r\n"


@pytest.fixture(scope="module", params=["plain", "cached"])
def chain(request, edge):
    """Both tenants behind the edge, without and with their caches."""
    with two_tenants(edge, cached=request.param == "cached") as found:
        yield found


def exchange(edge, sent: bytes) -> bytes:
    """Everything that comes back for these bytes and the sentinel behind them on the same connection."""
    got = b""
    with edge.connect() as connection:
        connection.settimeout(5)
        try:
            connection.sendall(sent + SENTINEL)
            while data := connection.recv(65536):
                got += data
        except ConnectionError:
            pass
    return got


@pytest.mark.parametrize("name", VECTORS)
def test_every_byte_reaches_whom_it_belongs_to(chain, name):
    """Refused at the edge and unseen by any dyno, or sound requests to the right tenants in which nothing hides."""
    sent, receivers = VECTORS[name]
    chain.begin()

    reply = exchange(chain.edge, sent)

    seen = chain.seen()
    last = [request for request in seen["2"] if request.start == (b"GET", b"/sentinel")]
    for request in last:
        seen["2"].remove(request)
        assert len(last) == 1
        assert reply.endswith(b"\r\n\r\n2 /sentinel")
    assert {number: len(found) for number, found in seen.items()} == {each: receivers.count(each) for each in "12"}
    for number, found in seen.items():
        for request in found:
            assert b"smuggled" not in request.start[1]
            check_head(request, scheme=b"http", port=chain.edge.port)
            assert request.all("host")[0].lower().startswith({"1": b"one", "2": b"two"}[number])
        assert not chain.tenants[number].mixed
    if not receivers:
        assert not reply or re.match(rb"HTTP/1\.1 (400|404|405|414|431|501|503|505) ", reply), reply[:80]
    for number, host in (("1", "one.localhost"), ("2", "two.localhost")):
        assert chain.edge.get(host, "/next").text == f"{number} /next"


def test_there_are_at_least_two_hundred():
    """Of different ones."""
    assert len({sent for sent, _ in VECTORS.values()}) >= 200
