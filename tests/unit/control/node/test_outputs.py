"""What a build prints, as one growing stream."""

from __future__ import annotations

import uuid

import pytest

from control.node import outputs
from control.node.files import NotThere
from control.node.outputs import Outputs

ALLOCATION = str(uuid.UUID(int=7))


@pytest.fixture
def logs(tmp_path):
    folder = tmp_path / ALLOCATION / "alloc" / "logs"
    folder.mkdir(parents=True)
    return folder


@pytest.fixture
def printed(logs, monkeypatch):
    monkeypatch.setattr(outputs, "LOG_FILE_BYTES", 10)
    return Outputs(logs.parents[2])


def test_offsets_run_over_all_files(logs, printed):
    """Rotation does not show."""
    (logs / "build.stdout.0").write_bytes(b"0123456789")
    (logs / "build.stdout.1").write_bytes(b"abc")

    assert printed.read(ALLOCATION, "build", offset=0, limit=100) == b"0123456789abc"
    assert printed.read(ALLOCATION, "build", offset=8, limit=3) == b"89a"
    assert printed.read(ALLOCATION, "build", offset=13, limit=100) == b""
    assert printed.read(ALLOCATION, "build", offset=99, limit=100) == b""


def test_purged_part_is_named_and_nothing_comes_twice(logs, printed):
    """A reader that counts what it got goes on after a gap, which is marked."""
    (logs / "build.stdout.0").write_bytes(b"0123456789")
    got = printed.read(ALLOCATION, "build", offset=0, limit=100)
    (logs / "build.stdout.0").unlink()
    (logs / "build.stdout.3").write_bytes(b"abcdefghij")
    gap = printed.read(ALLOCATION, "build", offset=len(got), limit=100)
    got += gap
    (logs / "build.stdout.4").write_bytes(b"k")
    got += printed.read(ALLOCATION, "build", offset=len(got), limit=100)

    assert b"a part is missing here" in gap
    assert got.endswith(b"abcdefghijk")
    assert printed.read(ALLOCATION, "build", offset=len(got), limit=100) == b""


def test_planted_files_are_passed_over(logs, printed, tmp_path):
    """A link among the log files adds nothing; odd task names reach nothing."""
    (tmp_path / "secret").write_bytes(b"secret")
    (logs / "build.stdout.0").write_bytes(b"ok")
    (logs / "build.stdout.1").symlink_to(tmp_path / "secret")

    assert printed.read(ALLOCATION, "build", offset=0, limit=100) == b"ok"
    for task in ("../build", "", "x" * 100):
        with pytest.raises(NotThere):
            printed.read(ALLOCATION, task, offset=0, limit=100)
    with pytest.raises(NotThere):
        printed.read("../../etc", "build", offset=0, limit=100)
