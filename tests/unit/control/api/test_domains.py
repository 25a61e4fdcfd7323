"""Custom domains over the API."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from control.domain.apps import App
from control.services.actor import Actor
from control.services.apps import DestroyApp


def _names(api: Any) -> list[str]:
    return [each["hostname"] for each in api.get("/apps/quiet-harbor/domains").json]


def _applied(plane: Any, app: App) -> None:
    with plane.state.begin() as work:
        latest = work.apps.get(app.id)
        work.apps.applied(app.id, generation=latest.desired_generation, modify_index=1)
        work.commit()


def test_a_domain_comes_and_goes(api: Any, plane: Any, app: App) -> None:
    """It is pending until the worker has told the router, found by any spelling, and gone when it is removed."""
    made = api.post("/apps/quiet-harbor/domains", {"hostname": "Bücher.Example", "sni_endpoint": None})
    assert (made.status_code, made.json["hostname"], made.json["status"]) == (201, "xn--bcher-kva.example", "pending")
    assert (made.json["kind"], made.json["cname"]) == ("custom", "quiet-harbor.localhost")
    _applied(plane, app)

    assert api.get("/apps/quiet-harbor/domains/bücher.example").json["status"] == "succeeded"
    assert _names(api) == ["quiet-harbor.localhost", "xn--bcher-kva.example"]
    assert api.get(f"/apps/quiet-harbor/domains/{made.json['id']}").status_code == 200
    assert api.delete("/apps/quiet-harbor/domains/BÜCHER.example").json["id"] == made.json["id"]
    assert api.get("/apps/quiet-harbor/domains/bücher.example").json["resource"] == "domain"
    assert _names(api) == ["quiet-harbor.localhost"]
    with plane.state.view() as work:
        trail = [(each.action, each.detail) for each in work.events.list(app.id)]
        assert ("domain.create", "xn--bcher-kva.example") in trail
        assert ("domain.destroy", "xn--bcher-kva.example") in trail
        assert work.apps.get(app.id).desired_generation == 2


@pytest.mark.parametrize(
    ("theirs", "ours", "words"),
    [
        ("www.example.com", "www.example.com", "in use by another app"),
        ("*.example.com", "www.example.com", "lies under *.example.com"),
        ("*.example.com", "a.b.example.com", "lies under *.example.com"),
        ("*.example.com", "*.b.example.com", "lies under *.example.com"),
        ("www.example.com", "*.example.com", "would cover www.example.com"),
        ("*.b.example.com", "*.example.com", "would cover *.b.example.com"),
    ],
)
def test_nobody_gets_into_anothers_names(
    api: Any, make_app: Callable[..., App], theirs: str, ours: str, words: str
) -> None:
    """The second app is told why, and nothing is changed."""
    make_app()
    make_app("other-app")
    assert api.post("/apps/other-app/domains", {"hostname": theirs}).status_code == 201

    answer = api.post("/apps/quiet-harbor/domains", {"hostname": ours})

    assert (answer.status_code, answer.json["id"]) == (422, "invalid_params")
    assert words in answer.json["message"]
    assert _names(api) == ["quiet-harbor.localhost"]


def test_an_app_may_have_a_name_beside_its_wildcard(api: Any, app: App) -> None:
    """Both are its own; the same twice is refused."""
    for hostname in ("*.example.com", "www.example.com"):
        assert api.post("/apps/quiet-harbor/domains", {"hostname": hostname}).status_code == 201

    again = api.post("/apps/quiet-harbor/domains", {"hostname": "WWW.example.com"})

    assert "added to quiet-harbor already" in again.json["message"]


def test_a_destroyed_app_gives_its_names_back(
    api: Any, plane: Any, ada: Actor, make_app: Callable[..., App], app: App
) -> None:
    """At once, though its remains are still there."""
    api.post("/apps/quiet-harbor/domains", {"hostname": "www.example.com"})
    DestroyApp(ports=plane.ports)(ada, app)
    make_app("other-app")

    assert api.post("/apps/other-app/domains", {"hostname": "www.example.com"}).status_code == 201


def test_the_own_name_stays(api: Any, app: App) -> None:
    """It goes with the app's name alone."""
    answer = api.delete("/apps/quiet-harbor/domains/quiet-harbor.localhost")

    assert (answer.status_code, "rename the app" in answer.json["message"]) == (422, True)


def test_a_quota_bounds_the_domains_of_an_app(plane: Any, api: Any, ada: Actor, app: App) -> None:
    """One more than allowed is refused and not kept."""
    with plane.state.begin() as work:
        work.accounts.save(replace(ada.account, quota={"domains": 1}))
        work.commit()
    assert api.post("/apps/quiet-harbor/domains", {"hostname": "a.example.com"}).status_code == 201

    answer = api.post("/apps/quiet-harbor/domains", {"hostname": "b.example.com"})

    assert (answer.status_code, answer.json["id"]) == (422, "quota_reached")
    assert _names(api) == ["a.example.com", "quiet-harbor.localhost"]
