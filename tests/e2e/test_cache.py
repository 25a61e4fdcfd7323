"""The HTTP cache of an app, turned on, asked, purged and turned off: by the CLI, through edge, Varnish and mesh."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.e2e.sleep import fall_asleep

pytestmark = pytest.mark.platform

APP = "cached"


@pytest.fixture(scope="module")
def app(paas: Any) -> Iterator[str]:
    """On the air, without a cache."""
    paas.run("create", APP)
    paas.run("push", "--app", APP, "--dir", str(Path(__file__).parent / "apps" / APP))
    yield APP
    paas.run("destroy", "--app", APP, "--confirm", APP)


def _ask(paas: Any, path: str = "/") -> tuple[str | None, str]:
    """What became of a request, and the text that came back."""
    answer = paas.get(APP, path)
    assert answer.status_code == 200
    return answer.headers.get("x-cache"), answer.text


def test_a_page_is_kept_until_it_is_purged(paas: Any, app: str) -> None:
    """Nothing is kept before the cache is on; then what the app marks is, by URL, and `cache:info` counts."""
    assert [_ask(paas)[0] for _ in range(2)] == [None, None]
    paas.run("cache:enable", "--app", app)
    paas.eventually(lambda: _ask(paas, "/private")[0] == "PASS")

    verdict, first = _ask(paas)
    assert verdict == "MISS"
    assert [_ask(paas) for _ in range(3)] == [("HIT", first)] * 3
    assert _ask(paas, "/private") != _ask(paas, "/private")
    info = paas.json("cache:info", "--app", app)
    assert (info["enabled"], info["hits"], info["misses"]) == (True, 3, 1)

    paas.run("cache:purge", "--app", app, "--url", "/")
    assert _ask(paas)[0] == "MISS"
    paas.run("cache:purge", "--app", app)
    paas.eventually(lambda: _ask(paas)[0] == "MISS")


def test_a_new_release_shows_nothing_old(paas: Any, app: str) -> None:
    """A change of config is a release: whoever asks after it is answered by its dynos."""
    _ask(paas, "/news")
    paas.run("config:set", "--app", app, "WORD=new")
    paas.run("ps:wait", "--app", app)
    version = paas.json("releases", "--app", app)[0]["version"]

    verdict, text = _ask(paas, "/news")

    assert (verdict, text.split()[0]) == ("MISS", f"v{version}")
    assert _ask(paas, "/news") == ("HIT", text)


def test_kept_pages_wake_nobody(paas: Any, app: str) -> None:
    """A sleeping app's kept page is shown at once; what is not kept wakes it."""
    kept = _ask(paas, "/kept")[1]
    fall_asleep(paas, app)

    assert _ask(paas, "/kept") == ("HIT", kept)
    assert [each["state"] for each in paas.json("ps", "--app", app)] == ["idle"]
    assert _ask(paas, "/not-kept")[0] == "MISS"
    paas.eventually(lambda: [each["state"] for each in paas.json("ps", "--app", app)] == ["up"])


def test_off_it_is_out_of_the_way(paas: Any, app: str) -> None:
    """Every request comes to a dyno again."""
    paas.run("cache:disable", "--app", app)
    paas.eventually(lambda: _ask(paas)[0] is None)

    assert _ask(paas)[1] != _ask(paas)[1]
    assert paas.json("cache:info", "--app", app)["enabled"] is False
