"""Has a release booted? One pure question, asked again and again while its dynos start."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import Enum, auto

from control.ports.scheduler import Allocation, AllocationStatus, Deployment
from control.worker.losses import is_lost

_MOST_STARTS = 5
"""A release whose dynos the node lost after every one of so many starts has failed: nobody waits for ever."""


class Outcome(Enum):
    """What became of a boot."""

    WAITING = auto()
    UP = auto()
    CRASHED = auto()
    TIMED_OUT = auto()
    LOST = auto()
    """By the node: the release has yet to show whether it boots."""


@dataclass(frozen=True, kw_only=True)
class Verdict:
    """The outcome, the web dyno that made it a failure, and all that the node lost of this release."""

    outcome: Outcome
    culprit: Allocation | None = None
    lost: Sequence[Allocation] = ()


_WAITING = Verdict(outcome=Outcome.WAITING)
_UP = Verdict(outcome=Outcome.UP)


def judge(
    web: Sequence[Allocation],
    deployment: Deployment | None,
    *,
    version: int,
    nonce: int,
    quantity: int,
) -> Verdict:
    """Judge the web dynos of one release.

    Args:
        web: Allocations of the web group, of any release.
        deployment: The job's latest one.
        version: The release that boots.
        nonce: The app's restart counter, which tells two boots of one release apart.
        quantity: Web dynos wanted; with none there is nothing to wait for.
    """
    if quantity == 0:
        return _UP
    ours = [each for each in web if _is_of(each, version) and each.meta.get("nonce") == str(nonce)]
    crashed = next((each for each in ours if _has_crashed(each) and not is_lost(each)), None)
    if crashed:
        return Verdict(outcome=Outcome.CRASHED, culprit=crashed)
    if any(is_lost(each) for each in ours):
        lost = [each for each in web if _is_of(each, version) and is_lost(each)]
        too_often = len({each.meta.get("nonce") for each in lost}) >= _MOST_STARTS
        return Verdict(outcome=Outcome.CRASHED if too_often else Outcome.LOST, culprit=lost[0], lost=lost)
    silent = next((each for each in ours if each.healthy is False and not _is_overtaken(each, deployment)), None)
    if silent:
        return Verdict(outcome=Outcome.TIMED_OUT, culprit=silent)
    serving = [each for each in ours if each.healthy and each.status is AllocationStatus.RUNNING]
    if len(serving) < quantity:
        return _WAITING
    newest = max(each.job_version for each in serving)
    switched = deployment is None or deployment.job_version < newest or deployment.status == "successful"
    return _UP if switched else _WAITING


def _is_of(allocation: Allocation, version: int) -> bool:
    return allocation.meta.get("release") == str(version)


def _has_crashed(allocation: Allocation) -> bool:
    """A web dyno that ended by itself, however politely: one that Nomad was told to stop is `complete`."""
    if allocation.status is AllocationStatus.FAILED:
        return True
    return allocation.status is AllocationStatus.COMPLETE and allocation.desired == "run"


def _is_overtaken(allocation: Allocation, deployment: Deployment | None) -> bool:
    """Stopped for a newer version of the job (a scale, say) before it was up: Nomad calls that unhealthy, too."""
    return allocation.desired != "run" and deployment is not None and allocation.job_version < deployment.job_version
