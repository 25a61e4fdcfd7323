"""One nginx with its Varnish for all tests of this folder: each test has hosts of its own."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest

from tests.integration.router.cache.stage import PUBLIC, Answer, CachedEdge, CachedTable, Site, ToldDyno, fresh_host


@pytest.fixture(scope="session")
def cached_edge() -> Iterator[CachedEdge]:
    """An edge whose requests may go to a Varnish."""
    started = CachedEdge()
    yield started
    started.close()


@pytest.fixture
def make_site(cached_edge: CachedEdge) -> Iterator[Callable[..., Site]]:
    """Makes apps with their caches on, all on one table; without an answer of its own each page is public."""
    table, dynos = CachedTable(cached_edge), []
    cached_edge.forget_lines()

    def make(answer: Answer | None = None, *, name: str = "one") -> Site:
        dynos.append(ToldDyno(name, answer or Answer(headers=PUBLIC)))
        return Site(cached_edge, table, dynos[-1], fresh_host())

    yield make
    for dyno in dynos:
        dyno.close()
