"""`/users`, collaborators, transfers and tokens over the wire."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from control.domain.apps import App
from control.services.actor import Actor


@pytest.fixture
def root(client_of: Callable[..., Any], plane: Any) -> Any:
    return client_of(plane.actor("root@example.com", admin=True))


@pytest.fixture
def bob(plane: Any) -> Actor:
    return plane.actor("bob@example.com")


@pytest.fixture
def as_bob(client_of: Callable[..., Any], bob: Actor) -> Any:
    return client_of(bob)


def _with(client: Any, token: str) -> Any:
    client.token = token
    return client


def test_an_account_from_its_beginning_to_its_end(root: Any, client_of: Callable[..., Any]) -> None:
    """An admin adds an account, whose token works at once; reset makes all old keys worthless; then it is removed."""
    made = root.post("/users", {"email": "Eve@example.com", "name": "Eve"})
    assert made.status_code == 201
    assert (made.json["email"], made.json["name"], made.json["admin"]) == ("eve@example.com", "Eve", False)
    eve = _with(client_of(None), made.json["token"])
    assert eve.get("/account").json["email"] == "eve@example.com"
    assert eve.patch("/account", {"new_password": "correct horse"}).status_code == 200
    login = client_of(None)("POST", "/oauth/authorizations", {}, auth=("eve@example.com", "correct horse"))
    assert login.status_code == 201

    again = root.post("/users/eve@example.com/actions/reset")
    assert again.status_code == 201
    assert eve.get("/account").status_code == 401
    refused = client_of(None)("POST", "/oauth/authorizations", {}, auth=("eve@example.com", "correct horse"))
    assert refused.status_code == 401
    assert _with(eve, again.json["token"]).get("/account").status_code == 200

    assert [each["email"] for each in root.get("/users").json] == ["eve@example.com", "root@example.com"]
    assert root.delete("/users/eve@example.com").json["id"] == made.json["id"]
    assert eve.get("/account").status_code == 401
    assert root.get("/users/eve@example.com").status_code == 404


@pytest.mark.usefixtures("app")
@pytest.mark.parametrize(
    ("route", "body", "sentence"),
    [
        ("POST /users", {"email": "nobody"}, "must look like name@example.com"),
        ("POST /users", {"email": "ada@example.com"}, "There is an account ada@example.com already"),
        ("DELETE /users/root@example.com", None, "cannot remove your own account"),
        ("DELETE /users/ada@example.com", None, "still owns quiet-harbor; transfer"),
        ("PATCH /users/root@example.com", {"admin": False}, "cannot take the admin's rights from yourself"),
        ("PATCH /users/ada@example.com", {"quota": {"cats": 1}}, "choose of: apps, dynos"),
        ("PATCH /users/ada@example.com", {"quota": {"apps": -1}}, "whole number from 0"),
        ("PATCH /account", {"new_password": "short"}, "at least 8 characters"),
    ],
)
def test_what_cannot_be_done_to_accounts(
    root: Any, snapshot: Callable[[], Any], route: str, body: Any, sentence: str
) -> None:
    """422 with a sentence, and nothing changes."""
    before = snapshot()

    refused = root(*route.split(" "), body)

    assert (refused.status_code, refused.json["id"]) == (422, "invalid_params")
    assert sentence in refused.json["message"]
    assert snapshot() == before


def test_an_account_whose_app_is_being_destroyed_stays(root: Any, api: Any, app: App, plane: Any) -> None:
    """Its row is needed until the worker is done with the app."""
    api.delete(f"/apps/{app.name}")
    assert "still being destroyed" in root.delete("/users/ada@example.com").json["message"]

    with plane.state.begin() as work:
        work.apps.remove(app.id)
        work.commit()
    assert root.delete("/users/ada@example.com").status_code == 200


def test_collaborators_see_what_is_shared(api: Any, as_bob: Any, app: App, make_app: Callable[..., App]) -> None:
    """A collaborator finds the app in the list, may do what was given and what is less, until it is taken back."""
    make_app("other-app")
    added = api.post(f"/apps/{app.name}/collaborators", {"user": "bob@example.com", "permissions": ["deploy"]})
    assert added.status_code == 201
    assert [each["name"] for each in added.json["permissions"]] == ["view", "deploy"]
    assert [each["name"] for each in as_bob.get("/apps").json] == [app.name]
    assert as_bob.get("/users/~/apps").json == []
    refused = as_bob.get(f"/apps/{app.name}/config-vars")
    assert (refused.status_code, refused.json["id"]) == (403, "forbidden")
    assert "This needs the permission operate on quiet-harbor, and you have deploy" in refused.json["message"]

    where = f"/apps/{app.name}/collaborators/bob@example.com"
    assert api.patch(where, {"permissions": ["operate", "view"]}).json["id"] == added.json["id"]
    assert as_bob.get(f"/apps/{app.name}/config-vars").status_code == 200
    assert [(each["role"], each["user"]["email"]) for each in api.get(f"/apps/{app.name}/collaborators").json] == [
        ("owner", "ada@example.com"),
        ("collaborator", "bob@example.com"),
    ]

    assert api.delete(f"/teams{where}").status_code == 200
    assert as_bob.get(f"/apps/{app.name}").status_code == 404
    assert as_bob.get("/apps").json == []


@pytest.mark.usefixtures("bob")
@pytest.mark.parametrize(
    ("body", "status", "sentence"),
    [
        ({"user": "ada@example.com"}, 422, "ada@example.com owns quiet-harbor"),
        ({"user": {"email": "carl@example.com"}}, 404, "Couldn't find the account carl@example.com"),
        ({"user": "bob@example.com", "permissions": ["owner"]}, 422, "Permission owner does not exist"),
        ({"user": "bob@example.com", "permissions": [["view"]]}, 422, "does not exist"),
        ({"user": "bob@example.com", "permissions": []}, 422, "at least one of: view, deploy, operate, manage"),
        ({}, 422, "The field user is missing"),
    ],
)
def test_who_cannot_be_added(api: Any, app: App, body: Any, status: int, sentence: str) -> None:
    """A sentence says why, and nobody is let in."""
    refused = api.post(f"/apps/{app.name}/collaborators", body)

    assert refused.status_code == status
    assert sentence in refused.json["message"]
    assert len(api.get(f"/apps/{app.name}/collaborators").json) == 1


def test_a_transfer_is_accepted(api: Any, as_bob: Any, app: App) -> None:
    """The recipient becomes the owner, the old one a collaborator; nobody else hears of it."""
    made = api.post("/account/app-transfers", {"app": app.name, "recipient": "bob@example.com"})
    assert (made.status_code, made.json["state"]) == (201, "pending")
    assert as_bob.get(f"/apps/{app.name}").status_code == 404
    assert "Only the account" in api.patch(f"/account/app-transfers/{app.name}", {"state": "accepted"}).json["message"]
    assert [each["app"]["name"] for each in as_bob.get("/account/app-transfers").json] == [app.name]

    accepted = as_bob.patch(f"/account/app-transfers/{made.json['id']}", {"state": "accepted"})

    assert accepted.json["state"] == "accepted"
    assert as_bob.get(f"/apps/{app.name}").json["owner"]["email"] == "bob@example.com"
    assert api.get(f"/apps/{app.name}/config-vars").status_code == 200
    assert api.delete(f"/apps/{app.name}").status_code == 403
    assert api.patch(f"/account/app-transfers/{made.json['id']}", {"state": "declined"}).status_code == 422


def test_a_transfer_is_declined_or_canceled(api: Any, as_bob: Any, app: App, client_of: Any, plane: Any) -> None:
    """Then the app stays where it is, and may be offered again; a stranger sees no transfer."""
    offer = {"app": app.name, "recipient": {"email": "bob@example.com"}}
    first = api.post("/account/app-transfers", offer).json["id"]
    assert "offered to somebody already" in api.post("/account/app-transfers", offer).json["message"]
    assert client_of(plane.actor("eve@example.com")).get(f"/account/app-transfers/{first}").status_code == 404
    assert as_bob.delete(f"/account/app-transfers/{first}").status_code == 403
    assert as_bob.patch(f"/account/app-transfers/{first}", {"state": "declined"}).json["state"] == "declined"

    second = api.post("/account/app-transfers", offer).json["id"]
    assert api.delete(f"/account/app-transfers/{second}").status_code == 200

    assert as_bob.patch(f"/account/app-transfers/{second}", {"state": "accepted"}).status_code == 404
    assert api.get(f"/apps/{app.name}").json["owner"]["email"] == "ada@example.com"


def test_an_admin_moves_an_app_at_once(root: Any, as_bob: Any, app: App) -> None:
    """So that the apps of somebody who has left can be given to another."""
    moved = root.post("/account/app-transfers", {"app": app.name, "recipient": "bob@example.com"})

    assert moved.json["state"] == "accepted"
    assert as_bob.get("/users/~/apps").json[0]["name"] == app.name


def test_a_small_token_makes_no_larger_one(api: Any, client_of: Callable[..., Any]) -> None:
    """Scopes come back as they were asked for; only a global token makes others."""
    made = api.post("/oauth/authorizations", {"scope": ["read"], "description": "ci"})
    assert made.json["scope"] == ["read"]
    small = _with(client_of(None), made.json["access_token"]["token"])

    refused = small.post("/oauth/authorizations", {"scope": ["global"]})

    assert (refused.status_code, refused.json["id"]) == (403, "forbidden")
    assert small.get("/apps").status_code == 200
    assert small.post("/apps", {}).json["message"].startswith("This token may be used for read only, and this needs")
    assert api.post("/oauth/authorizations", {"scope": ["all"]}).status_code == 422


def test_removing_ones_own_account(api: Any, root: Any, app: App) -> None:
    """With its tokens, once it owns no app; an admin's is another admin's to remove."""
    assert f"still owns {app.name}" in api.delete("/account").json["message"]
    api.delete(f"/apps/{app.name}")
    assert "is still being destroyed" in api.delete("/account").json["message"]
    assert root.delete("/account").status_code == 422


def test_an_account_that_owns_nothing_removes_itself(as_bob: Any, root: Any) -> None:
    """Nothing is left of it but the trail, which names it."""
    assert as_bob.delete("/account").json["email"] == "bob@example.com"

    assert as_bob.get("/account").status_code == 401
    assert root.get("/users/bob@example.com").status_code == 404
    last = next(each for each in root.get("/events").json if each["action"] == "account.destroy")
    assert last["actor"]["email"] == "bob@example.com"
