"""Buildpacks, what an app.json left, and app setups, on every state store."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from control.domain.app_setups import AppSetup
from control.domain.apps import App
from control.ports.state import StateStore


def test_an_app_keeps_its_buildpacks_in_their_order(store: StateStore, app: App) -> None:
    """Order is what they mean; none is what an app begins with."""
    chosen = ("https://example.com/b.git#main", "heroku/python")
    with store.begin() as work:
        assert work.apps.get(app.id).buildpacks == ()
        work.apps.save(replace(app, buildpacks=chosen))
        work.commit()

    with store.view() as work:
        assert work.apps.get(app.id).buildpacks == chosen


def test_reports_and_app_json_come_back(store: StateStore, app: App, records: Any) -> None:
    """As they were given, also when there are none."""
    build = records.build(app, reports={"heroku/python": "version: 3.13\n"})
    kept = {"env": ["A"], "cron": [{"command": "tidy", "schedule": "@daily"}]}
    with_one, without = records.slug(app, app_json=kept), records.slug(app)
    with store.begin() as work:
        work.builds.add(build)
        work.slugs.add(with_one)
        work.slugs.add(without)
        work.commit()

    with store.view() as work:
        assert work.builds.get(build.id).reports == build.reports
        assert work.slugs.get(with_one.id).app_json == kept
        assert work.slugs.get(without.id).app_json is None


def test_a_setup_goes_with_its_app(store: StateStore, app: App, records: Any) -> None:
    """It is found by its id until the app is removed."""
    setup = AppSetup(id="5" * 36, app_id=app.id, build_id="6" * 36, created_at=records.now)
    with store.begin() as work:
        work.app_setups.add(setup)
        work.commit()
    with store.begin() as work:
        assert work.app_setups.get(setup.id) == setup
        work.apps.remove(app.id)
        work.commit()

    with store.view() as work:
        assert work.app_setups.get(setup.id) is None
