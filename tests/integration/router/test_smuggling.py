"""Hostile requests through the whole edge, with two tenants whose dynos record every byte that they get.

Everything runs twice: straight to the dynos, and with both tenants' cache on (edge, Varnish, mesh, dyno).
"""

from __future__ import annotations

import re
import socket
import uuid

import pytest

from tests.integration.router import wire
from tests.integration.router.cache.stage import CachedEdge
from tests.integration.router.conftest import Table
from tests.integration.router.dynos import DynoMaker
from tests.integration.router.vectors_bodies import BODIES
from tests.integration.router.vectors_heads import HEADERS, LINES
from tests.integration.router.vectors_hosts import HOSTS
from tests.integration.router.vectors_sequences import SEQUENCES

VECTORS = {**BODIES, **HOSTS, **LINES, **HEADERS, **SEQUENCES}
SENTINEL = b"GET /sentinel HTTP/1.1\r\nHost: two.localhost\r\nConnection: close\r\n\r\n"
ONCE = {"host", "x-request-id", "x-request-start", "x-forwarded-for", "x-forwarded-proto", "x-forwarded-port", "via"}
BETWEEN_HOPS = {"connection", "keep-alive", "te", "trailer", "upgrade", "proxy", "proxy-connection", "expect"}
ID = re.compile(rb"[0-9A-Za-z_+=/-]{20,200}")


class Tenant:
    """A dyno that keeps every byte of every connection, and answers each request with its name and the target."""

    def __init__(self, number: str, dynos) -> None:
        self.number = number
        self.connections: list[bytearray] = []
        self.dyno = dynos.scripted(self._serve)

    def _serve(self, connection: socket.socket) -> None:
        got = bytearray()
        self.connections.append(got)
        rest = b""
        while data := connection.recv(65536):
            got += data
            rest += data
            try:
                while rest:
                    request, rest = wire.request(rest)
                    text = b"" if request.start[0] == b"HEAD" else b"%s %s" % (self.number.encode(), request.start[1])
                    length = len(self.number) + 1 + len(request.start[1])
                    connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n%s" % (length, text))
            except wire.Incomplete:
                continue
            except wire.Malformed:
                return

    def requests(self) -> list[wire.Message]:
        """All that came; a byte that belongs to no request is an error."""
        return [request for got in self.connections for request in wire.requests(bytes(got))]

    def forget(self) -> None:
        """Connections that the edge keeps alive stay."""
        for got in self.connections:
            got.clear()


@pytest.fixture(scope="module", params=["plain", "cached"])
def chain(request, edge):
    """The edge with both tenants behind it, and apps that are down, in maintenance, crashed and refusing."""
    cached = request.param == "cached"
    edge = CachedEdge() if cached else edge
    maker = DynoMaker()
    table = Table(edge)
    tenants = {number: Tenant(number, maker) for number in "12"}
    table.app("one.localhost", tenants["1"].dyno)
    table.app("two.localhost", tenants["2"].dyno)
    table.app("down.localhost", state="down")
    table.app("crashed.localhost", state="crashed")
    table.app("maintenance.localhost", tenants["1"].dyno, maintenance=True)
    table.app("refusing.localhost", maker.refusing())

    def begin() -> None:
        """Nothing is known of what came before, to the tenants and to their caches."""
        for tenant in tenants.values():
            tenant.forget()
        for record in table.apps.values():
            record["cache"] = uuid.uuid4().hex if cached else None
        if cached:
            table.push()

    table.push()
    yield edge, tenants, begin
    maker.close()
    if cached:
        edge.close()


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


def check_head(edge, request: wire.Message) -> None:
    """What every request to a dyno must have, and must not."""
    names = [name for name, _ in request.headers]
    for name in ONCE:
        assert names.count(name) == 1, name
    assert not BETWEEN_HOPS & set(names)
    assert not [name for name in names if "_" in name]
    assert request.all("x-forwarded-proto") == [b"http"]
    assert request.all("x-forwarded-port") == [b"%d" % edge.port]
    assert request.all("x-forwarded-for")[0].split(b", ")[-1] == b"127.0.0.1"
    assert request.all("via") == [b"1.1 nomapaas-router"]
    assert ID.fullmatch(request.all("x-request-id")[0])
    assert re.fullmatch(rb"\d{13}", request.all("x-request-start")[0])


@pytest.mark.parametrize("name", VECTORS)
def test_every_byte_reaches_whom_it_belongs_to(chain, name):
    """Refused at the edge and unseen by any dyno, or sound requests to the right tenants in which nothing hides."""
    edge, tenants, begin = chain
    sent, receivers = VECTORS[name]
    begin()

    reply = exchange(edge, sent)

    seen = {number: tenant.requests() for number, tenant in tenants.items()}
    last = [request for request in seen["2"] if request.start == (b"GET", b"/sentinel")]
    for request in last:
        seen["2"].remove(request)
        assert len(last) == 1
        assert reply.endswith(b"\r\n\r\n2 /sentinel")
    assert {number: len(found) for number, found in seen.items()} == {each: receivers.count(each) for each in "12"}
    for number, found in seen.items():
        for request in found:
            assert b"smuggled" not in request.start[1]
            check_head(edge, request)
            assert request.all("host")[0].lower().startswith({"1": b"one", "2": b"two"}[number])
    if not receivers:
        assert not reply or re.match(rb"HTTP/1\.1 (400|404|405|414|431|501|503|505) ", reply), reply[:80]
    for number, host in (("1", "one.localhost"), ("2", "two.localhost")):
        assert edge.get(host, "/next").text == f"{number} /next"


def test_there_are_at_least_two_hundred():
    """Of different ones."""
    assert len({sent for sent, _ in VECTORS.values()}) >= 200
