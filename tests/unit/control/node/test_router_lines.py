from __future__ import annotations

import socket
from pathlib import Path

from control.adapters.memory_clock import ManualClock
from control.node.lines import Filter
from control.node.logbook import Logbook
from control.node.router_lines import RouterLines, parse
from control.node.router_reports import Report

ONE = "11111111-1111-1111-1111-111111111111"
OTHER = "22222222-2222-2222-2222-222222222222"


def test_a_datagram_holds_lines_of_several_apps() -> None:
    """Each line of a datagram goes to the app that it names."""
    found = parse(f"{ONE} at=info a\n{OTHER} at=info b\n{ONE} at=info c".encode())

    assert found == [(ONE, b"at=info a"), (OTHER, b"at=info b"), (ONE, b"at=info c")]


def test_what_names_no_app_is_left_out() -> None:
    """Lines that the router would not send reach no log."""
    assert parse(f"nonsense\n\n{ONE} x\n{ONE.upper()[:-1]} y".encode()) == [(ONE, b"x")]


def test_lines_are_written_by_app(tmp_path: Path) -> None:
    """Each in its app's log as `heroku[router]`; what does not fit the rate is counted."""
    clock = ManualClock()
    logbook = Logbook(tmp_path / "applogs", limit=1 << 20)
    lines = RouterLines(tmp_path / "router.sock", logbook, clock=clock, lines_per_second=10)
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as router:
        router.connect(str(tmp_path / "router.sock"))
        router.send(f"{OTHER} at=info path=/1\n{ONE} at=info path=/2".encode())
        lines.step(1)
        for _ in range(8):
            router.send("\n".join([f"{ONE} at=info"] * 10).encode())
            lines.step(0)
        clock.advance(60)
        lines.step(0.01)
    lines.close()
    found = [line.split(" ", 1)[1] for line in logbook.recent(ONE, Filter(), 1000)]
    routed = [line for line in found if line == "heroku[router]: at=info"]

    assert [line.split(" ", 1)[1] for line in logbook.recent(OTHER, Filter(), 10)] == [
        "heroku[router]: at=info path=/1"
    ]
    assert 40 < len(routed) <= 50
    assert f"{80 - len(routed)} messages of router dropped" in found[-1]


def test_socket_is_for_the_router(tmp_path: Path) -> None:
    """Nobody else may write; a socket that a killed agent left is replaced."""
    for _ in range(2):
        logbook = Logbook(tmp_path / "applogs", limit=1 << 20)
        RouterLines(tmp_path / "router.sock", logbook, clock=ManualClock(), lines_per_second=10).close()

    assert (tmp_path / "router.sock").stat().st_mode & 0o777 == 0o660


def test_reports_are_no_lines(tmp_path: Path) -> None:
    """What a worker counted goes to who keeps it; a broken report reaches nobody, and no log."""
    logbook = Logbook(tmp_path / "applogs", limit=1 << 20)
    found: list[Report] = []
    lines = RouterLines(tmp_path / "router.sock", logbook, clock=ManualClock(), lines_per_second=10, note=found.append)
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as router:
        router.connect(str(tmp_path / "router.sock"))
        router.send(b'#metrics {"worker": "1.1", "slot": 0, "of": 1, "apps": []}')
        router.send(b"#metrics {\n" + f"{ONE} at=info".encode())
        router.send(f"{ONE} at=info path=#metrics".encode())
        lines.step(1)
    lines.step(0.01)
    lines.close()

    assert found == [Report(worker="1.1", slot=0, of=1, apps=())]
    assert [line.split(" ", 2)[2] for line in logbook.recent(ONE, Filter(), 10)] == ["at=info path=#metrics"]
