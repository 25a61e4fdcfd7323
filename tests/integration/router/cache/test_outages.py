"""Varnish is killed or hangs: requests go on without it, within a second, and nobody sees an error."""

from __future__ import annotations

import threading
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager

import httpx
import pytest

from tests.freezing import frozen
from tests.integration.router.cache.stage import marked

LONGEST = 1.5
"""Seconds: 0.9 until a hanging Varnish is found out, and a busy machine."""


@pytest.fixture
def healed(cached_edge, eventually):
    """Leaves a working Varnish to the next test."""
    yield
    if cached_edge.varnish.poll() is not None:
        cached_edge.start_varnish()
    eventually(cached_edge.varnish_answers, seconds=20)


class Visitors:
    """Four who ask for pages, hits and misses, one after another."""

    def __init__(self, site) -> None:
        self._site = site
        self._over = threading.Event()
        self.seen: list[tuple[int | str, str | None, float]] = []
        self._threads = [threading.Thread(target=self._visit, args=(number,)) for number in range(4)]

    def _visit(self, number: int) -> None:
        url = f"http://127.0.0.1:{self._site.edge.port}"
        with httpx.Client(base_url=url, timeout=10, headers={"Host": self._site.host}) as client:
            for count in range(100_000):
                if self._over.wait(0.005):
                    return
                began = time.monotonic()
                try:
                    answer = client.get(f"/{number}/{count % 5 if number % 2 else count}")
                except httpx.HTTPError as error:
                    self.seen.append((repr(error), None, time.monotonic() - began))
                else:
                    verdict = answer.headers.get("x-cache")
                    self.seen.append((answer.status_code, verdict, time.monotonic() - began))

    @contextmanager
    def coming(self) -> Iterator[None]:
        for thread in self._threads:
            thread.start()
        try:
            yield
        finally:
            self._over.set()
            for thread in self._threads:
                thread.join()

    def has_seen(self, verdict: str, *, after: int = 0, times: int = 20) -> bool:
        return sum(seen[1] == verdict for seen in self.seen[after:]) >= times

    def statuses(self) -> set[int | str]:
        return set(Counter(status for status, _, _ in self.seen))

    def slowest(self) -> float:
        return max(seconds for _, _, seconds in self.seen)


def test_varnish_is_killed(make_site, cached_edge, eventually, healed):
    """Requests under way and to come are answered by the dynos; once it is back, by the cache."""
    visitors = Visitors(make_site())
    with visitors.coming():
        eventually(lambda: visitors.has_seen("HIT"))
        cached_edge.kill_varnish()
        eventually(lambda: visitors.has_seen("PASS"))
        cached_edge.start_varnish()
        before = len(visitors.seen)
        eventually(lambda: visitors.has_seen("HIT", after=before))

    assert visitors.statuses() == {200}
    assert visitors.slowest() < LONGEST


def test_varnish_hangs(make_site, cached_edge, eventually, healed):
    """Within a second everybody goes round it, those who waited already among them."""
    visitors = Visitors(make_site())
    with visitors.coming():
        eventually(lambda: visitors.has_seen("HIT"))
        with frozen(cached_edge.varnish_pids()):
            eventually(lambda: visitors.has_seen("PASS"))
        before = len(visitors.seen)
        eventually(lambda: visitors.has_seen("HIT", after=before))

    assert visitors.statuses() == {200}
    assert visitors.slowest() < LONGEST


def test_a_varnish_that_was_never_there(make_site, cached_edge, healed):
    """Each request is answered, and failures keep their codes."""
    cached_edge.end_varnish()
    site = make_site()

    answers = [site.get() for _ in range(5)]
    site.dyno.says_nothing()
    failed = site.get("/failed")

    assert [(answer.status_code, answer.headers["x-cache"]) for answer in answers] == [(200, "PASS")] * 5
    assert failed.status_code == 503
    assert cached_edge.line(site.id, "code=H13", "/failed")
    assert cached_edge.line(site.id, "at=info", "dyno=web.1", "status=200")


def test_purging_without_varnish_fails(make_site, cached_edge, healed):
    """With 503: nothing was purged."""
    cached_edge.end_varnish()

    answer = cached_edge.purge(make_site().id, "/")

    assert (answer.status_code, answer.json()["id"]) == (503, "no_cache")


def test_nginx_is_killed(make_site, cached_edge, eventually):
    """Another one takes over with the same table, and what Varnish has."""
    site = make_site()
    site.verdicts()
    eventually(lambda: site.verdicts(times=1) == ["HIT"])  # Varnish has the page a moment after the client has
    served = site.dyno.served
    cached_edge.kill_nginx()
    cached_edge.start()

    assert site.verdicts(times=3) == ["HIT"] * 3
    assert site.dyno.served == served


def test_a_slow_page_does_not_look_like_an_outage(make_site, cached_edge, eventually):
    """A dyno may think longer than a Varnish may hang; it is asked once."""
    site = make_site()
    end = threading.Event()
    waiting = threading.Event()

    def think(_path, _headers):
        waiting.set()
        end.wait(0.9)
        return marked("public, max-age=60")

    site.dyno.does(think)

    assert site.get().headers["x-cache"] == "MISS"
    assert waiting.is_set()
    assert site.dyno.served == 1


def test_many_who_ask_for_the_same_are_one_request(make_site):
    """A page that is asked for by many at once is made once."""
    site = make_site()
    end = threading.Event()

    def think(_path, _headers):
        end.wait(0.5)
        return marked("public, max-age=60")

    site.dyno.does(think)
    texts: list[str] = []

    def ask() -> None:
        with httpx.Client(base_url=f"http://127.0.0.1:{site.edge.port}", timeout=10) as client:
            answer = client.get("/thundering", headers={"Host": site.host})
            texts.append(f"{answer.headers['x-cache']} {answer.text}")

    threads = [threading.Thread(target=ask) for _ in range(20)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert Counter(text.split()[0] for text in texts) == {"MISS": 1, "HIT": 19}
    assert site.dyno.served == 1
