"""One-off dynos over the wire."""

from __future__ import annotations

from typing import Any

import pytest

from control.domain.apps import App
from control.domain.oneoffs import Oneoff

TYPES = {"web": "python app.py", "worker": "python work.py"}


@pytest.fixture
def deployed(plane: Any, app: App) -> App:
    plane.deploy(app, TYPES)
    return app


def _row(plane: Any, app: App, number: int = 1) -> Oneoff:
    with plane.state.view() as work:
        found: Oneoff = work.oneoffs.by_number(app.id, number)
    return found


def test_a_command_is_taken_for_the_worker(api: Any, deployed: App, plane: Any) -> None:
    """The answer is a dyno that starts; the next one has the next number; both are listed with the others."""
    made = api.post(f"/apps/{deployed.name}/dynos", {"command": "echo hi", "size": "Standard-1X", "time_to_live": 60})
    api.post(f"/apps/{deployed.name}/dynos", {"command": "true", "attach": False})

    assert made.status_code == 201
    assert made.json | {"command": "echo hi", "name": "run.1", "state": "starting", "size": "standard-1x"} == made.json
    assert made.json["release"]["version"] == 1
    assert {each["name"] for each in api.get(f"/apps/{deployed.name}/dynos").json} == {"run.1", "run.2"}
    assert api.get(f"/apps/{deployed.name}/dynos/run.1").json == made.json
    assert api.get(f"/apps/{deployed.name}/dynos/{made.json['id']}").json == made.json
    assert _row(plane, deployed).time_to_live == 60
    assert "app[api]: Starting run.1 with command `echo hi` by user ada@example.com" in plane.log(deployed)
    with plane.state.view() as work:
        assert "dyno.create" in [each.action for each in work.events.list(deployed.id)]


@pytest.mark.parametrize(("command", "run"), [("worker", "python work.py"), ("worker --once", "python work.py --once")])
def test_a_process_type_stands_for_its_command(api: Any, deployed: App, plane: Any, command: str, run: str) -> None:
    """What Heroku's `run worker` does."""
    api.post(f"/apps/{deployed.name}/dynos", {"command": command})

    assert _row(plane, deployed).command == run


def test_its_own_environment_lies_in_vault_alone(api: Any, deployed: App, plane: Any) -> None:
    """Merged over the app's config vars, as a version of its own that no release has."""
    api.patch(f"/apps/{deployed.name}/config-vars", {"A": "1", "B": "2"})
    plane.settle()

    api.post(f"/apps/{deployed.name}/dynos", {"command": "env", "env": {"B": "secret", "COLUMNS": 80}})

    row = _row(plane, deployed)
    assert row.has_own_config
    assert plane.vault.read(deployed.id, row.config_version) == {"A": "1", "B": "secret", "COLUMNS": "80"}
    assert "secret" not in repr(row)
    with plane.state.view() as work:
        assert "secret" not in repr(work.events.list(deployed.id))


def test_it_gets_the_size_of_its_type(api: Any, deployed: App, plane: Any) -> None:
    """The type's size where none is named."""
    api.patch(f"/apps/{deployed.name}/formation/worker", {"size": "basic"})

    made = api.post(f"/apps/{deployed.name}/dynos", {"command": "true", "type": "worker"})

    assert (made.json["size"], made.json["type"], made.json["name"]) == ("basic", "run", "run.1")


@pytest.mark.parametrize(
    ("body", "said"),
    [
        ({}, "needs a command"),
        ({"command": "  "}, "needs a command"),
        ({"command": ["ls"]}, "needs a command"),
        ({"command": "ls\0"}, "needs a command"),
        ({"command": "x" * 20_000}, "put it in a script"),
        ({"command": "ls", "size": "huge"}, "choose one of"),
        ({"command": "ls", "time_to_live": 0}, "from 1 to 86400"),
        ({"command": "ls", "time_to_live": 90_000}, "from 1 to 86400"),
        ({"command": "ls", "env": {"A B": "1"}}, "cannot be the name"),
        ({"command": "ls", "env": []}, "must be an object"),
        ({"command": "ls", "attach": True}, "leave attach out"),
    ],
)
def test_what_cannot_be_run(api: Any, deployed: App, plane: Any, body: dict[str, Any], said: str) -> None:
    """One sentence, and nothing was written."""
    refused = api.post(f"/apps/{deployed.name}/dynos", body)

    assert refused.status_code == 422
    assert said in refused.json["message"]
    assert _row(plane, deployed) is None


def test_an_app_without_code(api: Any, app: App) -> None:
    """There is nothing to run in."""
    refused = api.post(f"/apps/{app.name}/dynos", {"command": "ls"})

    assert (refused.status_code, "push it first" in refused.json["message"]) == (422, True)


def test_there_is_a_most_at_once(api: Any, deployed: App, plane: Any) -> None:
    """A loop that starts dynos ends at a clear sentence."""
    for _ in range(plane.settings.max_oneoffs):
        assert api.post(f"/apps/{deployed.name}/dynos", {"command": "true"}).status_code == 201

    refused = api.post(f"/apps/{deployed.name}/dynos", {"command": "true"})

    assert (refused.status_code, "the most at once" in refused.json["message"]) == (422, True)


def test_one_or_all_are_stopped(api: Any, deployed: App, plane: Any) -> None:
    """By name, by id, or as the type `run`; what is not there is 404."""
    first, second, third = (api.post(f"/apps/{deployed.name}/dynos", {"command": "true"}).json for _ in range(3))

    assert api.post(f"/apps/{deployed.name}/dynos/run.1/actions/stop").status_code == 202
    assert api.delete(f"/apps/{deployed.name}/dynos/{second['id']}").status_code == 202
    assert [_row(plane, deployed, number).stop_requested for number in (1, 2, 3)] == [True, True, False]
    assert api.post(f"/apps/{deployed.name}/formations/run/actions/stop").status_code == 202
    assert _row(plane, deployed, 3).stop_requested
    missing = api.post(f"/apps/{deployed.name}/dynos/run.9/actions/stop")
    assert (missing.status_code, missing.json["resource"]) == (404, "dyno")
    assert {first["id"], third["id"]} <= {each["id"] for each in api.get(f"/apps/{deployed.name}/oneoffs").json}


def test_another_apps_one_off_is_not_found(api: Any, deployed: App, make_app: Any, plane: Any) -> None:
    """An id opens nothing under another app's address."""
    made = api.post(f"/apps/{deployed.name}/dynos", {"command": "true"}).json
    make_app("other-harbor")

    assert api.get(f"/apps/other-harbor/dynos/{made['id']}").status_code == 404
    assert api.post(f"/apps/other-harbor/dynos/{made['id']}/actions/stop").status_code == 404
    assert not _row(plane, deployed).stop_requested
