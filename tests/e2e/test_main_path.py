"""From a folder to a running app, and all that is done to it afterwards."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

pytestmark = pytest.mark.platform


@pytest.fixture(scope="module")
def app(paas: Any) -> Iterator[str]:
    """One app that the tests of this file change in turn."""
    paas.run("create", "mainpath")
    yield "mainpath"
    paas.run("destroy", "--app", "mainpath", "--confirm", "mainpath")


@pytest.fixture
def source(folder: Callable[[str], Path]) -> Path:
    """The probe app's source."""
    return folder("probe")


def test_push_puts_an_app_on_the_air(paas: Any, app: str, source: Path) -> None:
    """`push` ends with the URL, and the URL answers."""
    url = paas.run("push", "--app", app, cwd=source).strip()

    assert url == f"http://{app}.localhost:{paas.instance.env['NOMAPAAS_ROUTER_URL'].rsplit(':', 1)[1]}/"
    assert paas.ask(app) | {"pid": 0} == {"version": "one", "dyno": "web.1", "pid": 0}


def test_a_second_push_of_the_same_makes_no_release(paas: Any, app: str, source: Path) -> None:
    """Same tree, same slug, nothing to do."""
    before = paas.json("releases", "--app", app)

    paas.run("push", "--app", app, cwd=source)

    assert paas.json("releases", "--app", app) == before


def test_changed_code_is_released(paas: Any, app: str, source: Path) -> None:
    """A new version answers when `push` returns."""
    (source / "version.txt").write_text("two")

    paas.run("push", "--app", app, cwd=source)

    assert paas.ask(app)["version"] == "two"


def test_config_is_set_and_unset(paas: Any, app: str) -> None:
    """Values reach the dyno byte for byte, each change is a release."""
    value = 'two words, "quotes", $HOME, `x` and\na line'
    paas.run("config:set", f"STRANGE={value}", "--app", app)

    paas.eventually(lambda: paas.ask(app, "/env", name="STRANGE") == value)
    assert paas.run("config:get", "STRANGE", "--app", app) == value + "\n"
    paas.run("config:unset", "STRANGE", "--app", app)
    paas.eventually(lambda: paas.ask(app, "/env", name="STRANGE") is None)
    descriptions = [each["description"] for each in paas.json("releases", "--app", app)]
    assert any("STRANGE" in each for each in descriptions)
    assert value not in str(descriptions)


def test_rollback_brings_code_and_config_back(paas: Any, app: str) -> None:
    """A rollback is a new release with an old one's slug."""
    first = next(
        each["version"]
        for each in sorted(paas.json("releases", "--app", app), key=lambda each: each["version"])
        if each["description"].startswith("Deploy")
    )

    paas.run("rollback", f"v{first}", "--app", app)

    paas.eventually(lambda: paas.ask(app)["version"] == "one")
    latest = max(paas.json("releases", "--app", app), key=lambda each: each["version"])
    assert latest["description"] == f"Rollback to v{first}"


def test_scaling(paas: Any, app: str) -> None:
    """Several dynos share the requests; a worker starts when it is asked for."""
    paas.run("ps:scale", "web=2", "worker=1", "--app", app)

    states = {"web.1": "up", "web.2": "up", "worker.1": "up"}
    paas.eventually(lambda: {each["name"]: each["state"] for each in paas.json("ps", "--app", app)} == states)
    paas.eventually(lambda: {paas.ask(app)["dyno"] for _ in range(20)} == {"web.1", "web.2"})
    paas.run("ps:scale", "web=1", "worker=0", "--app", app)
    paas.eventually(lambda: [each["name"] for each in paas.json("ps", "--app", app)] == ["web.1"])


def test_restart_gives_new_dynos(paas: Any, app: str) -> None:
    """Every dyno is a new one afterwards, and the requests go to it alone."""
    before = {each["id"] for each in paas.json("ps", "--app", app)}
    address = paas.ask(app, "/address")

    paas.run("ps:restart", "--app", app)

    paas.eventually(lambda: not before & {each["id"] for each in paas.json("ps", "--app", app)})
    paas.eventually(lambda: address not in {paas.ask(app, "/address") for _ in range(20)})


def test_maintenance(paas: Any, app: str) -> None:
    """Requests get a 503 page (H80) until it is off."""
    paas.run("maintenance:on", "--app", app)
    paas.eventually(lambda: paas.get(app).status_code == 503)
    paas.run("maintenance:off", "--app", app)

    paas.eventually(lambda: paas.get(app).status_code == 200)


def test_logs_of_dyno_router_and_platform(paas: Any, app: str) -> None:
    """One stream holds what the app printed, what the router saw and what the platform did."""
    paas.ask(app, "/say", text="a line of mine")

    log = paas.eventually(
        lambda: (
            (text := paas.run("logs", "--app", app, "-n", "200"))
            and "a line of mine" in text
            and 'path="/say' in text
            and text
        )
    )
    assert "app[web.1]: a line of mine" in log
    assert "heroku[router]: at=info method=GET" in log
    assert "app[api]: " in log


def test_rename_keeps_the_dynos(paas: Any, app: str) -> None:
    """The new name answers, the old one does not, and no dyno was restarted."""
    before = paas.ask(app)

    paas.run("rename", "mainpath-two", "--app", app)

    paas.eventually(lambda: paas.get("mainpath-two").status_code == 200)
    assert paas.ask("mainpath-two") == before
    paas.eventually(lambda: paas.get(app).status_code == 404)
    paas.run("rename", app, "--app", "mainpath-two")
    paas.eventually(lambda: paas.get(app).status_code == 200)


def test_stopped_by_ops_in_nomad_is_mended(paas: Any, app: str) -> None:
    """A job that somebody stops in Nomad's UI comes back by itself; a request meanwhile is held, not refused."""
    before = {each["id"] for each in paas.json("ps", "--app", app)}
    app_id = paas.json("info", "--app", app)["app"]["id"]
    env = paas.instance.env
    httpx.delete(
        f"{env['NOMAD_ADDR']}/v1/job/{app_id}",
        params={"namespace": "apps"},
        headers={"X-Nomad-Token": env["NOMAD_TOKEN"]},
    ).raise_for_status()

    paas.eventually(lambda: {each["id"] for each in paas.json("ps", "--app", app) if each["state"] == "up"} - before)
    assert paas.get(app).status_code == 200
