"""The dynos of a sleeping app, as `ps` shows them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from uuid import NAMESPACE_OID, uuid5

from control.domain.apps import App
from control.domain.dynos import Dyno, DynoState
from control.domain.sleeping import SleepCause
from control.ports.state import UnitOfWork
from control.services import desired

_ALIVE = (DynoState.UP, DynoState.STARTING)
_ENDED = (DynoState.CRASHED, DynoState.DOWN)
_FAILED = "It did not boot when it was woken; the next request tries again."


def with_idle(work: UnitOfWork, app: App, placed: Sequence[Dyno]) -> list[Dyno]:
    """The dynos that there are and, of an app that sleeps, those that it has stopped; frozen ones are idle as well."""
    current = work.releases.current(app.id)
    wanted = desired.of_release(work, app, current) if current else None
    if current is None or wanted is None or not wanted.idle or app.asleep_since is None:
        return list(placed)
    # What crashed before it fell asleep is not tried again.
    found = [_frozen(dyno, app) for dyno in placed if dyno.state not in _ENDED]
    types = wanted.slug.scalable_types if wanted.slug else {}
    have = {dyno.name for dyno in found}
    return found + [
        Dyno(
            id=str(uuid5(NAMESPACE_OID, f"{app.id}.{name}.idle")),
            app_id=app.id,
            name=name,
            type=row.type,
            state=DynoState.IDLE,
            size=row.size,
            command=types[row.type],
            release_version=current.version,
            created_at=app.asleep_since,
            updated_at=app.asleep_since,
            reason=_FAILED if app.asleep_because is SleepCause.FAILED else None,
            is_waiting=True,
        )
        for row in work.formations.list(app.id)
        if row.type in types
        for name in (f"{row.type}.{number}" for number in range(1, row.quantity + 1))
        if name not in have
    ]


def _frozen(dyno: Dyno, app: App) -> Dyno:
    if not app.frozen or app.asleep_since is None or dyno.state not in _ALIVE:
        return dyno
    return replace(dyno, state=DynoState.IDLE, updated_at=app.asleep_since, reason=None)
