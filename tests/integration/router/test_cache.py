"""What the HTTP cache keeps, for whom, and for how long: a real nginx with a real Varnish."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest

from tests.integration.router.cache_stage import (
    PUBLIC,
    Answer,
    CachedEdge,
    CachedTable,
    Site,
    ToldDyno,
    fresh_host,
)


@pytest.fixture(scope="module")
def cached_edge() -> Iterator[CachedEdge]:
    """An edge with a Varnish, for all tests of this file: each has hosts of its own."""
    started = CachedEdge()
    yield started
    started.close()


@pytest.fixture
def make_site(cached_edge: CachedEdge) -> Iterator[Callable[..., Site]]:
    """Makes apps with their caches on, on one table."""
    table, dynos = CachedTable(cached_edge), []
    cached_edge.forget_lines()

    def make(answer: Answer | None = None, *, name: str = "one") -> Site:
        said = answer or Answer(headers=PUBLIC)
        dynos.append(ToldDyno(name, lambda _path, _headers: said))
        return Site(cached_edge, table, dynos[-1], fresh_host())

    yield make
    for dyno in dynos:
        dyno.close()


def marked(cache_control: str, **more: str) -> Answer:
    return Answer(headers={"Cache-Control": cache_control} | {k.replace("_", "-"): v for k, v in more.items()})


def test_a_public_page_is_a_miss_and_then_a_hit(make_site):
    """The second visitor gets the first one's bytes, and the dyno hears of one request."""
    site = make_site()

    first, second = site.get("/page"), site.get("/page")

    assert [first.headers["x-cache"], second.headers["x-cache"]] == ["MISS", "HIT"]
    assert (second.status_code, second.content) == (200, first.content)
    assert site.dyno.served == 1


def test_a_deploy_purges(make_site):
    """Nothing of an earlier release is shown once another one is on the air."""
    site = make_site()
    before = [site.get().text for _ in range(2)]

    site.release(2)
    after = site.get()

    assert after.headers["x-cache"] == "MISS"
    assert after.text not in before
    assert site.verdicts() == ["HIT", "HIT"]


def test_hits_have_a_line_too(make_site, cached_edge):
    """Each request has one line in the app's log; a hit names no dyno."""
    site = make_site()
    site.verdicts("/a", times=3)

    assert " dyno=web.1 connect=" in cached_edge.line(site.id, "/a", "cache=miss")
    assert " dyno= connect= " in cached_edge.line(site.id, "/a", "cache=hit")
    assert sum(site.id in line for line in cached_edge._lines) == 3
