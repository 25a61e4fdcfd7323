"""Every app of examples/: its first push, with nothing cached for it, and a push that changes code alone.

From `push` to the first answer through the router; a new app each round, so that nothing of the round before is cached.
"""

from __future__ import annotations

import shutil
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

from bench.measure import Row, at_most
from bench.site import Site

EXAMPLES = Path(__file__).parents[1] / "examples"
ROUNDS = 3
CHANGES = 3
COLD_LIMIT_S = 90.0
WARM_LIMIT_S = 15.0


def measure(say: Callable[[str], None]) -> list[Row]:
    """Two rows an example."""
    site = Site()
    rows: list[Row] = []
    for example in sorted(folder for folder in EXAMPLES.iterdir() if folder.is_dir()):
        cold: list[float] = []
        warm: list[float] = []
        for number in range(ROUNDS):
            first, *others = _pushes(site, example)
            cold.append(first)
            warm += others
            said = ", ".join(f"{seconds:.2f}" for seconds in others)
            say(f"  {example.name} {number + 1}/{ROUNDS}: cold {first:.2f} s, warm {said} s")
        rows += [
            at_most(f"examples_{example.name}_cold", cold, unit="s", limit=COLD_LIMIT_S),
            at_most(f"examples_{example.name}_warm", warm, unit="s", limit=WARM_LIMIT_S),
        ]
    return rows


def _pushes(site: Site, example: Path) -> list[float]:
    """Seconds of the first push of a new app, and of each change after it."""
    with tempfile.TemporaryDirectory() as folder, site.app() as app:
        source = Path(shutil.copytree(example, Path(folder) / "app"))
        return [_push(site, app, source, number) for number in range(1 + CHANGES)]


def _push(site: Site, app: str, source: Path, number: int) -> float:
    """The README is a part of the source as any other, and there in every language."""
    with (source / "README.md").open("a") as readme:
        readme.write(f"\nChange {number}.\n")
    started = time.monotonic()
    site.run("push", "--app", app, cwd=source)
    while site.get(app).status_code != 200:
        time.sleep(0.01)
    return time.monotonic() - started
