"""Apps that sleep and wake: by themselves, by hand, by a request; and what must not wake or lose them."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.e2e.faults.processes import processes_of
from tests.freezing import frozen

pytestmark = pytest.mark.platform

APP = "drowsy"
_PATIENCE_S = 90
_GONE_BY_S = 5
"""A dyno that nobody keeps is surely told to stop within this time after its app fell asleep."""


@pytest.fixture(scope="module")
def app(paas: Any) -> Iterator[str]:
    """An app that may sleep, on the air."""
    paas.run("create", APP)
    paas.run("push", "--app", APP, "--dir", str(Path(__file__).parents[1] / "apps" / APP))
    yield APP
    paas.run("destroy", "--app", APP, "--confirm", APP)


def _soon(paas: Any, condition: Callable[[], Any]) -> Any:
    return paas.eventually(condition, seconds=_PATIENCE_S)


def _dynos(paas: Any) -> list[tuple[str, str]]:
    return sorted((each["name"], each["state"]) for each in paas.json("ps", "--app", APP))


def _job(paas: Any) -> Any:
    app_id = paas.json("info", "--app", APP)["app"]["id"]
    return _nomad(paas, "GET", f"/v1/job/{app_id}/allocations").json()


def _nomad(paas: Any, method: str, path: str) -> httpx.Response:
    env = paas.instance.env
    headers = {"X-Nomad-Token": env["NOMAD_TOKEN"]}
    url = f"{env['NOMAD_ADDR']}{path}"
    return httpx.request(method, url, params={"namespace": "apps"}, headers=headers).raise_for_status()


def _running(paas: Any) -> list[str]:
    return [each["ID"] for each in _job(paas) if each["ClientStatus"] == "running" and each["DesiredStatus"] == "run"]


def _asleep(paas: Any) -> bool:
    """Asleep, and nothing runs any more."""
    return _dynos(paas) == [("web.1", "idle")] and not _running(paas)


def _times_slept(paas: Any) -> int:
    return sum(each["action"] == "app.sleep" for each in paas.json("events", "--app", APP))


def _put_to_sleep(paas: Any) -> None:
    paas.run("ps:sleep", "--app", APP)
    _soon(paas, lambda: _asleep(paas))


def test_it_sleeps_when_nobody_asks_and_wakes_when_somebody_does(paas: Any, app: str) -> None:
    """`ps` says idle since when, `info` too; the request's body arrives, and the same release answers."""
    before = paas.ask(app)
    paas.run("ps:autosleep", "--app", app, "--after", "5s")

    _soon(paas, lambda: _asleep(paas))
    assert "web.1: idle 20" in paas.run("ps", "--app", app)
    assert "Asleep:" in paas.run("info", "--app", app)
    paas.run("ps:autosleep", "--app", app, "--after", "off")

    answer = paas.router.post("/", content=b"good morning", headers={"Host": f"{app}.localhost"})
    assert (answer.status_code, answer.json()["word"]) == (200, "good morning")
    assert answer.json()["started"] > before["started"]
    assert answer.json()["release"] == before["release"]
    _soon(paas, lambda: _dynos(paas) == [("web.1", "up")])
    log = paas.run("logs", "--app", app, "--num", "200")
    assert "heroku[web.1]: Idling" in log
    assert "heroku[web.1]: Unidling" in log
    events = [(each["action"], each["actor"]) for each in paas.json("events", "--app", app)]
    assert any(action == "app.sleep" and actor is None for action, actor in events)


def test_a_router_that_hears_nothing_new_loses_no_request(paas: Any, app: str) -> None:
    """Its consul-template stands still: the dyno runs on while requests still go to it."""
    before, allocations, slept = paas.ask(app), _running(paas), _times_slept(paas)
    with frozen([process.pid for process in processes_of(paas, "consul-template")]):
        paas.run("ps:autosleep", "--app", app, "--after", "5s")
        _soon(paas, lambda: _times_slept(paas) > slept)
        until = time.monotonic() + _GONE_BY_S
        while time.monotonic() < until:
            assert paas.ask(app)["started"] == before["started"]
        assert _running(paas) == allocations
        paas.run("ps:autosleep", "--app", app, "--after", "off")

    # As soon as the router follows, what fell asleep goes on with that.
    paas.run("ps:wake", "--app", app)
    assert paas.ask(app)["word"] == before["word"]
    _soon(paas, lambda: _dynos(paas) == [("web.1", "up")])


def test_many_first_requests_are_one_start(paas: Any, app: str) -> None:
    """All of them are answered by one dyno that was started once."""
    _put_to_sleep(paas)
    started = {each["ID"] for each in _job(paas)}

    with ThreadPoolExecutor(max_workers=50) as pool:
        answers = list(pool.map(lambda _: paas.get(app), range(50)))

    assert {each.status_code for each in answers} == {200}
    assert len({each.json()["started"] for each in answers}) == 1
    assert len({each["ID"] for each in _job(paas)} - started) == 1


def test_a_request_under_way_keeps_it_awake(paas: Any, app: str) -> None:
    """A slow answer is not cut off, however idle the app is besides."""
    _soon(paas, lambda: _dynos(paas) == [("web.1", "up")])
    states = []
    with ThreadPoolExecutor(max_workers=1) as pool:
        slow = pool.submit(paas.get, app, "/wait/12")
        paas.run("ps:autosleep", "--app", app, "--after", "5s")
        while not slow.done():
            found = _dynos(paas)
            states += [] if slow.done() else [found]
    paas.run("ps:autosleep", "--app", app, "--after", "off")

    assert slow.result().status_code == 200
    assert len(states) > 1
    assert all(found == [("web.1", "up")] for found in states)


def test_changes_leave_it_asleep_with_the_new_release(paas: Any, app: str, folder: Callable[[str], Path]) -> None:
    """A config change, a push and a restart start nothing; the next request is answered by the newest release.

    The new slug lies on the node before any dyno has asked for it.
    """
    _put_to_sleep(paas)
    paas.run("config:set", "--app", app, "WORD=hello")
    paas.run("restart", "--app", app)
    cached = paas.instance.home / "artifacts" / "slugs"
    known = {each.name for each in cached.iterdir()}
    (changed := folder(APP)).joinpath("version.txt").write_text("asleep\n")
    paas.run("push", "--app", app, "--dir", str(changed))
    assert len({each.name for each in cached.iterdir()} - known) == 1
    paas.run("run:detached", "--app", app, "--tail", "true")
    paas.run("ps:wait", "--app", app)
    assert _asleep(paas)

    said = paas.ask(app)

    assert said["word"] == "hello"
    latest = paas.json("releases", "--app", app)[0]
    assert said["release"] == f"v{latest['version']}"
    assert latest["status"] == "succeeded"


def test_a_wake_that_fails_is_told_and_tried_again(paas: Any, app: str) -> None:
    """A gateway error with the reason in the log, asleep again, and well once the cause is gone."""
    _put_to_sleep(paas)
    paas.run("config:set", "--app", app, "BROKEN=1")
    paas.run("ps:wait", "--app", app)

    for _ in range(2):
        assert paas.get(app).status_code == 503
        _soon(paas, lambda: _asleep(paas))
    # The router's lines come a moment after its answers.
    paas.eventually(lambda: paas.run("logs", "--app", app, "--num", "200").count("code=H20") == 2)
    log = paas.run("logs", "--app", app, "--num", "200")
    assert "heroku[web.1]: The web process ended with exit code 1 before it accepted a request on $PORT." in log
    assert "no such database: drowsy" in log
    assert "the next request tries again" in paas.run("ps", "--app", app)

    paas.run("config:unset", "--app", app, "BROKEN")
    paas.run("ps:wait", "--app", app)
    assert paas.ask(app)["release"] == f"v{paas.json('releases', '--app', app)[0]['version']}"


def test_maintenance_wakes_nobody_and_a_worker_does(paas: Any, app: str) -> None:
    """A visitor sees the maintenance page; scaled to what may not sleep, the app starts without a request."""
    paas.run("maintenance:on", "--app", app)
    _soon(paas, lambda: paas.get(app).status_code == 503)
    _put_to_sleep(paas)
    assert paas.get(app).status_code == 503
    assert _asleep(paas)
    paas.run("maintenance:off", "--app", app)

    paas.run("ps:scale", "--app", app, "worker=1")
    _soon(paas, lambda: _dynos(paas) == [("web.1", "up"), ("worker.1", "up")])
    paas.run("ps:scale", "--app", app, "worker=0")


def test_frozen_it_goes_on_where_it_was(paas: Any, app: str) -> None:
    """The same process answers after the thaw, and at once; while it is frozen `ps` says idle, and Nomad runs it."""
    before = paas.ask(app)
    paas.run("ps:autosleep", "--app", app, "--freeze")
    paas.run("ps:sleep", "--app", app)
    (allocation,) = _soon(paas, lambda: _running(paas))
    _soon(paas, lambda: _state(allocation) == "frozen")
    assert _dynos(paas) == [("web.1", "idle")]

    assert paas.ask(app)["started"] == before["started"]
    assert _state(allocation) == "thawed"
    _soon(paas, lambda: _dynos(paas) == [("web.1", "up")])


def test_what_is_frozen_ends_when_it_is_told_to(paas: Any, app: str) -> None:
    """A deploy stops the frozen dyno in time, and the app sleeps on; Nomad's own stop ends it as well."""
    paas.run("ps:autosleep", "--app", app, "--freeze")
    for change in (
        lambda _: paas.run("config:set", "--app", app, "WORD=again"),
        lambda allocation: _nomad(paas, "POST", f"/v1/allocation/{allocation}/stop"),
    ):
        paas.run("ps:sleep", "--app", app)
        (allocation,) = _soon(paas, lambda: _running(paas))
        _soon(paas, lambda allocation=allocation: _state(allocation) == "frozen")
        change(allocation)
        _soon(paas, lambda: _asleep(paas))
        _soon(paas, lambda allocation=allocation: _state(allocation) is None)
        assert paas.ask(app)["word"] == "again"
        _soon(paas, lambda: _dynos(paas) == [("web.1", "up")])
    paas.run("ps:autosleep", "--app", app, "--no-freeze")


def _state(allocation: str) -> str | None:
    """What the kernel says of a dyno's cgroup; None when it is gone."""
    for pattern in (f"freezer/*/{allocation}.dyno*/freezer.state", f"*/*/{allocation}.dyno*/cgroup.freeze"):
        for switch in Path("/sys/fs/cgroup").glob(pattern):
            return "thawed" if switch.read_text().strip() in ("THAWED", "0") else "frozen"
    return None
