"""Sleep and wake over HTTP, by people and by the router."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from control.app import create_app
from jobs.spec import Site

TOKEN = "the-routers-own"


@pytest.fixture
def flask_app(plane: Any) -> Any:
    servers = replace(plane.settings.servers, router_token_digest=hashlib.sha256(TOKEN.encode()).hexdigest())
    settings = replace(plane.settings, servers=servers)
    return create_app(plane.ports, settings, passwords=plane.passwords, site=Site(artifacts_url="http://127.0.0.1:9"))


def _edge(flask_app: Any, app_id: str, *, token: str | None = TOKEN, remote: str = "127.0.0.1") -> Any:
    headers = {"Authorization": f"Bearer {token}"} if token else {}
    return flask_app.test_client().post(
        f"/edge/apps/{app_id}/actions/wake", headers=headers, environ_base={"REMOTE_ADDR": remote}
    )


def test_sleep_and_wake_by_hand(plane: Any, api: Any, app: Any) -> None:
    """The app says since when it sleeps; its dyno is idle; a wake starts it, and a second one changes nothing."""
    plane.deploy(app)
    assert api.get(f"/apps/{app.name}").json["asleep_since"] is None

    answer = api.post(f"/apps/{app.name}/actions/sleep")

    assert answer.status_code == 202
    assert answer.json["asleep_since"] == api.get(f"/apps/{app.name}").json["asleep_since"] is not None
    assert [dyno["state"] for dyno in api.get(f"/apps/{app.name}/dynos").json] == ["idle"]
    for _ in range(2):
        answer = api.post(f"/apps/{app.name}/actions/wake")
        assert (answer.status_code, answer.json) == (202, {"state": "starting"})
    assert api.get(f"/apps/{app.name}").json["asleep_since"] is None


def test_the_router_wakes(plane: Any, api: Any, flask_app: Any, app: Any) -> None:
    """With its token and no Accept header, from this machine; an app that there is not is 404."""
    plane.deploy(app)
    api.post(f"/apps/{app.name}/actions/sleep")

    answer = _edge(flask_app, app.id)

    assert (answer.status_code, answer.json) == (202, {"state": "starting"})
    assert plane.scheduler.submitted_job(app.id)["TaskGroups"][0]["Count"] == 1
    assert _edge(flask_app, "00000000-0000-4000-8000-000000000000").status_code == 404


@pytest.mark.parametrize(
    "bad", [{"token": None}, {"token": ""}, {"token": "wrong"}, {"remote": "192.0.2.7"}, {"remote": "::ffff:10.0.0.1"}]
)
def test_nobody_else_may(plane: Any, api: Any, flask_app: Any, app: Any, bad: Any) -> None:
    """Another token, none, or another machine: 401, and the app sleeps on."""
    plane.deploy(app)
    api.post(f"/apps/{app.name}/actions/sleep")

    assert _edge(flask_app, app.id, **bad).status_code == 401
    assert api.get(f"/apps/{app.name}").json["asleep_since"] is not None


def test_a_database_that_is_away_is_503(flask_app: Any, app: Any, lose_state: Callable[[], None]) -> None:
    """The router may try again."""
    lose_state()

    assert _edge(flask_app, app.id).status_code == 503


def test_refusals_say_why(api: Any, app: Any) -> None:
    """An app that no request could wake is not put to sleep."""
    answer = api.post(f"/apps/{app.name}/actions/sleep")

    assert answer.status_code == 422
    assert "no web dyno" in answer.json["message"]


def test_autosleep_is_shown_and_changed(plane: Any, api: Any, app: Any) -> None:
    """The platform's time until it is told another; back to it with `default`; the event says what was told."""
    plane.deploy(app)
    path = f"/apps/{app.name}/autosleep"
    found = api.get(path).json
    assert (found["after"], found["is_default"], found["keep_warm"], found["reason"]) == (1800, True, [], None)

    found = api.patch(path, {"after": "2h", "keep_warm": ["Mon-Fri 08:00-20:00"]}).json
    assert (found["after"], found["is_default"], found["keep_warm"]) == (7200, False, ["mon-fri 08:00-20:00"])
    found = api.patch(path, {"after": "off"}).json
    assert (found["after"], found["keep_warm"], found["reason"]) == (
        None,
        ["mon-fri 08:00-20:00"],
        "it was told not to",
    )
    found = api.patch(path, {"after": "default", "keep_warm": None}).json
    assert (found["after"], found["is_default"], found["keep_warm"]) == (1800, True, [])

    events = [each["action"] for each in api.get(f"/apps/{app.name}/events").json]
    assert events.count("app.autosleep") == 3


@pytest.mark.parametrize(
    ("body", "said"),
    [
        ({"after": "soon"}, "from 60 seconds to 7 days"),
        ({"after": 1}, "from 60 seconds to 7 days"),
        ({"keep_warm": "always"}, "is not understood"),
        ({"keep_warm": {}}, "must be texts"),
        ({"freeze": "yes"}, "must be true or false"),
        ({"after": "1h", "keep_warm": ["mon 25:00-26:00"]}, "time 25:00 does not exist"),
    ],
)
def test_wrong_wishes_change_nothing(api: Any, app: Any, body: Any, said: str) -> None:
    """422 with one sentence."""
    before = api.get(f"/apps/{app.name}/autosleep").json

    answer = api.patch(f"/apps/{app.name}/autosleep", body)

    assert answer.status_code == 422
    assert said in answer.json["message"]
    assert api.get(f"/apps/{app.name}/autosleep").json == before


def test_a_scale_that_may_not_sleep_wakes(plane: Any, api: Any, app: Any) -> None:
    """A second web dyno, another size or a worker; a change that may sleep leaves it asleep."""
    plane.deploy(app, {"web": "serve", "worker": "work"})
    for updates, wakes in (
        ([{"type": "web", "quantity": 2}], True),
        ([{"type": "web", "quantity": 1}], False),
        ([{"type": "web", "size": "basic"}], True),
        ([{"type": "web", "size": "free"}], False),
        ([{"type": "worker", "quantity": 1}], True),
        ([{"type": "worker", "quantity": 0}], False),
    ):
        api.post(f"/apps/{app.name}/actions/sleep")
        assert api.patch(f"/apps/{app.name}/formation", {"updates": updates}).status_code == 200
        assert (api.get(f"/apps/{app.name}").json["asleep_since"] is None) is wakes, updates
        api.post(f"/apps/{app.name}/actions/wake")


def test_a_restart_leaves_it_asleep(plane: Any, api: Any, app: Any) -> None:
    """All, one type or one dyno: there is nothing to restart."""
    plane.deploy(app)
    api.post(f"/apps/{app.name}/actions/sleep")

    for path in ("dynos", "dynos/web.1", "formations/web"):
        assert api.delete(f"/apps/{app.name}/{path}").status_code == 202
    assert [dyno["state"] for dyno in api.get(f"/apps/{app.name}/dynos").json] == ["idle"]
