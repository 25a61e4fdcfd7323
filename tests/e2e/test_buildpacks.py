"""Buildpacks that an app chooses, its app.json at the first push, and what a build says when it cannot go on."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

pytestmark = pytest.mark.platform

APP = "buildpacks"
ASKED = {
    "env": {"GREETING": "from app.json", "KEY": {"generator": "secret"}},
    "formation": {"web": {"quantity": 1, "size": "basic"}, "worker": {"quantity": 2}},
    "buildpacks": [{"url": "heroku/procfile"}],
    "healthchecks": {"web": [{"type": "readiness", "path": "/"}]},
    "scripts": {"postdeploy": "echo seeded with $GREETING"},
}


@pytest.fixture(scope="module")
def app(paas: Any) -> Iterator[str]:
    """One app that the tests of this file change in turn."""
    paas.run("create", APP)
    yield APP
    paas.run("destroy", "--app", APP, "--confirm", APP)


@pytest.fixture
def source(folder: Callable[[str], Path]) -> Path:
    """The probe app's source."""
    return folder("probe")


def _chosen(paas: Any, app: str) -> list[str]:
    return [each["buildpack"]["url"] for each in paas.json("buildpacks", "--app", app)]


@pytest.mark.parametrize(
    ("files", "said"),
    [
        ({"app.json": "{"}, "app.json cannot be used: line 1, column 2 is not JSON."),
        ({"app.json": '{"env": {"NEEDED": {"description": "yours"}}}'}, "set NEEDED=... with `nomapaas config:set`"),
        ({"heroku.yml": "build:\n", "Procfile": None}, "put its commands under `run` into a Procfile"),
        ({".buildpacks": "https://10.0.0.1/pack.git\n"}, "10.0.0.1 is an address inside this network"),
        ({".buildpacks": "https://[::ffff:127.0.0.1]/pack.tgz\n"}, "is an address inside this network"),
    ],
)
def test_what_cannot_be_built_is_said(paas: Any, app: str, source: Path, files: Any, said: str) -> None:
    """One sentence that says what to do, and nothing of the app was changed."""
    for name, text in files.items():
        if text is None:
            (source / name).unlink()
        else:
            (source / name).write_text(text)

    assert said in paas.fails("push", "--app", app, cwd=source)
    assert paas.json("releases", "--app", app) == []


def test_the_first_push_does_what_app_json_says(paas: Any, app: str, source: Path) -> None:
    """Config vars, formation, buildpacks, the health check and the postdeploy script, in one push."""
    (source / "app.json").write_text(json.dumps(ASKED))

    paas.run("push", "--app", app, cwd=source)

    assert paas.ask(app, "/env", name="GREETING") == "from app.json"
    assert re.fullmatch(r"[0-9a-f]{64}", paas.run("config:get", "KEY", "--app", app).strip())
    dynos = paas.eventually(lambda: _running(paas, app))
    assert {name: size.lower() for name, size in dynos} == {"web.1": "basic", "worker.1": "free", "worker.2": "free"}
    assert _chosen(paas, app) == ["heroku/procfile"]
    seeded = "seeded with from app.json"
    paas.eventually(lambda: f"app[run.1]: {seeded}" in paas.run("logs", "-n", "200", "--app", app))


def _running(paas: Any, app: str) -> list[tuple[str, str]]:
    found = [(each["name"], each["size"]) for each in paas.json("ps", "--app", app) if each["type"] != "run"]
    return found if len(found) == 3 else []


def test_a_later_push_leaves_settings_alone(paas: Any, app: str, source: Path) -> None:
    """What was changed since the first push stays."""
    paas.run("config:set", "GREETING=mine", "--app", app)
    (source / "app.json").write_text(json.dumps(ASKED | {"formation": {"worker": {"quantity": 9}}}))
    (source / "version.txt").write_text("two")

    paas.run("push", "--app", app, cwd=source)

    assert paas.ask(app, "/env", name="GREETING") == "mine"
    assert sum(each["type"] == "worker" for each in paas.json("ps", "--app", app)) == 2


def test_buildpacks_are_chosen_by_the_command_line(paas: Any, app: str, source: Path) -> None:
    """Each verb in turn; a build uses them in their order, and one that does not fit fails it."""
    for words in (["set", "heroku/nodejs"], ["add", "python", "--index", "1"], ["remove", "heroku/nodejs"]):
        paas.run(f"buildpacks:{words[0]}", *words[1:], "--app", app)
    assert _chosen(paas, app) == ["heroku/python"]

    assert "The python buildpack does not fit this app" in paas.fails("push", "--app", app, cwd=source)
    assert "There is no buildpack heroku/cobol here" in paas.fails("buildpacks:set", "heroku/cobol", "--app", app)
    paas.run("buildpacks:clear", "--app", app)

    assert _chosen(paas, app) == []
