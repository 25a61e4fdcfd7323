"""The formation: how many dynos of which size."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from control.domain.apps import App
from control.domain.formations import Formation, wanted_quantity
from control.domain.sizes import SIZES, find_size
from control.domain.sleeping import may_not_sleep
from control.errors import NotFound
from control.ports.bundle import Ports
from control.ports.state import UnitOfWork
from control.services.actor import Actor, record_by
from control.services.announce import announce
from control.services.quotas import Resource, demand_quota
from control.services.releases import thaw
from control.services.sleeping import wake_up
from control.settings import Settings


@dataclass(frozen=True, kw_only=True)
class Change:
    """What one process type is to become; None leaves a part as it is."""

    type: str
    quantity: object = None
    size: object = None


def listed_formation(work: UnitOfWork, app: App) -> list[Formation]:
    """The process types of the app's newest release and what is wanted of each, by type."""
    base = work.releases.base(app.id)
    slug = work.slugs.get(base.slug_id) if base and base.slug_id else None
    types = slug.scalable_types if slug else {}
    rows = (row for row in work.formations.list(app.id) if row.type in types)
    return [replace(row, command=types[row.type]) for row in rows]


def find_formation(work: UnitOfWork, app: App, process_type: str) -> Formation:
    """Find one process type. Raises NotFound."""
    rows = listed_formation(work, app)
    for row in rows:
        if process_type in (row.type, row.id):
            return row
    if not rows:
        raise NotFound(
            f"Couldn't find that process type ({process_type:.63}): {app.name} has no code yet, push it first.",
            resource="formation",
        )
    known = ", ".join(row.type for row in rows)
    raise NotFound(
        f"Couldn't find that process type ({process_type:.63}); the Procfile of {app.name} has: {known}.",
        resource="formation",
    )


@dataclass(frozen=True, kw_only=True)
class ScaleFormation:
    """Change quantities and sizes, all of them or none."""

    ports: Ports
    settings: Settings

    def __call__(self, actor: Actor, app: App, changes: Sequence[Change]) -> list[Formation]:
        """Return the formation after the change. Raises NotFound, BrokenRule, QuotaReached."""
        now = self.ports.clock.now()
        scaled = []
        grown = False
        with self.ports.state.begin() as work:
            for change in changes:
                before = find_formation(work, app, change.type)
                after = self._changed(before, change)
                if after != before:
                    grown = grown or _memory(after) > _memory(before) or after.quantity > before.quantity
                    after = replace(after, updated_at=now)
                    work.formations.save(after)
                    scaled.append(after)
            if scaled:
                if grown:
                    demand_quota(work, self.settings.quota, app.owner_id, Resource.DYNOS, Resource.MEMORY)
                self._rouse(work, actor, app, now=now)
                work.apps.touch(app.id)
                record_by(work, actor, app, now=now, action="formation.update", detail=_described(scaled))
                work.commit()
            formation = listed_formation(work, app)
        if scaled:
            announce(self.ports, app.id, f"Scaled to {_described(formation)} by user {actor.account.email}")
        return formation

    def _rouse(self, work: UnitOfWork, actor: Actor, app: App, *, now: datetime) -> None:
        """Wake an app that may no longer sleep as it is scaled now; one that may sleeps without its frozen dynos."""
        latest = work.apps.get(app.id)
        if latest is None or not latest.asleep:
            return
        reason = may_not_sleep(latest.autosleep, listed_formation(work, latest))
        if reason is not None:
            wake_up(work, latest, now=now, actor=actor, why=f"scaled: {reason}")
        else:
            thaw(work, app.id)

    def _changed(self, row: Formation, change: Change) -> Formation:
        if change.size is not None:
            row = replace(row, size=find_size(change.size).name)
        if change.quantity is not None:
            limit = self.settings.max_quantity
            quantity = wanted_quantity(row.quantity, change.quantity, process_type=row.type, limit=limit)
            row = replace(row, quantity=quantity)
        return row


def _memory(row: Formation) -> int:
    return row.quantity * SIZES[row.size].memory_mb


def _described(rows: Sequence[Formation]) -> str:
    return " ".join(f"{row.type}@{row.quantity}:{row.size}" for row in rows)
