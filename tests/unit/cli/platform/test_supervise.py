"""What supervisord is told."""

from __future__ import annotations

import configparser
from pathlib import Path

import pytest

from cli.platform.problem import Problem
from cli.platform.supervise import Program, Supervisor


def parsed(program: Program) -> configparser.SectionProxy:
    parser = configparser.RawConfigParser()
    parser.read_string(program.section(Path("/logs")))
    return parser[f"program:{program.name}"]


def test_a_program_is_started_again_for_ever_and_its_log_is_bounded() -> None:
    """Any killed server heals alone, and none fills the disk."""
    section = parsed(Program(name="consul", argv=["/bin/consul", "agent"]))

    assert section["autorestart"] == "true"
    assert int(section["startretries"]) >= 1_000_000
    assert section["stdout_logfile_maxbytes"] == "10MB"
    assert section["stdout_logfile_backups"] == "2"
    assert section["redirect_stderr"] == "true"


def test_percent_signs_mean_themselves() -> None:
    """Unescaped, supervisord would expand them."""
    section = parsed(Program(name="x", argv=["/bin/x", "50%"], env={"A": "1%"}))

    assert section["command"] == "/bin/x 50%%"
    assert section["environment"] == 'A="1%%"'


def test_what_supervisord_cannot_pass_on_is_refused() -> None:
    """Rather than run something else."""
    with pytest.raises(Problem, match="quotation mark"):
        Program(name="x", argv=["/bin/x"], env={"A": 'a"b'}).section(Path("/logs"))


def test_a_stopped_supervisord_is_told_apart(instance: object) -> None:
    """No socket: not alive, and every program unsupervised."""
    supervisor = Supervisor(instance)  # type: ignore[arg-type]

    assert not supervisor.alive()
    assert supervisor.state("consul") == "unsupervised"
    assert supervisor.processes() == []
