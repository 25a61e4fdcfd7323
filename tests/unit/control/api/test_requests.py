"""What holds for every request: version, credentials, ids, ETags, limits, errors."""

from __future__ import annotations

import base64
import uuid
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from flask import Flask

from control.app import create_app
from control.domain.apps import App


@pytest.mark.parametrize(
    "accept",
    [
        "application/vnd.heroku+json; version=3",
        "application/vnd.heroku+json;version=3",
        "application/vnd.heroku+json; version=3.sdk",
        "application/vnd.heroku+json; version=3.pipelines",
        "application/vnd.heroku+json; version=3.cedar-acm, application/json",
        "application/json, application/vnd.heroku+json; version=3",
    ],
)
def test_version_3_and_its_variants(api: Any, accept: str) -> None:
    """Every variant of version 3 that clients send is taken."""
    assert api.get("/account", headers={"Accept": accept}).status_code == 200


@pytest.mark.parametrize(
    "accept", ["", "*/*", "application/json", "application/vnd.heroku+json", "application/vnd.heroku+json; version=33"]
)
def test_other_versions_are_406(api: Any, accept: str) -> None:
    """Any other Accept is 406, with what to send."""
    refused = api.get("/account", headers={"Accept": accept})

    assert (refused.status_code, refused.json["id"]) == (406, "not_acceptable")
    assert "version=3" in refused.json["message"]


def test_a_token_comes_as_bearer_or_as_password(api: Any) -> None:
    """A token works as Bearer and as the password of any or no user."""
    for user in ("", "ada@example.com", "heroku"):
        basic = base64.b64encode(f"{user}:{api.token}".encode()).decode()
        assert api.get("/account", headers={"Authorization": f"Basic {basic}"}).status_code == 200
    assert api.get("/account", headers={"Authorization": f"bearer {api.token}"}).status_code == 200


@pytest.mark.parametrize(
    "authorization",
    ["", "Bearer nmp_wrong", "Bearer x", "Basic !!!", "Basic " + base64.b64encode(b"a:b").decode(), "Digest x"],
)
def test_without_a_good_token_it_is_401(api: Any, authorization: str) -> None:
    """No, wrong or broken credentials are 401, also at addresses that do not exist."""
    api.token = None
    for path in ("/account", "/nowhere"):
        refused = api.get(path, headers={"Authorization": authorization} if authorization else {})
        assert (refused.status_code, refused.json["id"]) == (401, "unauthorized")


def test_request_ids(api: Any) -> None:
    """A sane Request-Id comes back, also a chain; anything else gets one of ours."""
    for given in ("abc-123", "a,b,c"):
        assert api.get("/account", headers={"Request-Id": given}).headers["Request-Id"] == given
    for bad in ("", "<script>", "x" * 8000):
        assert uuid.UUID(api.get("/account", headers={"Request-Id": bad}).headers["Request-Id"])


def test_etags(api: Any, app: App) -> None:
    """An unchanged answer is 304 to who has it, a changed one comes whole."""
    first = api.get(f"/apps/{app.name}")
    known = {"If-None-Match": first.headers["ETag"]}

    again = api.get(f"/apps/{app.name}", headers=known)
    assert (again.status_code, again.data, again.headers["ETag"]) == (304, b"", first.headers["ETag"])

    api.patch(f"/apps/{app.name}", {"maintenance": True})
    assert api.get(f"/apps/{app.name}", headers=known).status_code == 200


def test_a_change_of_what_has_changed_is_412(api: Any, app: App) -> None:
    """Whoever read something else than what there is now changes nothing; a new look is enough."""
    path = f"/apps/{app.name}"
    read = {"If-Match": api.get(path).headers["ETag"]}
    assert api.patch(path, {"maintenance": True}, headers=read).status_code == 200

    late = [api.patch(path, {"maintenance": False}, headers=read), api.delete(path, headers=read)]

    assert {(each.status_code, each.json["id"]) for each in late} == {(412, "precondition_failed")}
    shown = api.get(path)
    assert shown.json["maintenance"] is True
    for good in ("*", f'"other", {shown.headers["ETag"]}'):
        assert api.patch(path, {"maintenance": True}, headers={"If-Match": good}).status_code == 200
    assert api.patch("/apps/missing-app", {}, headers=read).status_code == 404


def test_when_a_thing_was_changed(api: Any, app: App, plane: Any) -> None:
    """`Last-Modified` is its `updated_at`; a list and what has none have no such header."""
    shown = api.get(f"/apps/{app.name}")
    assert shown.headers["Last-Modified"] == plane.clock.now().strftime("%a, %d %b %Y %H:%M:%S GMT")
    assert "Last-Modified" not in api.get("/apps").headers
    assert "Last-Modified" not in api.get("/account/rate-limits").headers


def test_method_override(api: Any, app: App) -> None:
    """A POST can stand for PATCH, PUT and DELETE, and for nothing else."""
    patched = api.post(f"/apps/{app.name}", {"maintenance": True}, headers={"X-Http-Method-Override": "patch"})
    assert (patched.status_code, patched.json["maintenance"]) == (200, True)
    assert api.post(f"/apps/{app.name}", headers={"X-Http-Method-Override": "GET"}).status_code == 405
    assert api.get(f"/apps/{app.name}", headers={"X-Http-Method-Override": "DELETE"}).status_code == 200


def test_rate_limit(plane: Any, ada: Any, client_of: Any) -> None:
    """Each account has so many requests an hour; the header says how many are left, and they come back."""
    plane.settings = replace(plane.settings, rate_limit=60)
    flask_app = create_app(plane.ports, plane.settings, passwords=plane.passwords)
    api = client_of(ada)
    api.client = flask_app.test_client()

    left = [api.get("/account").headers["RateLimit-Remaining"] for _ in range(60)]
    assert (left[0], left[-1]) == ("59", "0")
    refused = api.get("/account")
    assert (refused.status_code, refused.json["id"]) == (429, "rate_limit")
    assert refused.headers["Retry-After"]

    plane.clock.advance(61)
    assert api.get("/account").status_code == 200


@pytest.mark.parametrize(
    ("body", "sentence"),
    [
        (b"{", "not JSON"),
        (b"[]", "must be a JSON object"),
        (b'"x"', "must be a JSON object"),
        (b'{"name": NaN}', "not JSON"),
        (b'{"name": "\\ud800"}', "not JSON"),
        (b"\xff\xfe", "not JSON"),
        (b"[" * 100_000, "not JSON"),
    ],
)
def test_bodies_that_are_no_json_object(api: Any, body: bytes, sentence: str) -> None:
    """A body that is no JSON object in UTF-8 is 400 with a sentence."""
    refused = api.post("/apps", data=body)

    assert (refused.status_code, refused.json["id"]) == (400, "bad_request")
    assert sentence in refused.json["message"]


def test_a_body_may_have_two_megabytes(api: Any) -> None:
    """A larger body is 413 with a sentence."""
    refused = api.post("/apps", {"name": "x" * (2 << 20)})

    assert (refused.status_code, refused.json["id"]) == (413, "request_too_large")


def test_unknown_fields_are_ignored(api: Any) -> None:
    """Fields that the API does not know do no harm, as with Heroku."""
    assert api.post("/apps", {"name": "one-app", "feature_flags": [], "x": {}}).status_code == 201


def test_nothing_at_an_address(api: Any) -> None:
    """An unknown address is 404, a wrong method 405 with what is allowed."""
    assert api.get("/nowhere").json["id"] == "not_found"
    wrong = api.delete("/stacks")
    assert (wrong.status_code, wrong.json["id"]) == (405, "method_not_allowed")
    assert "GET" in wrong.headers["Allow"]


def test_a_mistake_of_ours_tells_nothing(api: Any, plane: Any, flask_app: Flask) -> None:
    """An unforeseen error is 500 with an id to find it by, and nothing of its inside."""

    def fail() -> None:
        raise RuntimeError("secret detail")

    plane.blobs.ping = fail
    flask_app.testing = False

    failed = api.post("/sources")

    assert (failed.status_code, failed.json["id"]) == (500, "internal_server_error")
    assert "secret" not in failed.text
    assert failed.headers["Request-Id"]


@pytest.mark.parametrize(("part", "path"), [("vault", "config-vars"), ("scheduler", "dynos")])
def test_a_part_that_is_away_is_503(api: Any, app: App, plane: Any, part: str, path: str) -> None:
    """A server that does not answer is 503 with its name and a sentence, and when to come back."""
    plane.deploy(app)
    getattr(plane, part).down = True

    failed = api.get(f"/apps/{app.name}/{path}")

    assert (failed.status_code, failed.json["id"]) == (503, f"{part}_unavailable")
    assert failed.headers["Retry-After"] == "5"


def test_a_database_that_is_away_is_503(api: Any, app: App, lose_state: Callable[[], None]) -> None:
    """The same, though it is asked who sends the request."""
    lose_state()

    failed = api.get(f"/apps/{app.name}/releases")

    assert (failed.status_code, failed.json["id"]) == (503, "database_unavailable")
    assert failed.headers["Retry-After"] == "5"


def test_a_token_ends_when_it_expires(api: Any, plane: Any) -> None:
    """A token with an end works until then."""
    made = api.post("/oauth/authorizations", {"expires_in": 60}).json
    api.token = made["access_token"]["token"]

    assert api.get("/account").status_code == 200
    plane.clock.advance(timedelta(seconds=60).total_seconds())
    assert api.get("/account").status_code == 401
