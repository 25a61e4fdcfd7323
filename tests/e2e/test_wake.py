"""Requests for an app that sleeps, on the whole platform."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from tests.e2e.sleep import fall_asleep, starts

pytestmark = pytest.mark.platform


@pytest.fixture(scope="module")
def sleeper(paas):
    """An app to be put to sleep."""
    paas.run("create", "sleeper")
    paas.run("push", "--app", "sleeper", "--dir", str(Path(__file__).parent / "apps" / "probe"))
    yield "sleeper"
    paas.run("destroy", "--app", "sleeper", "--confirm", "sleeper")


def test_fifty_first_requests_are_one_start(paas, sleeper):
    """Each is answered by the woken dyno, of which there is one; awake, the app answers as ever."""
    fall_asleep(paas, sleeper)
    before = starts(paas, sleeper)
    with ThreadPoolExecutor(50) as pool:
        answers = list(pool.map(lambda _: paas.get(sleeper), range(50)))

    assert [answer.status_code for answer in answers] == [200] * 50
    assert len({answer.json()["pid"] for answer in answers}) == 1
    assert starts(paas, sleeper) == before + 1
    assert paas.get(sleeper).status_code == 200


def test_a_deploy_to_a_sleeping_app_brings_its_slug(paas, sleeper, folder):
    """It sleeps on; the slug lies on the node before any dyno has asked for it, and a request gets the new version."""
    fall_asleep(paas, sleeper)
    cached = paas.instance.home / "artifacts" / "slugs"
    known, before = {each.name for each in cached.iterdir()}, starts(paas, sleeper)
    changed = folder("probe")
    (changed / "version.txt").write_text("asleep\n")
    paas.run("push", "--app", sleeper, "--dir", str(changed))

    assert len({each.name for each in cached.iterdir()} - known) == 1
    assert starts(paas, sleeper) == before
    assert paas.ask(sleeper)["version"] == "asleep"


def test_a_wake_that_fails_says_why(paas, sleeper, folder):
    """H20 as soon as it has failed, the boot's last words in the log; the next request tries again, and so does it."""
    fall_asleep(paas, sleeper)
    broken = folder("probe")
    (broken / "Procfile").write_text("web: echo no such luck; exit 3\n")
    paas.run("push", "--app", sleeper, "--dir", str(broken))
    before = starts(paas, sleeper)
    for _ in range(2):
        assert paas.get(sleeper).status_code == 503
    paas.eventually(lambda: paas.run("logs", "--app", sleeper, "--num", "200").count("code=H20") == 2)
    log = paas.run("logs", "--app", sleeper, "--num", "200")
    assert "no such luck" in log
    assert "exit code 3" in log
    assert starts(paas, sleeper) == before + 2
