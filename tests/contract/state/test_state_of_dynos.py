"""What every state store promises of one-off dynos and health checks."""

from __future__ import annotations

from dataclasses import replace
from typing import Any
from uuid import uuid4

import pytest

from control.domain.apps import App
from control.domain.health_checks import HealthCheck
from control.domain.oneoffs import Oneoff
from control.ports.state import StateStore, StateUnavailable


def _oneoff(app: App, number: int, now: Any, **changes: Any) -> Oneoff:
    oneoff = Oneoff(
        id=str(uuid4()),
        app_id=app.id,
        number=number,
        user_id=app.owner_id,
        command="echo hi",
        type="run",
        size="free",
        slug_id=str(uuid4()),
        release_version=3,
        config_version=2,
        has_own_config=True,
        time_to_live=60,
        created_at=now,
        updated_at=now,
    )
    return replace(oneoff, **changes)


def _add(store: StateStore, *oneoffs: Oneoff) -> None:
    with store.begin() as work:
        for each in oneoffs:
            work.oneoffs.add(each)
        work.commit()


def test_a_one_off_is_kept_whole(store: StateStore, app: App, records: Any) -> None:
    """Every field comes back as it was, found by id and by number."""
    oneoff = _oneoff(app, 1, records.now)
    _add(store, oneoff)

    ended = replace(oneoff, submitted_at=records.now, started_at=records.now, ended_at=records.now, exit_code=3)
    with store.begin() as work:
        work.oneoffs.save(replace(ended, reason="It ended.", stop_requested=True))
        work.commit()

    with store.view() as work:
        assert work.oneoffs.get(oneoff.id) == replace(ended, reason="It ended.", stop_requested=True)
        assert work.oneoffs.by_number(app.id, 1) == work.oneoffs.get(oneoff.id)
        assert work.oneoffs.by_number(app.id, 2) is None


def test_running_ones_are_found(store: StateStore, app: App, records: Any) -> None:
    """What the worker asks for again and again leaves out all that has ended."""
    first, second = _oneoff(app, 1, records.now), _oneoff(app, 2, records.now)
    ended = _oneoff(app, 3, records.now, ended_at=records.now)
    _add(store, second, first, ended)

    with store.view() as work:
        assert {each.number for each in work.oneoffs.running()} == {1, 2}
        assert [each.number for each in work.oneoffs.running_of(app.id)] == [1, 2]
        assert [each.number for each in work.oneoffs.list(app.id)] == [1, 2, 3]


def test_a_number_is_given_once(store: StateStore, app: App, records: Any) -> None:
    """Two one-offs of one app cannot have one name."""
    _add(store, _oneoff(app, 1, records.now))

    with pytest.raises(StateUnavailable):
        _add(store, _oneoff(app, 1, records.now))


def test_they_go_one_by_one_or_with_their_app(store: StateStore, app: App, records: Any) -> None:
    """Removing the app leaves nothing of it."""
    first, second = _oneoff(app, 1, records.now), _oneoff(app, 2, records.now)
    _add(store, first, second)

    with store.begin() as work:
        work.oneoffs.remove(first.id)
        assert [each.number for each in work.oneoffs.list(app.id)] == [2]
        work.apps.remove(app.id)
        work.commit()

    with store.view() as work:
        assert work.oneoffs.get(second.id) is None


def test_a_slug_keeps_its_health_check(store: StateStore, app: App, records: Any) -> None:
    """With one it comes back equal; without one it is None."""
    check = HealthCheck(path="/up", interval_s=2, timeout_s=1, startup_s=90, restart_after=3)
    checked, plain = records.slug(app, health_check=check), records.slug(app)

    with store.begin() as work:
        work.slugs.add(checked)
        work.slugs.add(plain)
        work.commit()

    with store.view() as work:
        found, other = work.slugs.get(checked.id), work.slugs.get(plain.id)
    assert found is not None
    assert other is not None
    assert (found.health_check, other.health_check) == (check, None)
