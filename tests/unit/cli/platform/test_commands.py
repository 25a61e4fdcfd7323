"""Programs are run with argument lists, and fail in a sentence."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from cli.platform import commands
from cli.platform.problem import Problem


def test_output_is_returned() -> None:
    """What a program printed on stdout."""
    assert commands.run([sys.executable, "-c", "print('hi')"]) == "hi\n"


def test_a_failure_carries_the_programs_last_words() -> None:
    """And the exit code."""
    with pytest.raises(Problem, match=r"exit code 3: no such bridge"):
        commands.run([sys.executable, "-c", "import sys; sys.stderr.write('no such bridge'); sys.exit(3)"])


def test_a_missing_program_is_named() -> None:
    """With what installs it."""
    with pytest.raises(Problem, match="no-such-program is missing"):
        commands.run(["no-such-program"])


def test_a_hanging_program_is_ended() -> None:
    """Every wait has a deadline."""
    with pytest.raises(Problem, match="did not end within"):
        commands.run([sys.executable, "-c", "import threading; threading.Event().wait()"], seconds=0.2)


def test_nothing_of_a_word_is_interpreted() -> None:
    """There is no shell."""
    word = "$(id); `id` ${HOME} *"

    assert commands.run([sys.executable, "-c", "import sys; print(sys.argv[1])", word]) == f"{word}\n"


def test_a_closed_folder_above_is_seen(tmp_path: Path) -> None:
    """A program below /root is of no use to other unix users."""
    inside = tmp_path / "closed" / "bin"
    inside.mkdir(parents=True)
    inside.parent.chmod(0o700)

    assert not commands.traversable(inside / "consul")


def test_another_user_gets_no_privilege_but_reading(monkeypatch: pytest.MonkeyPatch) -> None:
    """And reading only where the interpreter lies behind a closed folder."""
    monkeypatch.setattr(commands, "traversable", lambda _: True)
    plain = commands.as_user("nomapaas", ["python", "-m", "control.admin"])
    monkeypatch.setattr(commands, "traversable", lambda _: False)
    reading = commands.as_user("nomapaas", ["python", "-m", "control.admin"])

    assert "--bounding-set=-all" in plain
    assert "--bounding-set=-all,+dac_read_search" in reading
    assert {"--clear-groups", "--no-new-privs", "--reuid=nomapaas", "--regid=nomapaas"} <= set(plain)
    assert plain[-3:] == ["python", "-m", "control.admin"]
