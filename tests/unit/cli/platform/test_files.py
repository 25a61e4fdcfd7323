"""Files are written whole or not at all."""

from __future__ import annotations

import stat
from pathlib import Path

import pytest

from cli.platform import files


@pytest.fixture(autouse=True)
def _any_user(monkeypatch: pytest.MonkeyPatch) -> None:
    """Giving files away needs root, and these promises do not."""
    monkeypatch.setattr("os.chown", lambda *_: None)


def test_writing_says_whether_anything_changed(tmp_path: Path) -> None:
    """A server is started anew only when its configuration is another one."""
    path = tmp_path / "consul.hcl"

    assert files.write(path, "one")
    assert not files.write(path, "one")
    assert files.write(path, "two")
    assert path.read_text() == "two"


def test_a_secret_is_never_open_even_for_a_moment(tmp_path: Path) -> None:
    """The default mode of JSON files is for the owner alone, whatever the umask."""
    path = tmp_path / "token.json"

    files.write_json(path, {"token": "x"})

    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert files.read_json(path) == {"token": "x"}


def test_a_mode_that_somebody_changed_is_put_right(tmp_path: Path) -> None:
    """Also where the content is right already."""
    path = tmp_path / "token.json"
    files.write_json(path, {})
    path.chmod(0o644)

    files.write_json(path, {})

    assert stat.S_IMODE(path.stat().st_mode) == 0o600


def test_nothing_is_left_of_a_write_that_failed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The old file stays, and no temporary one beside it."""
    path = tmp_path / "a"
    files.write(path, "old")

    def full(_: int) -> None:
        raise OSError("No space left on device")

    monkeypatch.setattr("os.fsync", full)
    with pytest.raises(OSError, match="No space"):
        files.write(path, "new")

    assert path.read_text() == "old"
    assert [entry.name for entry in tmp_path.iterdir()] == ["a"]


def test_a_link_in_the_way_is_replaced_and_not_followed(tmp_path: Path) -> None:
    """A part that owns a folder must not lead `up` to another file."""
    precious = tmp_path / "precious"
    precious.write_text("keep")
    link = tmp_path / "control.json"
    link.symlink_to(precious)

    files.write(link, "new")

    assert precious.read_text() == "keep"
    assert link.read_text() == "new"


def test_a_missing_json_file_is_empty(tmp_path: Path) -> None:
    """Before the first `up` there is nothing to read."""
    assert files.read_json(tmp_path / "none.json") == {}
