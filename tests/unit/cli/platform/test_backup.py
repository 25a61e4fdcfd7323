"""backup and restore, where they refuse; tests/e2e/faults/test_upkeep.py has them at work."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from cli.platform import files
from cli.platform.backup import backup, restore
from cli.platform.problem import Problem


@pytest.fixture(autouse=True)
def _root(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("os.geteuid", lambda: 0)


@pytest.fixture
def platform(instance: Any) -> Any:
    """What `up` would have left of the control plane's credentials."""
    folder = instance.secrets / "control"
    folder.mkdir(parents=True)
    files.write_json(folder / "control.json", {})
    return instance


@pytest.mark.parametrize("verb", [backup, restore])
def test_only_root_may(instance: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, verb: Any) -> None:
    """It says which command to run."""
    monkeypatch.setattr("os.geteuid", lambda: 1000)

    with pytest.raises(Problem, match=f"sudo .venv/bin/nomapaas {verb.__name__}"):
        verb(instance, tmp_path / "file")


def test_without_a_platform(instance: Any, tmp_path: Path) -> None:
    """Nothing is written."""
    with pytest.raises(Problem, match=r"no platform in .* to back up"):
        backup(instance, tmp_path / "file")
    assert not (tmp_path / "file").exists()


def test_nothing_is_overwritten(platform: Any, tmp_path: Path) -> None:
    """An older backup may be the only good one."""
    (tmp_path / "file").write_text("older")

    with pytest.raises(Problem, match="overwrites nothing"):
        backup(platform, tmp_path / "file")
    assert (tmp_path / "file").read_text() == "older"


def test_no_such_folder(platform: Any, tmp_path: Path) -> None:
    """One sentence."""
    with pytest.raises(Problem, match="choose a folder that is there"):
        backup(platform, tmp_path / "none" / "file")


def test_a_control_plane_that_cannot_leaves_no_file(
    platform: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, script: Any
) -> None:
    """Its sentence is the error, and the half-written file goes."""
    program = script("archive", "echo '... app 1 of 2' >&2; echo half; echo 'MinIO does not answer.' >&2; exit 1")
    monkeypatch.setattr("cli.platform.control_process.as_user", lambda _user, _argv: [str(program)])

    with pytest.raises(Problem, match=r"^MinIO does not answer\.$"):
        backup(platform, tmp_path / "file")
    assert [path.name for path in tmp_path.iterdir() if "file" in path.name] == []


def test_the_file_is_for_root_alone(
    platform: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, script: Any
) -> None:
    """Mode 0600, whatever the umask, and the admin's secrets go to the program by its standard input."""
    files.write_json(platform.secrets / "admin.json", {"token": "nmp_1"})
    monkeypatch.setattr("cli.platform.control_process.as_user", lambda _user, _argv: [str(script("archive", "cat"))])

    backup(platform, tmp_path / "file")

    assert (tmp_path / "file").read_text() == '{"admin": {"token": "nmp_1"}}'
    assert (tmp_path / "file").stat().st_mode & 0o777 == 0o600


def test_a_restore_needs_a_file(instance: Any, tmp_path: Path) -> None:
    """Before anything is started."""
    with pytest.raises(Problem, match="cannot be read"):
        restore(instance, tmp_path / "none")
