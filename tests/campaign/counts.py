"""Campaigns: hostile input by the thousand. `make test` runs a short form of each, `make campaign` the long one.

`make campaign` ends with a table of what was tried and what became of it; docs/security.md quotes it.
"""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Callable

import pytest
from hypothesis import HealthCheck, settings

LONG = os.environ.get("NOMAPAAS_CAMPAIGN") == "long"

_COUNTS = pytest.StashKey[Counter[tuple[str, str]]]()

# A campaign's time is bounded as a whole, and its examples are independent of each other: a slow one is no finding.
settings.register_profile(
    "campaign", deadline=None, database=None, suppress_health_check=[HealthCheck.too_slow], print_blob=True
)


def pytest_configure(config: pytest.Config) -> None:
    """Somewhere to count."""
    config.stash[_COUNTS] = Counter()


@pytest.fixture(scope="session")
def tally(request: pytest.FixtureRequest) -> Callable[..., None]:
    """Counts what a campaign tried: `tally("archives", "refused", 3)`; a gauge keeps the largest figure."""
    counts = request.config.stash.setdefault(_COUNTS, Counter())

    def count(campaign: str, what: str, number: int = 1, *, gauge: bool = False) -> None:
        key = (campaign, what)
        counts[key] = max(counts[key], number) if gauge else counts[key] + number

    return count


@pytest.fixture(scope="session")
def effort() -> Callable[[int, int], int]:
    """One of two sizes: `effort(short, long)`."""
    return lambda short, long: long if LONG else short


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """The table, in the long form."""
    counts = terminalreporter.config.stash.get(_COUNTS, Counter())
    if not LONG or not counts:
        return
    terminalreporter.section("what the campaigns tried")
    rows = [("campaign", "count of", "number"), *((name, what, f"{n:,}") for (name, what), n in counts.items())]
    widths = [max(len(row[column]) for row in rows) for column in range(3)]
    for name, what, number in rows:
        terminalreporter.write_line(f"{name:{widths[0]}}  {what:{widths[1]}}  {number:>{widths[2]}}")
