"""`/apps/:app/features`, and the pages that config vars name."""

from __future__ import annotations

from typing import Any

import pytest

from control.domain.apps import App
from control.services import desired

AFFINITY, NO_KEEPALIVE = "http-session-affinity", "http-disable-keepalive-to-dyno"


def route_of(plane: Any, app: App) -> Any:
    with plane.state.view() as work:
        return desired.route(work, work.apps.get(app.id), settings=plane.settings)


def events_of(plane: Any, app: App) -> list[str]:
    with plane.state.view() as work:
        return [each.detail for each in work.events.list(app.id) if each.action == "feature.update"]


def test_every_app_has_every_feature_off(api: Any, app: App, plane: Any) -> None:
    """In Heroku's form; by name or id."""
    found = api.get(f"/apps/{app.name}/features").json

    assert [(each["name"], each["enabled"], each["state"]) for each in found] == [
        (NO_KEEPALIVE, False, "general"),
        (AFFINITY, False, "general"),
    ]
    assert api.get(f"/apps/{app.name}/features/{found[1]['id']}").json == found[1]
    route = route_of(plane, app)
    assert (route.affinity, route.keepalive) == (False, True)


@pytest.mark.parametrize(("name", "expected"), [(AFFINITY, (True, True)), (NO_KEEPALIVE, (False, False))])
def test_a_switch_reaches_the_route(api: Any, app: App, plane: Any, name: str, expected: tuple[bool, bool]) -> None:
    """The worker hears of it once, the trail too, and switching off takes it back."""
    path = f"/apps/{app.name}/features/{name}"

    assert api.patch(path, {"enabled": True}).json["enabled"] is True
    assert api.patch(path, {"enabled": True}).json["enabled"] is True

    with plane.state.view() as work:
        assert [each.desired_generation for each in work.apps.behind()] == [1]
    route = route_of(plane, app)
    assert (route.affinity, route.keepalive) == expected
    assert events_of(plane, app) == [f"{name}, enabled=True"]
    assert api.patch(path, {"enabled": False}).json["enabled"] is False
    route = route_of(plane, app)
    assert (route.affinity, route.keepalive) == (False, True)


@pytest.mark.parametrize(
    ("name", "body", "said"),
    [
        ("http-teapot", {"enabled": True}, "there are: http-disable-keepalive-to-dyno, http-session-affinity."),
        (AFFINITY, {}, "The field enabled is missing"),
        (AFFINITY, {"enabled": "yes"}, "enabled"),
    ],
)
def test_bad_input_gets_a_sentence(api: Any, app: App, name: str, body: Any, said: str) -> None:
    """Nothing is changed."""
    answer = api.patch(f"/apps/{app.name}/features/{name}", body)

    assert answer.status_code in {404, 422}
    assert said in answer.json["message"]
    assert not any(each["enabled"] for each in api.get(f"/apps/{app.name}/features").json)


ERROR_PAGE, CLOSED = "https://pages.example.com/e?a=1&b=2", "http://pages.example.com/closed"


def test_pages_follow_the_release(api: Any, app: App, plane: Any) -> None:
    """Config vars name them; other changes keep them, a rollback brings back those of its release."""
    plane.deploy(app)
    assert (route_of(plane, app).error_page, route_of(plane, app).maintenance_page) == (None, None)
    api.patch(f"/apps/{app.name}/config-vars", {"ERROR_PAGE_URL": ERROR_PAGE, "MAINTENANCE_PAGE_URL": CLOSED})
    plane.settle()
    api.patch(f"/apps/{app.name}/config-vars", {"A": "1"})
    plane.settle()
    plane.deploy(app)
    assert (route_of(plane, app).error_page, route_of(plane, app).maintenance_page) == (ERROR_PAGE, CLOSED)

    api.patch(f"/apps/{app.name}/config-vars", {"MAINTENANCE_PAGE_URL": None})
    plane.settle()
    assert (route_of(plane, app).error_page, route_of(plane, app).maintenance_page) == (ERROR_PAGE, None)

    api.post(f"/apps/{app.name}/releases", {"release": "v1"})
    plane.settle()
    assert (route_of(plane, app).error_page, route_of(plane, app).maintenance_page) == (None, None)


@pytest.mark.parametrize("value", ["javascript:alert(1)", "//a/b", "https://a b", 'https://a/"x', "https://ä.example"])
def test_a_page_that_is_no_address_is_refused(api: Any, app: App, value: str) -> None:
    """No release is made; an empty value is none."""
    answer = api.patch(f"/apps/{app.name}/config-vars", {"ERROR_PAGE_URL": value})

    assert answer.status_code == 422
    assert answer.json["message"].startswith("ERROR_PAGE_URL must be a whole address")
    assert api.get(f"/apps/{app.name}/releases").json == []
    assert api.patch(f"/apps/{app.name}/config-vars", {"ERROR_PAGE_URL": ""}).status_code == 200
