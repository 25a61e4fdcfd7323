"""`/apps` over the wire."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import pytest

from control.domain.apps import App
from control.services.actor import Actor


def test_create_info_rename_destroy(api: Any) -> None:
    """An app is made, found by name and UUID, renamed, and given back when it is destroyed."""
    made = api.post("/apps", {"name": "quiet-harbor"})
    assert made.status_code == 201
    assert made.json["web_url"] == "http://quiet-harbor.localhost:8080/"
    assert made.json == api.get("/apps/quiet-harbor").json == api.get(f"/apps/{made.json['id']}").json

    renamed = api.patch("/apps/quiet-harbor", {"name": "loud-harbor"})
    assert (renamed.status_code, renamed.json["name"]) == (200, "loud-harbor")
    assert api.get("/apps/quiet-harbor").status_code == 404

    gone = api.delete("/apps/loud-harbor")
    assert (gone.status_code, gone.json["id"]) == (200, made.json["id"])
    assert api.get("/apps/loud-harbor").status_code == 404
    assert api.post("/apps", {"name": "loud-harbor"}).status_code == 201


def test_a_name_is_made_up(api: Any) -> None:
    """An app without a name gets one of adjective, noun and number."""
    made = api.post("/apps", data=b"")

    assert made.status_code == 201
    assert re.fullmatch(r"[a-z]+-[a-z]+-\d{5}", made.json["name"])


@pytest.mark.parametrize(
    ("body", "sentence"),
    [
        ({"name": "Upper"}, "must start with a letter"),
        ({"name": "ab"}, "3 to 30 characters"),
        ({"name": "-dash"}, "must start with a letter"),
        ({"name": "dash-"}, "end with a letter or digit"),
        ({"name": "a" * 31}, "3 to 30 characters"),
        ({"name": ""}, "must start with a letter"),
        ({"name": "new\nline"}, "must start with a letter"),
        ({"name": 7}, "name must be a text"),
        ({"name": "api"}, "reserved"),
        ({"name": "taken-app"}, "already taken"),
        ({"stack": "heroku-24"}, "choose one of: nomapaas-13"),
        ({"region": {"name": "mars"}}, "choose one of: us"),
    ],
)
def test_bad_apps_are_refused(
    api: Any, make_app: Callable[..., App], plane: Any, body: dict[str, Any], sentence: str
) -> None:
    """A bad or taken name, stack or region gets 422 and a sentence, and makes nothing."""
    make_app("taken-app")

    refused = api.post("/apps", body)

    assert (refused.status_code, refused.json["id"]) == (422, "invalid_params")
    assert sentence in refused.json["message"]
    with plane.state.view() as work:
        assert [app.name for app in work.apps.list()] == ["taken-app"]


def test_stack_and_region_by_name_or_object(api: Any) -> None:
    """Stack and region come as a name or as an object, as clients send both."""
    made = api.post("/apps", {"name": "one-app", "stack": "nomapaas-13", "region": {"name": "us"}})

    assert made.status_code == 201
    assert (made.json["stack"]["name"], made.json["region"]["name"]) == ("nomapaas-13", "us")


def test_maintenance_is_switched_and_applied(api: Any, app: App, plane: Any) -> None:
    """Maintenance mode is kept and handed to the worker; switching it on twice changes nothing more."""
    assert api.patch(f"/apps/{app.name}", {"maintenance": True}).json["maintenance"] is True
    assert api.patch(f"/apps/{app.name}", {"maintenance": True}).json["maintenance"] is True

    with plane.state.view() as work:
        assert [each.desired_generation for each in work.apps.behind()] == [1]


def test_rename_to_a_taken_name(api: Any, app: App, make_app: Callable[..., App]) -> None:
    """A rename to a taken name changes nothing."""
    make_app("other-app")

    refused = api.patch(f"/apps/{app.name}", {"name": "other-app", "maintenance": True})

    assert refused.status_code == 422
    assert refused.json["message"] == "Name other-app is already taken; choose another one."
    assert api.get(f"/apps/{app.name}").json["maintenance"] is False


def test_others_see_nothing(client_of: Callable[..., Any], plane: Any, app: App) -> None:
    """Another account's app is 404 in every way, an admin may do everything."""
    eve, root = client_of(plane.actor("eve@example.com")), client_of(plane.actor("root@example.com", admin=True))
    answers = [
        eve.get(f"/apps/{app.name}"),
        eve.get(f"/apps/{app.id}/config-vars"),
        eve.patch(f"/apps/{app.name}", {"maintenance": True}),
        eve.delete(f"/apps/{app.name}"),
        eve.post(f"/apps/{app.name}/builds", {"source_blob": {"url": "https://example.com/x.tgz"}}),
    ]

    assert {(answer.status_code, answer.json["resource"]) for answer in answers} == {(404, "app")}
    assert eve.get("/apps").json == []
    assert [each["name"] for each in root.get("/apps").json] == [app.name]
    assert root.get("/users/~/apps").json == []
    assert root.get(f"/apps/{app.name}").status_code == 200


def test_destroying_cancels_builds(api: Any, app: App, plane: Any) -> None:
    """A build that runs while its app is destroyed is canceled, and the worker hears of the destroyed app."""
    api.post(f"/apps/{app.name}/builds", {"source_blob": {"url": "https://example.com/x.tgz"}})

    api.delete(f"/apps/{app.name}")

    with plane.state.view() as work:
        assert [build.cancel_requested for build in work.builds.pending()] == [True]
        assert [each.id for each in work.apps.destroyed()] == [app.id]


def test_every_change_is_in_the_audit_trail(api: Any, plane: Any, ada: Actor) -> None:
    """Who did what from where is written with the change."""
    api.post("/apps", {"name": "quiet-harbor"})
    api.patch("/apps/quiet-harbor", {"name": "loud-harbor"})
    api.delete("/apps/loud-harbor")

    with plane.state.view() as work:
        events = [each for each in work.events.list() if each.app_id]
    assert {(each.action, each.detail) for each in events} == {
        ("app.create", "quiet-harbor"),
        ("app.update", "name=loud-harbor"),
        ("app.destroy", "loud-harbor"),
    }
    assert {(each.actor_id, each.remote) for each in events} == {(ada.account.id, "127.0.0.1")}
