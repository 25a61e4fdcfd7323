"""`/apps/:app/releases` and config vars."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from control.domain.apps import App
from control.domain.releases import ReleaseStatus


def _config(api: Any, app: App, **changes: str | None) -> Any:
    return api.patch(f"/apps/{app.name}/config-vars", changes)


def _releases(api: Any, app: App) -> list[tuple[int, str, str]]:
    rows = api.get(f"/apps/{app.name}/releases").json
    return [(row["version"], row["description"], row["status"]) for row in rows]


def test_config_vars_are_set_and_removed(api: Any, app: App, plane: Any, snapshot: Callable[[], Any]) -> None:
    """Each change is a release that names what changed and shows no value."""
    assert _config(api, app, A="1", B="two\n'\"$x").json == {"A": "1", "B": "two\n'\"$x"}
    assert _config(api, app, A=None, C="3").json == {"B": "two\n'\"$x", "C": "3"}
    assert _config(api, app, C=None, NEVER=None).json == {"B": "two\n'\"$x"}

    assert api.get(f"/apps/{app.name}/config-vars").json == {"B": "two\n'\"$x"}
    assert _releases(api, app) == [
        (1, "Set A, B config vars", "succeeded"),
        (2, "Set C and remove A config vars", "succeeded"),
        (3, "Remove C config vars", "succeeded"),
    ]
    assert api.get(f"/apps/{app.name}/releases/v1/config-vars").json == {"A": "1", "B": "two\n'\"$x"}
    assert plane.log(app)[0] == "app[api]: Set A, B config vars by user ada@example.com"
    assert "two" not in repr(snapshot()) + repr(plane.node.lines)


def test_no_change_is_no_release(api: Any, app: App, plane: Any) -> None:
    """Setting what is set and removing what is not there makes no release and no version in Vault."""
    _config(api, app, A="1")

    assert _config(api, app, A="1", B=None).json == {"A": "1"}
    assert _config(api, app).json == {"A": "1"}
    assert len(_releases(api, app)) == 1
    assert len(plane.vault.versions) == 1


def test_a_change_of_a_deployed_app_is_pending(api: Any, app: App, plane: Any) -> None:
    """With a slug the new release waits for the worker, with that slug."""
    deployed = plane.deploy(app)

    _config(api, app, A="1")

    newest = api.get(f"/apps/{app.name}/releases/2").json
    assert (newest["status"], newest["slug"], newest["current"]) == ("pending", {"id": deployed.slug_id}, False)
    with plane.state.view() as work:
        assert [each.id for each in work.apps.behind()] == [app.id]


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        ({"1A": "x"}, "cannot be the name"),
        ({"": "x"}, "cannot be the name"),
        ({"A-B": "x"}, "cannot be the name"),
        ({"A\n": "x"}, "cannot be the name"),
        ({"A" * 300: "x"}, "cannot be the name"),
        ({"A=B": None}, "cannot be the name"),
        ({"A": 1}, "must be a string, or null"),
        ({"A": ["secret-value"]}, "must be a string, or null"),
        ({"A": "secret-value\0"}, "NUL"),
        ({"A": "secret-value" * 6000}, "64 kB"),
        ({f"K{n}": "x" * 60000 for n in range(5)}, "256 kB in all"),
    ],
)
def test_bad_config_vars(api: Any, app: App, plane: Any, changes: dict[str, object], sentence: str) -> None:
    """A bad key or value is 422 with a sentence that never holds a value, and nothing changes."""
    refused = api.patch(f"/apps/{app.name}/config-vars", {"GOOD": "1"} | changes)

    assert (refused.status_code, refused.json["id"]) == (422, "invalid_params")
    assert sentence in refused.json["message"]
    assert "secret-value" not in refused.text
    assert (_releases(api, app), plane.vault.versions) == ([], {})


def test_a_sealed_vault_changes_nothing(api: Any, app: App, plane: Any) -> None:
    """While Vault is sealed a change is 503 with a sentence, and there is no release of it afterwards."""
    _config(api, app, A="1")
    plane.vault.sealed = True

    refused = _config(api, app, A="2")

    assert (refused.status_code, refused.json["id"]) == (503, "vault_unavailable")
    assert "sealed" in refused.json["message"]
    plane.vault.sealed = False
    assert api.get(f"/apps/{app.name}/config-vars").json == {"A": "1"}
    assert len(_releases(api, app)) == 1


def test_rollback_takes_slug_and_config(api: Any, app: App, plane: Any) -> None:
    """A rollback is a new release with the old slug and the old config vars."""
    _config(api, app, A="old")
    first = plane.deploy(app)
    _config(api, app, A="new")
    plane.settle()
    plane.deploy(app)

    made = api.post(f"/apps/{app.name}/releases", {"release": first.id})

    assert (made.status_code, made.json["version"], made.json["description"]) == (201, 5, "Rollback to v2")
    assert made.json["slug"] == {"id": first.slug_id}
    assert api.get(f"/apps/{app.name}/config-vars").json == {"A": "old"}
    assert api.post(f"/apps/{app.name}/releases", {"release": "v2"}).json["version"] == 6


def test_rollbacks_that_cannot_be(api: Any, app: App, plane: Any) -> None:
    """Nobody can roll back to a release without a slug, to a failed or to an unknown one."""
    _config(api, app, A="1")
    plane.deploy(app, status=ReleaseStatus.FAILED)

    for target, status, sentence in (
        ("v1", 422, "Release v1 has no slug"),
        ("v2", 422, "Release v2 never went on the air"),
        ("v9", 404, "Couldn't find that release"),
    ):
        refused = api.post(f"/apps/{app.name}/releases", {"release": target})
        assert refused.status_code == status
        assert sentence in refused.json["message"]
    assert api.post(f"/apps/{app.name}/releases").status_code == 422


def test_after_a_failure_the_next_change_starts_from_the_last_good_one(api: Any, app: App, plane: Any) -> None:
    """A failed release leaves no trace in the releases after it."""
    good = plane.deploy(app)
    plane.deploy(app, status=ReleaseStatus.FAILED)

    _config(api, app, A="1")

    assert api.get(f"/apps/{app.name}/releases/3").json["slug"] == {"id": good.slug_id}


def test_current_and_eligible(api: Any, app: App, plane: Any) -> None:
    """`current` is the newest that succeeded; it is eligible as Heroku's is: its CLI skips the first of those."""
    plane.deploy(app)
    plane.deploy(app)
    plane.deploy(app, status=ReleaseStatus.FAILED)

    rows = api.get(f"/apps/{app.name}/releases").json
    assert [(row["current"], row["eligible_for_rollback"]) for row in rows] == [
        (False, True),
        (True, True),
        (False, False),
    ]


def test_the_newest_release_alone(api: Any, app: App, plane: Any) -> None:
    """What `config:set` of the stock CLI asks: one release, the newest, and that more follow."""
    for _ in range(3):
        plane.deploy(app)

    answer = api.get(f"/apps/{app.name}/releases", headers={"Range": "version ..; max=1, order=desc"})

    assert (answer.status_code, [row["version"] for row in answer.json]) == (206, [3])
    assert answer.headers["Next-Range"] == "version ]3..; max=1, order=desc"
    assert answer.headers["Content-Range"] == "version 3..3"
    assert answer.headers["Accept-Ranges"] == "version, id"
    assert api.get(f"/apps/{app.name}/releases", headers={"Range": "version ..; max=0"}).status_code == 416


def test_releases_of_other_apps_are_not_found(api: Any, app: App, make_app: Any, plane: Any) -> None:
    """A release is found below its own app alone."""
    other = plane.deploy(make_app("other-app"))

    assert api.get(f"/apps/{app.name}/releases/{other.id}").status_code == 404
    assert api.get(f"/apps/{app.name}/releases/{'9' * 30}").status_code == 404


def test_output_of_a_release_phase(api: Any, app: App, plane: Any) -> None:
    """Only a release with a `release` process has an output stream."""
    plane.deploy(app)
    plane.deploy(app, {"web": "x", "release": "./migrate"})

    first, second = api.get(f"/apps/{app.name}/releases").json
    assert first["output_stream_url"] is None
    assert second["output_stream_url"].startswith("http://localhost/streams/outputs/")


def test_streams_are_opened_where_the_api_is_said_to_be(api: Any, app: App, plane: Any, flask_app: Any) -> None:
    """Whatever host the proxy in front of it asks for."""
    context = flask_app.extensions["nomapaas"]
    settings = replace(plane.settings, public_api_url="https://api.example.org")
    flask_app.extensions["nomapaas"] = replace(context, settings=settings)
    plane.deploy(app, {"web": "x", "release": "./migrate"})

    (release,) = api.get(f"/apps/{app.name}/releases").json
    assert release["output_stream_url"].startswith("https://api.example.org/streams/outputs/")


def test_a_failed_release_is_retried(api: Any, app: App, plane: Any) -> None:
    """With its own slug and config vars, which the next change would not start from."""
    plane.deploy(app)
    _config(api, app, A="1")
    plane.settle()
    _config(api, app, A="2")
    with plane.state.view() as work:
        failed = plane.end(work.releases.latest(app.id), ReleaseStatus.FAILED)

    made = api.post(f"/apps/{app.name}/releases", {"retry": f"v{failed.version}"})

    assert (made.status_code, made.json["status"]) == (201, "pending")
    assert made.json["description"] == f"Retry of v{failed.version}: Set A config vars"
    assert made.json["slug"] == {"id": failed.slug_id}
    assert api.get(f"/apps/{app.name}/releases/{made.json['version']}/config-vars").json == {"A": "2"}
    with plane.state.view() as work:
        again = plane.end(work.releases.latest(app.id), ReleaseStatus.FAILED)
    twice = api.post(f"/apps/{app.name}/releases", {"retry": {"id": again.id}}).json
    assert twice["description"] == f"Retry of v{again.version}: Set A config vars"


def test_what_cannot_be_retried(api: Any, app: App, plane: Any) -> None:
    """One that did not fail, one without code, one whose config vars are gone, one that there is not."""
    deployed = plane.deploy(app)
    _config(api, app, A="1")
    plane.settle()
    with plane.state.view() as work:
        failed = plane.end(work.releases.latest(app.id), ReleaseStatus.FAILED)
    plane.vault.delete(app.id, failed.config_version)

    for release, said in ((f"v{deployed.version}", "did not fail"), (f"v{failed.version}", "are gone")):
        refused = api.post(f"/apps/{app.name}/releases", {"retry": release})
        assert (refused.status_code, said in refused.json["message"]) == (422, True)
    assert api.post(f"/apps/{app.name}/releases", {"retry": "v99"}).status_code == 404
    assert len(_releases(api, app)) == 2
