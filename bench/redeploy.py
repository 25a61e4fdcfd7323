"""A code-only redeploy of a Flask app: from `push` to the new version answering."""

from __future__ import annotations

import tempfile
from collections.abc import Callable
from pathlib import Path

from bench import deploys
from bench.measure import Row, at_most, rounds
from bench.site import Site

ROUNDS = 9
LIMIT_S = 8.0


def measure(say: Callable[[str], None]) -> list[Row]:
    """Push once to fill the cache, then change one file again and again."""
    site = Site()
    with tempfile.TemporaryDirectory() as folder, site.app() as app:
        source = deploys.copy_to(Path(folder))
        deploys.push_and_wait(site, app, source, "first")
        values = rounds(ROUNDS, lambda number: deploys.push_and_wait(site, app, source, f"v{number}"), say=say)
    return [at_most("redeploy", values, unit="s", limit=LIMIT_S)]
