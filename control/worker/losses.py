"""Dynos that their node lost: it could not set them up, or not find them again after its agent had ended.

That is no failure of the app's or of its release. Nomad, however, counts such dynos with all that failed before, tries
again after minutes, and not at all while a deployment runs; so the worker starts the app anew.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta

import structlog

from control.ports.bundle import Ports
from control.ports.scheduler import Allocation, AllocationStatus

log = structlog.get_logger()

_PAUSES_S = (0, 0, 5, 10)
"""By recent losses, the last one for all more: what a node loses again and again is still back within the
half minute in which all that wears away is mended."""
_FORGIVEN = timedelta(minutes=1)
"""After so long a loss is no sign any more that the node will lose the next one."""


def is_lost(allocation: Allocation) -> bool:
    """Whether it ended by its node's doing."""
    return allocation.setup_failed and allocation.status is AllocationStatus.FAILED


def start_anew(ports: Ports, app_id: str, lost: Sequence[Allocation] = ()) -> None:
    """Let the app have a whole new set of dynos, but not before the pause is over that `lost` ones ask for.

    The raised generation is submitted by whoever attends to the app.
    """
    now = ports.clock.now()
    if lost and now < _pause_ends(lost, now):
        return
    log.info("app.starts_anew", app=app_id, lost=len(lost))
    with ports.state.begin() as work:
        app = work.apps.get(app_id)
        if app is not None:
            work.apps.save(replace(app, restart_nonce=app.restart_nonce + 1))
            work.apps.touch(app_id)
            work.commit()


def _pause_ends(lost: Sequence[Allocation], now: datetime) -> datetime:
    newest = max(lost, key=lambda each: each.created_at)
    recent = [each for each in lost if each.index == newest.index and now - each.modified_at < _FORGIVEN]
    return newest.modified_at + timedelta(seconds=_PAUSES_S[min(len(recent), len(_PAUSES_S) - 1)])
