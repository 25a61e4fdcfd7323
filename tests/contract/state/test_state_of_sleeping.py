"""What every state store promises of sleeping apps."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any

from control.domain.accounts import Account
from control.domain.apps import App
from control.domain.sleeping import Autosleep, SleepCause
from control.ports.state import StateStore


def _save(store: StateStore, app: App) -> None:
    with store.begin() as work:
        work.apps.save(app)
        work.commit()


def test_sleep_is_kept_whole(store: StateStore, app: App, records: Any) -> None:
    """What an app was told about its sleep, and how it sleeps, comes back as it was; at first there is nothing."""
    assert (app.autosleep, app.asleep_since, app.frozen, app.woken_at, app.waking) == (None, None, False, None, False)
    asleep = replace(
        app,
        autosleep=Autosleep(after_s=60, keep_warm="mon 08:00-09:00", freeze=True),
        asleep_since=records.now,
        asleep_because=SleepCause.IDLE,
        frozen=True,
        woken_at=records.now,
        waking=True,
    )

    _save(store, asleep)

    with store.view() as work:
        assert work.apps.get(app.id) == asleep
    _save(store, replace(asleep, autosleep=None, asleep_since=None))
    with store.view() as work:
        assert work.apps.get(app.id) == replace(asleep, autosleep=None, asleep_since=None)


def test_waking_apps_are_found(store: StateStore, app: App, owner: Account, records: Any) -> None:
    """Those alone whose boot nobody has judged, the first woken first, and none that is destroyed."""
    other = records.app(owner, "other", waking=True, woken_at=records.now - timedelta(seconds=1))
    with store.begin() as work:
        work.apps.add(other)
        work.commit()
    _save(store, replace(app, waking=True, woken_at=records.now))

    with store.view() as work:
        assert [each.id for each in work.apps.waking()] == [other.id, app.id]

    _save(store, replace(app, waking=False))
    _save(store, replace(other, destroyed_at=records.now))
    with store.view() as work:
        assert work.apps.waking() == []
