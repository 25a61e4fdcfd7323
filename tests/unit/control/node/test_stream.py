"""What a task prints, read while Nomad rotates it and a tenant plays tricks."""

from __future__ import annotations

import os
import uuid
from pathlib import Path

import pytest

from control.node.stream import Position, Stream

ALLOCATION = str(uuid.UUID(int=7))


@pytest.fixture
def logs(tmp_path: Path) -> Path:
    folder = tmp_path / ALLOCATION / "alloc" / "logs"
    folder.mkdir(parents=True)
    return folder


def stream(logs: Path, start: Position | None = None) -> Stream:
    return Stream(logs.parents[2], ALLOCATION, "dyno", "stdout", start)


def test_reads_what_is_added(logs):
    """Nothing there, then something, then more."""
    found = stream(logs)
    assert found.read(100) == b""

    (logs / "dyno.stdout.0").write_bytes(b"one\n")
    assert found.read(100) == b"one\n"

    with (logs / "dyno.stdout.0").open("ab") as file:
        file.write(b"two\n")
    assert found.read(100) == b"two\n"
    assert found.read(100) == b""


def test_follows_rotation(logs):
    """The rest of the old file comes before the new one; a purged one in between is passed over."""
    found = stream(logs)
    (logs / "dyno.stdout.0").write_bytes(b"a")
    assert found.read(100) == b"a"
    with (logs / "dyno.stdout.0").open("ab") as file:
        file.write(b"b")
    (logs / "dyno.stdout.2").write_bytes(b"c")

    assert found.read(100) + found.read(100) == b"bc"
    assert found.position.index == 2


def test_goes_on_where_it_was(logs):
    """A position taken from one reader serves another; a file that took the number's place is read whole."""
    (logs / "dyno.stdout.0").write_bytes(b"one\ntwo\n")
    first = stream(logs)
    assert first.read(4) == b"one\n"

    assert stream(logs, first.position).read(100) == b"two\n"

    (logs / "new").write_bytes(b"other\n")
    (logs / "new").replace(logs / "dyno.stdout.0")

    assert stream(logs, first.position).read(100) == b"other\n"


def test_numbers_are_ordered_as_numbers(logs):
    """File 10 comes after file 9."""
    for index in (10, 9):
        (logs / f"dyno.stdout.{index}").write_bytes(b"%d " % index)
    found = stream(logs)

    assert found.read(100) + found.read(100) == b"9 10 "


@pytest.mark.parametrize("trick", ["symlink", "hardlink", "fifo", "folder", "linked folder"])
def test_tricks_read_nothing(logs, tmp_path, trick):
    """A link, a second name, a FIFO or a linked folder in the place of a log file is not read, and holds nobody up."""
    secret = tmp_path / "secret"
    secret.write_bytes(b"root's own\n")
    target = logs / "dyno.stdout.0"
    if trick == "symlink":
        target.symlink_to(secret)
    elif trick == "hardlink":
        target.hardlink_to(secret)
    elif trick == "fifo":
        os.mkfifo(target)
    elif trick == "folder":
        target.mkdir()
    else:
        logs.rename(tmp_path / "elsewhere")
        (tmp_path / "elsewhere" / "dyno.stdout.0").write_bytes(b"root's own\n")
        logs.symlink_to(tmp_path / "elsewhere")

    assert stream(logs).read(100) == b""


def test_other_streams_are_not_mixed_in(logs):
    """Names must match whole: another task's files and odd endings are not this stream."""
    for name in ("dyno.stderr.0", "xdyno.stdout.0", "dyno.stdout.0.bak", "dyno.stdout.-1", ".dyno.stdout.fifo"):
        (logs / name).write_bytes(b"no")

    assert stream(logs).read(100) == b""


def test_file_that_was_cut_short_is_read_again(logs):
    """A truncated file starts over."""
    (logs / "dyno.stdout.0").write_bytes(b"long text\n")
    found = stream(logs)
    found.read(100)
    (logs / "dyno.stdout.0").write_bytes(b"new\n")

    assert found.read(100) == b"new\n"
