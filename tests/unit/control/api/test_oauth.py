"""Login and tokens."""

from __future__ import annotations

import base64
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from control.app import create_app
from control.services.actor import Actor

PASSWORD = "correct horse battery"


def _basic(email: str, password: str) -> dict[str, str]:
    return {"Authorization": "Basic " + base64.b64encode(f"{email}:{password}".encode()).decode()}


@pytest.fixture
def stranger(client_of: Callable[..., Any], ada: Actor) -> Any:
    return client_of(None)


def test_login(stranger: Any) -> None:
    """E-mail and password, in any case of the e-mail, get a token that works."""
    made = stranger.post(
        "/oauth/authorizations", {"description": "laptop"}, headers=_basic("Ada@Example.com", PASSWORD)
    )
    assert made.status_code == 201
    assert made.json["user"]["email"] == "ada@example.com"
    stranger.token = made.json["access_token"]["token"]
    assert stranger.token.startswith("nmp_")
    assert len(stranger.token) >= 4 + 43

    assert stranger.get("/account").json["email"] == "ada@example.com"


def test_the_last_login(stranger: Any, plane: Any) -> None:
    """With the password alone: a token that makes another one is no login."""
    made = stranger.post("/oauth/authorizations", headers=_basic("ada@example.com", PASSWORD))
    stranger.token = made.json["access_token"]["token"]
    then = plane.clock.now().strftime("%Y-%m-%dT%H:%M:%SZ")
    plane.clock.advance(60)

    assert stranger.post("/oauth/authorizations").status_code == 201
    assert stranger.get("/account").json["last_login"] == then


@pytest.mark.parametrize(
    ("email", "password"),
    [("ada@example.com", "wrong"), ("nobody@example.com", PASSWORD), ("", ""), ("ada@example.com", "")],
)
def test_a_bad_login_says_only_that(stranger: Any, email: str, password: str) -> None:
    """A wrong password and an unknown e-mail get the same answer."""
    refused = stranger.post("/oauth/authorizations", headers=_basic(email, password))

    assert (refused.status_code, refused.json["id"]) == (401, "unauthorized")
    assert refused.json["message"].startswith("Invalid credentials provided")


def test_no_credentials_at_all(stranger: Any) -> None:
    """A login without credentials, or with a token that is none, is 401."""
    assert stranger.post("/oauth/authorizations").status_code == 401
    assert stranger.post("/oauth/authorizations", headers={"Authorization": "Bearer nmp_x"}).status_code == 401


def test_login_is_throttled_for_each_email(stranger: Any, plane: Any) -> None:
    """After ten failures an e-mail address is refused, right password or not, until the window has passed."""
    for _ in range(10):
        assert stranger.post("/oauth/authorizations", headers=_basic("ada@example.com", "no")).status_code == 401

    refused = stranger.post("/oauth/authorizations", headers=_basic("ada@example.com", PASSWORD))
    assert (refused.status_code, refused.json["id"]) == (429, "rate_limit")

    plane.clock.advance(301)
    assert stranger.post("/oauth/authorizations", headers=_basic("ada@example.com", PASSWORD)).status_code == 201


def test_login_is_throttled_for_each_address(stranger: Any, plane: Any) -> None:
    """One network address that tries many e-mail addresses is refused as well."""
    settings = replace(plane.settings, login_attempts=2)
    stranger.client = create_app(plane.ports, settings, passwords=plane.passwords).test_client()
    for number in range(20):
        email = f"user{number}@example.com"
        assert stranger.post("/oauth/authorizations", headers=_basic(email, "no")).status_code == 401

    refused = stranger.post("/oauth/authorizations", headers=_basic("ada@example.com", PASSWORD))
    assert refused.status_code == 429


def test_a_good_login_clears_the_count(stranger: Any) -> None:
    """Who mistypes now and then is never locked out."""
    for _ in range(3):
        for _ in range(9):
            stranger.post("/oauth/authorizations", headers=_basic("ada@example.com", "no"))
        assert stranger.post("/oauth/authorizations", headers=_basic("ada@example.com", PASSWORD)).status_code == 201


def test_tokens_are_listed_without_secrets_and_taken_back(api: Any) -> None:
    """A token's secret is shown once; taken back, it opens nothing."""
    made = api.post("/oauth/authorizations", {"description": "ci", "expires_in": 3600}).json
    secret = made["access_token"]["token"]

    listed = api.get("/oauth/authorizations")
    assert {each["description"] for each in listed.json} == {"test", "ci"}
    assert secret not in listed.text
    assert api.get(f"/oauth/authorizations/{made['id']}").json["access_token"]["expires_in"] == 3600

    assert api.delete(f"/oauth/authorizations/{made['id']}").json["id"] == made["id"]
    api.token = secret
    assert api.get("/account").status_code == 401


@pytest.mark.parametrize("path", ["/oauth/sessions/~", "/oauth/authorizations/~"])
def test_logout(api: Any, path: str) -> None:
    """The token in use takes itself back."""
    assert api.delete(path).status_code == 200
    assert api.get("/account").status_code == 401


def test_tokens_of_others_are_not_found(api: Any, client_of: Callable[..., Any], plane: Any) -> None:
    """Nobody sees or takes back another's token."""
    token = api.post("/oauth/authorizations").json["id"]
    eve = client_of(plane.actor("eve@example.com"))

    assert eve.get(f"/oauth/authorizations/{token}").status_code == 404
    assert eve.delete(f"/oauth/authorizations/{token}").status_code == 404


@pytest.mark.parametrize("expires_in", [0, -1, 315360001, "60", 1.5, True])
def test_bad_lifetimes(api: Any, expires_in: object) -> None:
    """A lifetime that is none is 422."""
    assert api.post("/oauth/authorizations", {"expires_in": expires_in}).status_code == 422


def test_the_database_keeps_no_secret(api: Any, snapshot: Callable[[], Any]) -> None:
    """Neither passwords nor tokens are kept as they are."""
    secret = api.post("/oauth/authorizations").json["access_token"]["token"]

    kept = repr(snapshot())
    assert secret not in kept
    assert PASSWORD not in kept
    assert "$argon2id$" in kept
