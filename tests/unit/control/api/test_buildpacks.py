"""`/apps/:app/buildpack-installations`, `/buildpacks`."""

from __future__ import annotations

from typing import Any

import pytest

from control.domain.apps import App

GIT = "https://example.com/pack.git#v1"


def _put(api: Any, app: App, *buildpacks: object) -> Any:
    updates = [{"buildpack": each} for each in buildpacks]
    return api("PUT", f"/apps/{app.name}/buildpack-installations", {"updates": updates})


def test_what_is_put_is_what_is_listed(api: Any, app: App) -> None:
    """In its order, short names in one form; an empty list takes them away."""
    path = f"/apps/{app.name}/buildpack-installations"
    assert api.get(path).json == []

    put = _put(api, app, GIT, "urn:buildpack:heroku/python")

    assert put.status_code == 200
    assert [(each["ordinal"], each["buildpack"]["url"]) for each in put.json] == [(0, GIT), (1, "heroku/python")]
    assert api.get(path).json == put.json
    assert _put(api, app).json == []


def test_builds_take_them_unless_they_name_others(api: Any, app: App, plane: Any) -> None:
    """A build keeps what was chosen when it was asked for."""
    _put(api, app, GIT)
    source = {"source_blob": {"url": "https://example.com/a.tgz"}}

    usual = api.post(f"/apps/{app.name}/builds", source).json
    other = api.post(f"/apps/{app.name}/builds", {**source, "buildpacks": [{"url": "heroku/procfile"}]}).json

    assert [each["url"] for each in usual["buildpacks"]] == [GIT]
    assert [each["url"] for each in other["buildpacks"]] == ["heroku/procfile"]


def test_each_change_is_on_the_trail(api: Any, app: App, plane: Any) -> None:
    """In the unit of work that makes it; no change, no event."""
    _put(api, app, GIT)
    _put(api, app, GIT)
    _put(api, app)

    with plane.state.view() as work:
        details = [event.detail for event in work.events.list(app.id) if event.action == "buildpacks.update"]
    assert sorted(details) == [GIT, "none"]


@pytest.mark.parametrize(
    ("body", "said"),
    [
        ({}, "The field updates is missing"),
        ({"updates": [{}]}, "The field buildpack is missing"),
        ({"updates": ["heroku/python"]}, "must be a list of objects"),
        ({"updates": [{"buildpack": "heroku/cobol"}]}, "There is no buildpack heroku/cobol here"),
        ({"updates": [{"buildpack": "http://example.com/x"}]}, "is no buildpack; give a short name"),
    ],
)
def test_what_can_be_none_is_refused(api: Any, app: App, body: Any, said: str) -> None:
    """422 with one sentence, and nothing changes."""
    _put(api, app, GIT)

    answer = api("PUT", f"/apps/{app.name}/buildpack-installations", body)

    assert (answer.status_code, answer.json["id"]) == (422, "invalid_params")
    assert said in answer.json["message"]
    assert len(api.get(f"/apps/{app.name}/buildpack-installations").json) == 1


def test_the_platform_s_own(api: Any) -> None:
    """Each with what it fits; one of them by any name."""
    known = {each["name"]: each for each in api.get("/buildpacks").json}

    assert "requirements.txt" in known["heroku/python"]["fits"]
    assert api.get("/buildpacks/nomapaas/python").json == known["heroku/python"]
    assert api.get("/buildpacks/heroku/cobol").status_code == 404
