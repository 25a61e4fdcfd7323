"""Archives that come in, as a source or as a slug: nothing gets out of its folder, nothing fills the machine."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).parents[2]
MOST_MB = 96
"""Of memory, for a reader and what it is tried with; an idle Python has a fifth of it."""
HARMLESS = {"gigabytes behind the end": "unpacked"}
"""The one bomb that a build does not light: it reads a source no further than to the archive's end mark."""


def _run(module: str, *arguments: object) -> Any:
    """What a module of this folder prints, in a process of its own and a folder in memory, where there is such."""
    where = "/dev/shm" if os.access("/dev/shm", os.W_OK) else None
    with tempfile.TemporaryDirectory(prefix="nomapaas-campaign-", dir=where) as folder:
        command = [sys.executable, "-m", f"tests.campaign.{module}", *map(str, arguments), folder]
        done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr[-2000:]
    return json.loads(done.stdout)


@pytest.mark.skipif(os.geteuid() != 0, reason="Only root could make devices, or leave files to others.")
def test_no_mutated_archive_gets_out(tally: Callable[..., None], effort: Callable[[int, int], int]) -> None:
    """Each is given to the build and to the worker: no escape, no crash, no memory to speak of."""
    parts = effort(1, 10)
    with ThreadPoolExecutor(os.cpu_count()) as pool:
        count = effort(700, 10_000)
        results = list(pool.map(lambda seed: _run("unpack_many", seed, count), range(parts)))

    for result in results:
        assert result["escapes"] == []
        assert result["crashes"] == []
        assert result["peak_mb"] <= MOST_MB
        for outcome, number in result["counts"].items():
            tally("mutated archives", outcome, number)
        tally("mutated archives", "escapes", 0)
        tally("mutated archives", "most memory of a reader, MB", result["peak_mb"], gauge=True)
    outcomes = {outcome for result in results for outcome in result["counts"]}
    assert outcomes == {"source refused", "source unpacked", "slug refused", "slug accepted"}


def test_no_bomb_goes_off(tally: Callable[..., None], effort: Callable[[int, int], int]) -> None:
    """Each is refused in a sentence, soon and in little memory."""
    found = _run("bombs", 0.01 * effort(1, 100))

    for result in found["results"]:
        harmless = HARMLESS.get(result["bomb"]) if result["reader"] == "source" else None
        assert result["said"] == harmless or result["said"].endswith("."), result
        tally("bombs", f"{result['reader']} {'harmless' if harmless else 'refused'}")
        tally("bombs", "longest time, s", round(result["seconds"]), gauge=True)
    assert found["peak_mb"] <= MOST_MB
    tally("bombs", "most memory, MB", found["peak_mb"], gauge=True)
