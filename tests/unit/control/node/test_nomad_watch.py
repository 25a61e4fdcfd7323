"""News from Nomad, whose HTTP API is played by httpx's mock transport."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator

import httpx

from control.node.allocations import AllocationState
from control.node.nomad_watch import NomadWatch

NODE = "77777777-2222-4333-8444-555555555555"
APP = "11111111-2222-4333-8444-555555555555"


def allocation(key: str, node: str = NODE) -> dict:
    return {
        "ID": key,
        "NodeID": node,
        "JobID": APP,
        "Name": f"{APP}.web[0]",
        "TaskGroup": "web",
        "ClientStatus": "running",
        "DesiredStatus": "run",
    }


class Pieces(httpx.SyncByteStream):
    def __init__(self, *pieces: bytes) -> None:
        self.pieces = pieces

    def __iter__(self) -> Iterator[bytes]:
        yield from self.pieces


class Told:
    """What the watch said, in order; it stops after so many listings."""

    def __init__(self, tmp_path, listings: list, streams: list[httpx.SyncByteStream]) -> None:
        (tmp_path / "client").mkdir()
        (tmp_path / "client" / "client-id").write_text(f"{NODE}\n")
        self.said: list[str] = []
        self.asked: list[httpx.Request] = []
        self.stop = threading.Event()
        self.listings = iter(listings)
        self.streams = iter(streams)
        self.watch = NomadWatch(
            "http://nomad",
            "token",
            tmp_path,
            update=self.update,
            gone=lambda key: self.said.append(f"gone {key}"),
            listed=lambda: self.said.append("listed"),
            monotonic=lambda: 0.0,
            transport=httpx.MockTransport(self.answer),
        )

    def update(self, state: AllocationState) -> None:
        self.said.append(f"update {state.id}")

    def answer(self, request: httpx.Request) -> httpx.Response:
        self.asked.append(request)
        try:
            if request.url.path == "/v1/allocations":
                return httpx.Response(200, json=next(self.listings), headers={"X-Nomad-Index": "42"})
            return httpx.Response(200, stream=next(self.streams))
        except StopIteration:
            self.stop.set()
            return httpx.Response(503)


def test_lists_then_follows(tmp_path):
    """Everything there is, then what happens from that index on; other nodes' allocations are not ours."""
    event = {
        "Events": [{"Payload": {"Allocation": allocation("b")}}, {"Payload": {"Allocation": allocation("x", "y")}}]
    }
    line = json.dumps(event).encode() + b"\n"
    told = Told(tmp_path, [[allocation("a")]], [Pieces(b"{}\n", line[:20], line[20:])])
    told.watch.run(told.stop)

    assert told.said == ["update a", "listed", "update b"]
    listing, stream = told.asked[:2]
    assert listing.url.params["filter"] == f'NodeID == "{NODE}"'
    assert stream.url.params["index"] == "42"
    assert {request.headers["X-Nomad-Token"] for request in told.asked} == {"token"}


def test_what_is_no_longer_listed_is_gone(tmp_path):
    """Nomad's garbage collection makes no event: the next listing shows it."""
    told = Told(tmp_path, [[allocation("a"), allocation("b")], [allocation("b")]], [Pieces(b"{}\n"), Pieces(b"{}\n")])
    told.watch.run(told.stop)

    assert told.said == ["update a", "update b", "listed", "update b", "gone a", "listed"]


def test_stream_of_rubbish_is_left(tmp_path):
    """Something that is not JSON ends the stream, not the watch."""
    told = Told(tmp_path, [[]], [Pieces(b"<html>\n")])
    told.stop.wait = lambda _: told.stop.is_set()
    told.watch.run(told.stop)

    assert told.said == ["listed"]


def test_a_dyno_is_replaced_by_nomad(tmp_path):
    """One call; that Nomad does not do it is said, not raised."""
    told = Told(tmp_path, [], [httpx.ByteStream(b"{}")])

    assert told.watch.replace("one") is True
    assert told.watch.replace("two") is False
    assert [(each.method, each.url.path) for each in told.asked] == [
        ("PUT", "/v1/allocation/one/stop"),
        ("PUT", "/v1/allocation/two/stop"),
    ]
