"""`/apps/:app/cache`."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest

from control.domain.apps import App
from control.ports.edge import CacheCounts
from control.services import desired


def route_of(plane: Any, app: App) -> Any:
    with plane.state.view() as work:
        return desired.route(work, work.apps.get(app.id), settings=plane.settings)


def events_of(plane: Any, app: App) -> list[tuple[str, str]]:
    with plane.state.view() as work:
        return [(each.action, each.detail) for each in work.events.list(app.id) if each.action.startswith("cache.")]


def test_a_cache_is_off_until_it_is_switched_on(api: Any, app: App, plane: Any) -> None:
    """The router learns the release and the purges; switching it on twice changes nothing more."""
    assert api.get(f"/apps/{app.name}/cache").json["enabled"] is False
    assert route_of(plane, app).cache is None

    assert api.patch(f"/apps/{app.name}/cache", {"enabled": True}).json["enabled"] is True
    assert api.patch(f"/apps/{app.name}/cache", {"enabled": True}).json["enabled"] is True

    with plane.state.view() as work:
        assert [each.desired_generation for each in work.apps.behind()] == [1]
    assert route_of(plane, app).cache == "0-1"
    assert events_of(plane, app) == [("cache.update", "enabled=True")]


def test_a_deploy_begins_anew(api: Any, app: App, plane: Any) -> None:
    """The generation holds the release, so that nothing of the one before is shown."""
    api.patch(f"/apps/{app.name}/cache", {"enabled": True})
    plane.deploy(app)
    first = route_of(plane, app).cache
    plane.deploy(app)

    assert (first, route_of(plane, app).cache) == ("1-1", "2-1")


def test_what_was_kept_before_a_pause_is_not_shown_after_it(api: Any, app: App, plane: Any) -> None:
    """Off and on again is another generation."""
    generations = []
    for enabled in (True, False, True):
        api.patch(f"/apps/{app.name}/cache", {"enabled": enabled})
        generations.append(route_of(plane, app).cache)

    assert generations == ["0-1", None, "0-3"]


def test_purging_everything_needs_no_edge(api: Any, app: App, plane: Any) -> None:
    """It is a new generation: it holds whatever is down."""
    api.patch(f"/apps/{app.name}/cache", {"enabled": True})
    plane.edge.down = True

    assert api.post(f"/apps/{app.name}/cache/actions/purge", {}).status_code == 202

    assert route_of(plane, app).cache == "0-2"
    assert ("cache.purge", "everything") in events_of(plane, app)


@pytest.mark.parametrize(
    ("body", "purged", "detail"),
    [
        ({"url": "/a?b=1"}, (None, "/a?b=1", False), "/a?b=1"),
        ({"prefix": "/blog/"}, (None, "/blog/", True), "/blog/*"),
        ({"url": "https://Shop.example.com:8443/ä b#top"}, ("shop.example.com", "/%C3%A4%20b", False), None),
        ({"url": "http://shop.example.com"}, ("shop.example.com", "/", False), "shop.example.com/"),
        ({"url": "/x&&obj.http.a~."}, (None, "/x&&obj.http.a~.", False), None),
    ],
)
def test_an_url_is_purged_at_the_edge(  # noqa: PLR0917 - three fixtures and a table of three
    api: Any, app: App, plane: Any, body: dict[str, str], purged: tuple[Any, ...], detail: str | None
) -> None:
    """As browsers send it, with what it is in the trail."""
    assert api.post(f"/apps/{app.name}/cache/actions/purge", body).status_code == 202

    [(app_id, target)] = plane.edge.purged
    assert (app_id, target.host, target.path, target.prefix) == (app.id, *purged)
    assert detail is None or ("cache.purge", detail) in events_of(plane, app)


@pytest.mark.parametrize(
    ("body", "status"),
    [
        ({"url": "blog"}, 422),
        ({"url": "//example.com/a"}, 422),
        ({"url": "https:/a"}, 422),
        ({"url": "/" + "a" * 1000}, 422),
        ({"url": "http://[::1/"}, 422),
        ({"url": ""}, 422),
        ({"url": "/a", "prefix": "/b"}, 422),
        ({"url": 7}, 422),
    ],
)
def test_what_is_no_url_is_refused(api: Any, app: App, plane: Any, body: dict[str, Any], status: int) -> None:
    """A sentence, and nothing is purged or written down."""
    refused = api.post(f"/apps/{app.name}/cache/actions/purge", body)

    assert (refused.status_code, refused.json["id"]) == (status, "invalid_params")
    assert (plane.edge.purged, events_of(plane, app)) == ([], [])


def test_a_purge_that_nobody_took_is_no_purge(api: Any, app: App, plane: Any) -> None:
    """Without an edge the command fails, and the trail says nothing of it."""
    plane.edge.down = True

    refused = api.post(f"/apps/{app.name}/cache/actions/purge", {"url": "/a"})

    assert (refused.status_code, refused.json["id"]) == (503, "edge_unavailable")
    assert events_of(plane, app) == []


def test_how_a_cache_does(api: Any, app: App, plane: Any) -> None:
    """Counts, and the share of answers that needed no dyno among those that could have done without."""
    plane.edge.counts[app.id] = CacheCounts(
        hits=90, misses=5, passes=100, stale=5, since=datetime(2026, 1, 2, tzinfo=UTC), answers=True
    )

    found = api.get(f"/apps/{app.name}/cache").json
    plane.edge.down = True
    unknown = api.get(f"/apps/{app.name}/cache").json

    assert (found["hit_rate"], found["passes"], found["since"]) == (0.95, 100, "2026-01-02T00:00:00Z")
    assert (unknown["available"], unknown["hits"], unknown["hit_rate"]) == (False, None, None)


def test_nonsense_switches_nothing(api: Any, app: App) -> None:
    """The field must be there and be true or false."""
    for body in ({}, {"enabled": "yes"}, {"enabled": 1}):
        assert api.patch(f"/apps/{app.name}/cache", body).status_code == 422

    assert api.get(f"/apps/{app.name}/cache").json["enabled"] is False


def test_an_unused_cache_has_no_rate(api: Any, app: App, plane: Any) -> None:
    """Nothing asked is not nothing hit."""
    plane.edge.counts[app.id] = replace(plane.edge.cache_counts(app.id), passes=3)

    assert api.get(f"/apps/{app.name}/cache").json["hit_rate"] is None
