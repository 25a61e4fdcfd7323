"""The mesh with a real platform behind it: what needs Nomad, Consul and the worker to be seen."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

pytestmark = pytest.mark.platform

APP = "meshwork"
AFFINITY = "http-session-affinity"
PAGE = "https://pages.example.com/sorry?a=1&b=2"


@pytest.fixture(scope="module")
def app(paas: Any, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Two dynos of an app that stop listening when they are told to."""
    paas.run("create", APP)
    source = shutil.copytree(Path(__file__).parent / "apps" / "deaf", tmp_path_factory.mktemp("deaf") / "source")
    paas.run("push", "--app", APP, cwd=source)
    paas.run("ps:scale", "web=2", "--app", APP)
    paas.eventually(lambda: {paas.get(APP).text for _ in range(10)} == {"web.1", "web.2"})
    yield APP
    paas.run("destroy", "--app", APP, "--confirm", APP)


def by_browser(paas: Any, app: str, **headers: str) -> Any:
    """What a browser sees; no cookie but those that are given."""
    paas.router.cookies.clear()
    answer = paas.router.get("/", headers={"Host": f"{app}.localhost", "Accept": "text/html", **headers})
    paas.router.cookies.clear()
    return answer


def test_sessions_stay_with_a_dyno_once_they_may(paas: Any, app: str) -> None:
    """Enabled, the first answer brings a cookie that leads back to its dyno; disabled, no answer does."""
    assert "set-cookie" not in by_browser(paas, app).headers
    paas.run("features:enable", AFFINITY, "--app", app)
    first = paas.eventually(lambda: (answer := by_browser(paas, app)).headers.get("set-cookie") and answer)
    cookie = first.headers["set-cookie"].partition(";")[0]

    found = {by_browser(paas, app, Cookie=cookie).text for _ in range(20)}

    assert found == {first.text}
    assert [each["enabled"] for each in paas.json("features", "--app", app)] == [False, True]
    paas.run("features:disable", AFFINITY, "--app", app)
    paas.eventually(lambda: "set-cookie" not in by_browser(paas, app).headers)


def test_an_apps_own_pages_are_shown(paas: Any, app: str) -> None:
    """A config var names the page for maintenance; browsers get it in a frame, with the router's status."""
    paas.run("config:set", f"MAINTENANCE_PAGE_URL={PAGE}", "--app", app)
    paas.run("maintenance:on", "--app", app)
    try:
        answer = paas.eventually(lambda: "<iframe" in (answer := by_browser(paas, app)).text and answer, seconds=60)
    finally:
        paas.run("maintenance:off", "--app", app)

    assert answer.status_code == 503
    assert '<iframe src="https://pages.example.com/sorry?a=1&amp;b=2"' in answer.text
    said = paas.fails("config:set", "ERROR_PAGE_URL=javascript:alert(1)", "--app", app)
    assert "ERROR_PAGE_URL must be a whole address" in said


def test_a_dyno_that_refuses_is_replaced_and_no_request_fails(paas: Any, app: str) -> None:
    """The other dyno serves meanwhile; the app's log says why one went; a release on its way is waited for."""
    paas.eventually(lambda: {paas.get(app).text for _ in range(10)} == {"web.1", "web.2"}, seconds=60)
    before = {each["id"] for each in paas.json("ps", "--app", app)}
    boot = int(paas.instance.env.get("NOMAPAAS_BOOT_TIMEOUT", "60"))
    paas.eventually(lambda: _age(paas, app) > boot, seconds=boot + 30)
    paas.get(app, "/deaf")

    statuses = {paas.get(app).status_code for _ in range(40)}
    log = paas.eventually(
        lambda: "Replacing this dyno" in (text := paas.run("logs", "--app", app, "-n", "500")) and text, seconds=90
    )

    assert statuses == {200}
    assert "it has refused connections for" in log
    assert len(before - {each["id"] for each in paas.json("ps", "--app", app)}) <= 1
    paas.eventually(lambda: {paas.get(app).text for _ in range(10)} == {"web.1", "web.2"}, seconds=60)


def _age(paas: Any, app: str) -> float:
    """Seconds for which the youngest dyno has run."""
    made = [datetime.fromisoformat(each["created_at"]) for each in paas.json("ps", "--app", app)]
    return (datetime.now(UTC) - max(made)).total_seconds()
