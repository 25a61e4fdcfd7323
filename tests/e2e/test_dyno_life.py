"""One-off dynos, and what happens to dynos between their start and their end."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

pytestmark = pytest.mark.platform

APP = "life"
_PATIENCE_S = 90
"""A busy machine is slow, and that is no failure."""


@pytest.fixture(scope="module")
def app(paas: Any, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """An app with a health check, a worker, profiles, and a release phase that refuses one release."""
    paas.run("create", APP)
    paas.run("push", "--app", APP, "--dir", str(Path(__file__).parent / "apps" / "life"))
    yield APP
    paas.run("destroy", "--app", APP, "--confirm", APP)


def _soon(paas: Any, condition: Callable[[], Any]) -> Any:
    return paas.eventually(condition, seconds=_PATIENCE_S)


def _ids(paas: Any, process_type: str, state: str = "up") -> set[str]:
    found = paas.json("ps", "--app", APP)
    return {each["id"] for each in found if each["type"] == process_type and each["state"] == state}


@contextmanager
def _visitors(paas: Any, count: int = 4) -> Iterator[list[str]]:
    """Several at once, without a pause; what went wrong for any of them."""
    over, wrong = threading.Event(), []

    def visit(number: int) -> None:
        while not over.is_set():
            answer = paas.get(APP, f"/wait/{0.2 * number}")
            if answer.status_code != 200:
                wrong.append(f"{answer.status_code} {answer.text[:80]}")

    threads = [threading.Thread(target=visit, args=(number,)) for number in range(count)]
    for each in threads:
        each.start()
    try:
        yield wrong
    finally:
        over.set()
        for each in threads:
            each.join()


def test_a_one_off_sees_the_apps_world(paas: Any, app: str) -> None:
    """Slug, config vars, its own variables and the profiles; what .slugignore names is not there."""
    script = 'echo "$FROM_PROFILE, $FROM_FOLDER, $MINE"; ls; exit 7'

    said = paas.instance.cli("run:detached", "--app", app, "--tail", "-e", "MINE=a b", script)

    assert said.returncode == 7
    assert "run.1 and its profile, run.1 and its folder, a b" in said.stdout
    assert "web.py" in said.stdout
    assert "left-out" not in said.stdout
    (listed,) = paas.json("run:list", "--app", app)
    assert (listed["name"], listed["state"], listed["exit_code"]) == ("run.1", "crashed", 7)
    assert "run.1 and its profile" in paas.run("logs", "--app", app, "--dyno", "run.1")


def test_a_one_off_ends_when_it_is_told_to(paas: Any, app: str) -> None:
    """By a user, or by its time to live; until then `ps` shows it."""
    paas.run("run:detached", "--app", app, "--ttl", "2", "sleep", "100")
    paas.run("run:detached", "--app", app, "sleep", "100")
    running = lambda: {each["name"]: each["state"] for each in paas.json("ps", "--app", app) if each["type"] == "run"}  # noqa: E731

    _soon(paas, lambda: running().get("run.3") == "up")
    paas.run("ps:stop", "run.3", "--app", app)
    _soon(paas, lambda: not running())

    by_name = {each["name"]: each for each in paas.json("run:list", "--app", app)}
    assert "time to live of 2 seconds" in by_name["run.2"]["reason"]
    assert (by_name["run.3"]["state"], "by a user" in by_name["run.3"]["reason"]) == ("down", True)


def test_one_type_alone(paas: Any, app: str) -> None:
    """More, fewer, another size, a stop: of the worker; the web dyno never notices."""
    web = _ids(paas, "web")
    paas.run("ps:scale", "worker+2", "--app", app)
    paas.run("ps:scale", "worker-1", "--app", app)
    _soon(paas, lambda: len(workers := _ids(paas, "worker")) == 1 and workers)

    paas.run("ps:type", "worker=standard-2x", "--app", app)
    paas.run("ps:wait", "--type", "worker", "--app", app)
    first = _soon(
        paas,
        lambda: (
            {each["size"] for each in paas.json("ps", "worker", "--app", app)} == {"standard-2x"}
            and _ids(paas, "worker")
        ),
    )
    paas.run("ps:stop", "worker", "--app", app)
    _soon(paas, lambda: _ids(paas, "worker") - first)

    assert _ids(paas, "web") == web
    paas.run("ps:scale", "worker=0", "--app", app)


def test_nothing_fails_while_dynos_come_and_go(paas: Any, app: str) -> None:
    """More, a restart, a stop, fewer: requests under way are answered, and new ones find a dyno."""
    with _visitors(paas) as wrong:
        paas.run("ps:scale", "web=2", "--app", app)
        _soon(paas, lambda: len(_ids(paas, "web")) == 2)
        before = _ids(paas, "web")
        paas.run("ps:restart", "--app", app)
        _soon(paas, lambda: len(_ids(paas, "web") - before) == 2)
        before = _ids(paas, "web")
        paas.run("ps:stop", "web.1", "--app", app)
        _soon(paas, lambda: len(now := _ids(paas, "web")) == 2 and now != before)
        paas.run("ps:scale", "web=1", "--app", app)
        _soon(paas, lambda: len(_ids(paas, "web")) == 1)

    assert wrong == []


def test_an_unwell_dyno_gets_no_requests(paas: Any, app: str) -> None:
    """As long as another one is well; a redirect is well."""
    paas.run("ps:scale", "web=2", "--app", app)
    _soon(paas, lambda: {paas.get(app).text for _ in range(10)} == {"web.1", "web.2"})
    paas.get(app, "/become/302")
    sick = paas.get(app, "/become/503").text

    _soon(paas, lambda: {paas.get(app).text for _ in range(20)} == {"web.1", "web.2"} - {sick})
    paas.run("ps:stop", sick, "--app", app)
    _soon(paas, lambda: {paas.get(app).text for _ in range(10)} == {"web.1", "web.2"})
    paas.run("ps:scale", "web=1", "--app", app)
    _soon(paas, lambda: len(_ids(paas, "web")) == 1)


def test_too_much_memory_is_r15_and_kept(paas: Any, app: str) -> None:
    """`ps` shows the use, the log R15, and `ps:crashes` how it ended."""
    paas.get(app, "/use/100")
    _soon(paas, lambda: any(100 < (each["memory_mb"] or 0) < 512 for each in paas.json("ps", "web", "--app", app)))

    paas.get(app, "/use/600")

    _soon(paas, lambda: "Error R15" in paas.run("logs", "--app", app, "--source", "heroku", "--dyno", "web.1"))
    (crash,) = _soon(paas, lambda: paas.json("ps:crashes", "--app", app))
    assert (crash["dyno"], crash["exit_code"], "R15" in crash["reason"]) == ("web.1", 137, True)
    _soon(paas, lambda: paas.get(app).status_code == 200)


def test_a_failed_release_phase_is_retried(paas: Any, app: str, folder: Callable[[str], Path]) -> None:
    """With the same slug, once what it needs is there: here, another number."""
    source = folder("life")
    due = max(each["version"] for each in paas.json("releases", "--app", app)) + 1
    (source / "refused").write_text(f"v{due}\n")
    paas.fails("push", "--app", app, "--dir", str(source))
    failed = paas.json("releases", "--app", app)[0]
    assert (failed["version"], failed["status"]) == (due, "failed")

    paas.run("releases:retry", "--app", app)

    latest = paas.json("releases", "--app", app)[0]
    assert (latest["status"], latest["slug"]) == ("succeeded", failed["slug"])
    assert latest["description"].startswith(f"Retry of v{failed['version']}: Deploy")
