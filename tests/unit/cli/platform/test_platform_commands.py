"""up, down, status, doctor, env where there is no platform, or no right to it."""

from __future__ import annotations

import io
from pathlib import Path
from typing import Any

import pytest

from cli.env import Environment
from cli.main import main


def run(tmp_path: Path, *words: str, **variables: str) -> tuple[int, str, str]:
    out, err = io.StringIO(), io.StringIO()
    env: Any = Environment(
        stdin=io.StringIO(),
        stdout=out,
        stderr=err,
        variables={"NOMAPAAS_HOME": str(tmp_path / "none"), **variables},
        cwd=tmp_path,
    )
    return main(list(words), env), out.getvalue(), err.getvalue()


@pytest.mark.parametrize("verb", ["status", "doctor", "env"])
def test_without_a_platform_it_says_how_to_get_one(tmp_path: Path, verb: str) -> None:
    """One sentence, exit code 1, nothing on stdout."""
    code, out, err = run(tmp_path, verb)

    assert (code, out) == (1, "")
    assert "There is no platform in" in err
    assert "nomapaas up" in err


@pytest.mark.parametrize("verb", ["up", "down"])
def test_what_needs_root_says_which_command_to_run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, verb: str) -> None:
    """Before anything is touched."""
    monkeypatch.setattr("os.geteuid", lambda: 1000)

    code, _, err = run(tmp_path, verb)

    assert code == 1
    assert f"sudo .venv/bin/nomapaas {verb}" in err
    assert not (tmp_path / "none").exists()


def test_a_purge_without_a_terminal_has_to_be_confirmed(tmp_path: Path) -> None:
    """It fails and does not wait."""
    code, _, err = run(tmp_path, "down", "--purge")

    assert code == 1
    assert f"--confirm {tmp_path / 'none'}" in err


def test_a_purge_with_another_folder_removes_nothing(tmp_path: Path) -> None:
    """The confirmation is the folder that goes."""
    (tmp_path / "none").mkdir()

    code, _, err = run(tmp_path, "down", "--purge", "--confirm", "/var/lib/other")

    assert code == 1
    assert "nothing was removed" in err
    assert (tmp_path / "none").is_dir()


def test_a_wrong_setting_is_a_sentence(tmp_path: Path) -> None:
    """Not a traceback."""
    code, _, err = run(tmp_path, "status", NOMAPAAS_PORT_BASE="lots")

    assert code == 1
    assert "NOMAPAAS_PORT_BASE" in err
    assert "Traceback" not in err
