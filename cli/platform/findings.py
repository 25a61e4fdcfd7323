"""What `doctor` looks at and finds."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import asdict, dataclass
from enum import StrEnum
from typing import Any

from cli.platform.problem import Problem


class Verdict(StrEnum):
    """How one check ended."""

    OK = "ok"
    WARNING = "warning"
    WRONG = "wrong"


@dataclass(frozen=True, kw_only=True)
class Finding:
    """One thing that was checked, and what to do when it is not as it should be."""

    topic: str
    verdict: Verdict
    found: str
    advice: str = ""

    def record(self) -> dict[str, Any]:
        """For `--json`."""
        return asdict(self)


def fine(topic: str, found: str) -> Finding:
    """As it should be."""
    return Finding(topic=topic, verdict=Verdict.OK, found=found)


def warning(topic: str, found: str, advice: str) -> Finding:
    """It works, and somebody should look."""
    return Finding(topic=topic, verdict=Verdict.WARNING, found=found, advice=advice)


def wrong(topic: str, found: str, advice: str) -> Finding:
    """It does not work, or is not safe."""
    return Finding(topic=topic, verdict=Verdict.WRONG, found=found, advice=advice)


Check = Callable[[], Iterable[Finding]]


def run_checks(checks: Iterable[tuple[str, Check]]) -> Iterator[Finding]:
    """Every check's findings; one that cannot be made is a finding too."""
    for topic, check in checks:
        try:
            yield from check()
        except Problem as problem:
            yield wrong(topic, str(problem), "See `nomapaas status`, then run `nomapaas up`.")
        except Exception as exc:  # noqa: BLE001 - a doctor that breaks down helps nobody
            yield wrong(
                topic,
                f"The check itself failed ({type(exc).__name__}: {exc}).",
                "Run `nomapaas up` and then this again.",
            )
