"""Nomad's helpers are found by what they hold, not by who their parent is."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import psutil
import pytest

from cli.platform import nomad_helpers

ALLOC = "0f7c5a52-8a5b-4a0c-9d2e-0b8f6f1c2d3e"
OTHER = "11111111-8a5b-4a0c-9d2e-0b8f6f1c2d3e"

Start = Callable[..., psutil.Process]


@pytest.fixture
def start(tmp_path: Path) -> Iterator[Start]:
    """Processes that look like Nomad's: the second word of their command line is what counts."""
    for name in ("logmon", "executor"):
        (tmp_path / name).write_text("import sys\nsys.stdout.write('x')\nsys.stdout.flush()\nsys.stdin.read()\n")
    started = []

    def begin(*words: str, home: Path, pipe: Path | None = None) -> psutil.Process:
        held = os.open(pipe, os.O_RDWR) if pipe else None
        process = subprocess.Popen(
            ["nomad", *words],
            executable=sys.executable,
            cwd=tmp_path,
            env={"NOMAPAAS_HOME": str(home)},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            pass_fds=[held] if held is not None else [],
        )
        started.append(process)
        if held is not None:
            os.close(held)
        assert process.stdout is not None
        process.stdout.read(1)
        return psutil.Process(process.pid)

    yield begin
    for process in started:
        process.kill()
        process.communicate()


def fifo(home: Path, allocation: str = ALLOC, task: str = "dyno") -> Path:
    path = home / "nomad" / "alloc" / allocation / "alloc" / "logs" / f".{task}.stdout.fifo"
    path.parent.mkdir(parents=True, exist_ok=True)
    if not path.exists():
        os.mkfifo(path)
    return path


def test_an_executor_is_known_by_its_argument(start: Start, tmp_path: Path) -> None:
    """It names a file of its allocation."""
    home = tmp_path / "home"
    argument = f'{{"LogFile":"{home}/nomad/alloc/{ALLOC}/dyno/executor.out"}}'
    process = start("executor", argument, home=Path("/elsewhere"))

    found = nomad_helpers.helpers(home)

    assert [(each.process, each.kind, each.allocation) for each in found] == [(process, "executor", ALLOC)]


def test_a_logmon_is_known_by_the_pipes_that_it_reads(start: Start, tmp_path: Path) -> None:
    """It has no argument at all."""
    home = tmp_path / "home"
    process = start("logmon", home=home, pipe=fifo(home))

    found = nomad_helpers.helpers(home)

    assert [(each.process, each.allocation, each.task) for each in found] == [(process, ALLOC, "dyno")]


def test_a_logmon_without_pipes_belongs_to_the_home_it_was_told(start: Start, tmp_path: Path) -> None:
    """One that is just starting has none yet; its allocation is not known."""
    process = start("logmon", home=tmp_path / "home")

    assert [(each.process, each.allocation) for each in nomad_helpers.helpers(tmp_path / "home")] == [(process, None)]


def test_another_instances_helpers_are_left_alone(start: Start, tmp_path: Path) -> None:
    """Even where one home's name begins with the other's."""
    longer = tmp_path / "home2"
    start("logmon", home=longer, pipe=fifo(longer))
    start("executor", f'{{"LogFile":"{longer}/nomad/alloc/{ALLOC}/dyno/executor.out"}}', home=longer)

    assert nomad_helpers.helpers(tmp_path / "home") == []


def test_of_two_logmons_of_a_task_the_younger_counts(start: Start, tmp_path: Path) -> None:
    """Both would read the same pipe, and each would get half of the lines."""
    home = tmp_path / "home"
    older = start("logmon", home=home, pipe=fifo(home))
    start("logmon", home=home, pipe=fifo(home))
    start("logmon", home=home, pipe=fifo(home, task="sidecar"))
    start("logmon", home=home, pipe=fifo(home, allocation=OTHER))

    found = nomad_helpers.superseded(nomad_helpers.helpers(home))

    assert [each.process for each in found] == [older]
