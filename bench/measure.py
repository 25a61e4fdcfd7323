"""What a measured row is, and how its figure is made: medians, with the spread beside them."""

from __future__ import annotations

import math
import statistics
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from typing import Any


@dataclass(frozen=True, kw_only=True)
class Row:
    """One row of the results table.

    `value` is the median of what was measured, in `unit`; `baseline` that of what was measured beside it, in turn, in
    the same run (None where the target is a figure of its own), and `ratio` their quotient. `spread` is half of the
    distance between the quartiles over the median. `met` is `value` (or `ratio`) against `target`.
    """

    name: str
    value: float
    unit: str
    baseline: float | None
    ratio: float | None
    spread: float
    target: str
    met: bool

    def as_json(self) -> dict[str, Any]:
        """The object that goes into results.json."""
        return asdict(self)


def at_most(name: str, values: Sequence[float], *, unit: str, limit: float) -> Row:
    """A row whose median has to be no more than `limit`."""
    middle = statistics.median(values)
    return Row(
        name=name,
        value=round(middle, 3),
        unit=unit,
        baseline=None,
        ratio=None,
        spread=round(_spread(values), 3),
        target=f"<= {limit:g} {unit}",
        met=middle <= limit,
    )


def percentile(name: str, values: Sequence[float], *, share: int, unit: str, limit: float) -> Row:
    """A row whose `value` is not the median but that which `share` per cent of all do not exceed."""
    ordered = sorted(values)
    reached = ordered[max(0, math.ceil(len(ordered) * share / 100) - 1)]
    return Row(
        name=name,
        value=round(reached, 3),
        unit=unit,
        baseline=None,
        ratio=None,
        spread=round(_spread(values), 3),
        target=f"p{share} <= {limit:g} {unit}",
        met=reached <= limit,
    )


def ratio(
    name: str,
    values: Sequence[float],
    baselines: Sequence[float],
    *,
    unit: str,
    limit: float,
    at_least: bool = False,
) -> Row:
    """A row whose median over that of the baseline is bounded; rounds were measured in turn."""
    value, baseline = statistics.median(values), statistics.median(baselines)
    quotient = value / baseline
    quotients = [ours / theirs for ours, theirs in zip(values, baselines, strict=True)]
    return Row(
        name=name,
        value=round(value, 3),
        unit=unit,
        baseline=round(baseline, 3),
        ratio=round(quotient, 3),
        spread=round(_spread(quotients), 3),
        target=f"{'>=' if at_least else '<='} {limit:g}",
        met=quotient >= limit if at_least else quotient <= limit,
    )


def rounds(count: int, measure: Callable[[int], float], *, say: Callable[[str], None]) -> list[float]:
    """Measure `count` times, saying each figure as it comes."""
    found = []
    for number in range(count):
        found.append(measure(number))
        say(f"  {number + 1}/{count}: {found[-1]:.3f}")
    return found


def _spread(values: Sequence[float]) -> float:
    middle = statistics.median(values)
    if len(values) < 2 or not middle:
        return 0.0
    lower, _, upper = statistics.quantiles(values, n=4, method="inclusive")
    return (upper - lower) / 2 / middle
