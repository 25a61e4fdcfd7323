"""`/app-setups`."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from control.domain.builds import BuildStatus
from control.domain.oneoffs import Oneoff
from control.domain.releases import ReleaseStatus

SOURCE = {"url": "https://example.com/archive/main.tgz", "version": "v1"}


def _create(api: Any, **more: Any) -> Any:
    return api.post("/app-setups", {"source_blob": SOURCE, "app": {"name": "made-whole"}, **more})


def test_an_app_out_of_one_request(api: Any, plane: Any) -> None:
    """An app with its config vars, and a build of the source with the buildpacks that were asked for."""
    overrides = {"env": {"A": "1"}, "buildpacks": [{"url": "heroku/python"}]}

    made = _create(api, overrides=overrides)

    assert (made.status_code, made.json["status"], made.json["app"]["name"]) == (202, "pending", "made-whole")
    assert api.get("/apps/made-whole/config-vars").json == {"A": "1"}
    (build,) = api.get("/apps/made-whole/builds").json
    assert (build["id"], build["buildpacks"][0]["name"]) == (made.json["build"]["id"], "heroku/python")
    assert api.get(f"/app-setups/{made.json['id']}").json == made.json


@pytest.mark.parametrize(
    ("status", "release_status", "exit_code", "expected"),
    [
        (BuildStatus.FAILED, None, None, "failed"),
        (BuildStatus.SUCCEEDED, ReleaseStatus.PENDING, None, "pending"),
        (BuildStatus.SUCCEEDED, ReleaseStatus.FAILED, None, "failed"),
        (BuildStatus.SUCCEEDED, ReleaseStatus.SUCCEEDED, None, "pending"),
        (BuildStatus.SUCCEEDED, ReleaseStatus.SUCCEEDED, 0, "succeeded"),
        (BuildStatus.SUCCEEDED, ReleaseStatus.SUCCEEDED, 3, "failed"),
    ],
)
def test_it_is_as_far_as_its_parts(  # noqa: PLR0917 (a table)
    api: Any, plane: Any, status: Any, release_status: Any, exit_code: Any, expected: str
) -> None:
    """Build, release and postdeploy script, one after the other."""
    setup = _create(api).json
    with plane.state.view() as work:
        app = work.apps.get(setup["app"]["id"])
    changes: dict[str, Any] = {"failure_message": "It failed."} if status is BuildStatus.FAILED else {}
    if release_status:
        release = plane.deploy(app, status=release_status)
        changes["release_id"] = release.id
        _seed(plane, app, release, exit_code)
    plane.end_build(setup["build"]["id"], status, **changes)

    found = api.get(f"/app-setups/{setup['id']}").json

    assert found["status"] == expected
    assert bool(found["failure_message"]) == (expected == "failed")
    if exit_code is not None:
        assert found["postdeploy"] == {"exit_code": exit_code, "output": "seeded\n"}


def _seed(plane: Any, app: Any, release: Any, exit_code: int | None) -> None:
    """The release came with a postdeploy script, which runs or has ended."""
    now = plane.clock.now()
    with plane.state.begin() as work:
        work.slugs.save(replace(work.slugs.get(release.slug_id), app_json={"postdeploy": "seed"}))
        work.oneoffs.add(
            Oneoff(
                id="0" * 36,
                app_id=app.id,
                number=1,
                user_id=app.owner_id,
                command="seed",
                type="run",
                size="free",
                slug_id=release.slug_id,
                release_version=release.version,
                config_version=0,
                has_own_config=False,
                time_to_live=60,
                created_at=now,
                updated_at=now,
                ended_at=None if exit_code is None else now + timedelta(seconds=1),
                exit_code=exit_code,
            )
        )
        work.commit()
    plane.node.says(app.id, "run.1", "seeded")


@pytest.mark.parametrize(
    ("more", "said"),
    [
        ({"source_blob": {"url": "http://example.com/x"}}, "must begin with https://"),
        ({"overrides": {"env": {"A B": "1"}}}, "cannot be the name of a config var"),
        ({"overrides": {"env": {"A": 1}}}, "must be a string"),
        ({"overrides": {"buildpacks": [{"url": "heroku/cobol"}]}}, "There is no buildpack"),
        ({"overrides": []}, "The field overrides must be an object"),
    ],
)
def test_what_cannot_be_built_leaves_no_app(api: Any, more: Any, said: str) -> None:
    """422 with one sentence; the name is free again."""
    answer = _create(api, **more)

    assert answer.status_code == 422
    assert said in answer.json["message"]
    assert api.get("/apps/made-whole").status_code == 404
    assert _create(api).status_code == 202


def test_a_stranger_sees_no_setup(api: Any, client_of: Any, plane: Any) -> None:
    """It is as hidden as its app."""
    setup = _create(api).json

    assert client_of(plane.actor("eve@example.com")).get(f"/app-setups/{setup['id']}").status_code == 404
