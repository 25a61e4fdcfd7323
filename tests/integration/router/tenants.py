"""Two tenants whose dynos record every byte that they get, and what every request to a dyno must look like."""

from __future__ import annotations

import contextlib
import re
import socket
import uuid
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from tests.integration.router import wire
from tests.integration.router.cache.stage import CachedEdge
from tests.integration.router.conftest import Edge, Table
from tests.integration.router.dynos import DynoMaker

ONCE = {"host", "x-request-id", "x-request-start", "x-forwarded-for", "x-forwarded-proto", "x-forwarded-port", "via"}
BETWEEN_HOPS = {"connection", "keep-alive", "te", "trailer", "upgrade", "proxy", "proxy-connection", "expect"}
ID = re.compile(rb"[0-9A-Za-z_+=/-]{20,200}")


class Tenant:
    """A dyno that keeps every byte of every connection, and answers each request with its name and the target."""

    def __init__(self, number: str, dynos: DynoMaker) -> None:
        self.number = number
        self.connections: list[bytearray] = []
        self.mixed: list[wire.Message] = []
        """Requests that shared a connection with a body, which a dyno might have left unread there."""
        self.dyno = dynos.scripted(self._serve)

    def _serve(self, connection: socket.socket) -> None:
        got = bytearray()
        self.connections.append(got)
        rest, count, bodies = b"", 0, False
        while data := connection.recv(65536):
            got += data
            rest += data
            try:
                while rest:
                    request, rest = wire.request(rest)
                    count += 1
                    bodies = bodies or bool(request.all("content-length") or request.all("transfer-encoding"))
                    if bodies and count > 1:
                        self.mixed.append(request)
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
        self.mixed.clear()
        for got in self.connections:
            got.clear()


@dataclass
class Chain:
    """The edge with both tenants behind it; `begin` lets them and their caches forget what came before."""

    edge: Edge
    tenants: dict[str, Tenant]
    begin: Callable[[], None]

    def seen(self) -> dict[str, list[wire.Message]]:
        return {number: tenant.requests() for number, tenant in self.tenants.items()}


@contextlib.contextmanager
def two_tenants(edge: Edge, *, cached: bool) -> Iterator[Chain]:
    """The tenants, and apps that are down, in maintenance, crashed and refusing; with caches an edge of their own."""
    edge = CachedEdge() if cached else edge
    maker, table = DynoMaker(), Table(edge)
    tenants = {number: Tenant(number, maker) for number in "12"}
    table.app("one.localhost", tenants["1"].dyno)
    table.app("two.localhost", tenants["2"].dyno)
    table.app("down.localhost", state="down")
    table.app("crashed.localhost", state="crashed")
    table.app("maintenance.localhost", tenants["1"].dyno, maintenance=True)
    table.app("refusing.localhost", maker.refusing())

    def begin() -> None:
        for tenant in tenants.values():
            tenant.forget()
        for record in table.apps.values():
            record["cache"] = uuid.uuid4().hex if cached else None
        if cached:
            table.push()

    table.push()
    try:
        yield Chain(edge, tenants, begin)
    finally:
        maker.close()
        if cached:
            edge.close()


def check_head(request: wire.Message, *, scheme: bytes, port: int) -> None:
    """What every request to a dyno must have, and must not."""
    names = [name for name, _ in request.headers]
    for name in ONCE:
        assert names.count(name) == 1, name
    assert not BETWEEN_HOPS & set(names)
    assert not [name for name in names if "_" in name]
    assert request.all("x-forwarded-proto") == [scheme]
    assert request.all("x-forwarded-port") == [b"%d" % port]
    assert request.all("x-forwarded-for")[0].split(b", ")[-1] == b"127.0.0.1"
    assert request.all("via") == [b"1.1 nomapaas-router"]
    assert ID.fullmatch(request.all("x-request-id")[0])
    assert re.fullmatch(rb"\d{13}", request.all("x-request-start")[0])
