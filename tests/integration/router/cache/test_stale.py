"""Old responses: while a fresh one is fetched, and while the app cannot be had."""

from __future__ import annotations

import threading
import time

import pytest

from tests.integration.router.cache.stage import NONSENSE, marked


def wait_until_old(site, eventually, path="/"):
    """A kept page has passed its second; no request is made meanwhile."""
    born = time.monotonic()
    site.get(path)
    eventually(lambda: time.monotonic() - born > 1.3)


def away(site, state):
    """The app has no dyno in this state."""
    site.table.apps[site.id]["state"] = state
    site.table.dynos = [dyno for dyno in site.table.dynos if dyno["app"] != site.id]
    site.table.push()


def test_stale_while_revalidate(make_site, eventually):
    """Who asks gets the old page at once; the next one gets what was fetched meanwhile, by one request."""
    site = make_site(marked("public, max-age=1, stale-while-revalidate=60"))
    wait_until_old(site, eventually)

    stale = site.get()
    eventually(lambda: site.dyno.served == 2)
    fresh = eventually(lambda: (answer := site.get()).headers["x-cache"] == "HIT" and answer)

    assert stale.headers["x-cache"] == "STALE"
    assert fresh.text != stale.text
    assert site.dyno.served == 2


def test_without_permission_the_app_is_asked(make_site, eventually):
    """An old page of an app that is up is not shown."""
    site = make_site(marked("public, max-age=1"))
    wait_until_old(site, eventually)

    assert site.get().headers["x-cache"] == "MISS"
    assert site.dyno.served == 2


@pytest.mark.parametrize("status", [500, 502, 503, 504])
def test_stale_if_error(make_site, eventually, status):
    """A failure is hidden behind the old page, for as long as the app allows."""
    site = make_site(marked("public, max-age=1, stale-if-error=60"))
    wait_until_old(site, eventually)
    site.dyno.says(marked("no-store", status=status))

    answers = [site.get() for _ in range(3)]
    site.dyno.says(marked("public, max-age=60"))

    assert [(answer.status_code, answer.headers["x-cache"]) for answer in answers] == [(200, "STALE")] * 3
    assert eventually(lambda: site.get().headers["x-cache"] == "HIT")


def test_a_failure_is_shown_where_nothing_else_was_allowed(make_site, eventually):
    """The app itself said it, and can be reached."""
    site = make_site(marked("public, max-age=1"))
    wait_until_old(site, eventually)
    site.dyno.says(marked("no-store", status=503))

    assert site.get().status_code == 503


def test_the_first_failure_is_shown(make_site):
    """There is nothing old yet, and a failure is not kept."""
    site = make_site(marked("public, max-age=60", status=500))

    assert site.get().status_code == 500
    site.dyno.says(marked("public, max-age=60"))
    assert site.get().status_code == 200


@pytest.mark.parametrize("state", ["crashed", "down"])
def test_an_app_that_is_gone_shows_what_is_kept(make_site, cached_edge, eventually, state):
    """Fresh pages as hits, old ones as stale; pages that were not kept get the code."""
    site = make_site(marked("public, max-age=1"))
    site.get("/old")
    wait_until_old(site, eventually)
    away(site, state)

    answers = [site.get("/old") for _ in range(3)]
    unknown = site.get("/unknown")

    assert [(answer.status_code, answer.headers["x-cache"]) for answer in answers] == [(200, "STALE")] * 3
    assert unknown.status_code == 503
    code = "H10" if state == "crashed" else "H14"
    assert cached_edge.line(site.id, f"code={code}", "/unknown", "status=503")
    assert cached_edge.line(site.id, "at=info", "/old", "status=200", "dyno= ", "cache=stale")


def test_a_fresh_page_needs_no_dyno(make_site):
    """A crashed app's kept pages are plain hits."""
    site = make_site()
    site.get()
    away(site, "crashed")

    assert site.verdicts(times=5) == ["HIT"] * 5


def test_a_dyno_that_refuses_leaves_the_old_page(make_site, cached_edge, eventually):
    """As H21 would be shown else; for five seconds nobody waits for it to fail again."""
    site = make_site(marked("public, max-age=1"))
    wait_until_old(site, eventually)
    site.dyno.close()

    assert site.verdicts(times=3) == ["STALE"] * 3
    assert site.get("/other").status_code == 503
    assert cached_edge.line(site.id, "code=H21", "/other")


def test_a_dyno_that_says_nothing_leaves_the_old_page(make_site, eventually):
    """As H13."""
    site = make_site(marked("public, max-age=1"))
    wait_until_old(site, eventually)
    site.dyno.says_nothing()

    assert site.verdicts(times=3) == ["STALE"] * 3


@pytest.mark.parametrize(
    "said", ["s-maxage=1", "public, max-age=1, must-revalidate", "public, max-age=1, proxy-revalidate"]
)
def test_who_forbids_stale_pages_has_none(make_site, eventually, said):
    """Not even when the app is gone."""
    site = make_site(marked(said))
    wait_until_old(site, eventually)
    away(site, "crashed")

    assert site.get().status_code == 503


def test_a_sleeping_app_shows_what_is_kept(make_site, eventually):
    """Old pages at once; who asks for another page waits for the app."""
    site = make_site(marked("public, max-age=1"))
    wait_until_old(site, eventually)
    away(site, "idle")

    began = time.monotonic()
    answer = site.get()

    assert (answer.status_code, answer.headers["x-cache"]) == (200, "STALE")
    assert time.monotonic() - began < 1


@pytest.mark.parametrize("code", ["H12", "H13", "H17"])
def test_pages_of_the_router_are_never_kept(make_site, cached_edge, eventually, code):
    """Each request that fails has its code, its line and its page; the first that works is the app's."""
    site, end = make_site(), threading.Event()
    if code == "H12":
        site.dyno.hangs(end)
    elif code == "H13":
        site.dyno.says_nothing()
    else:
        site.dyno.says(NONSENSE)

    failed = [site.get("/c") for _ in range(2)]
    end.set()
    site.dyno.says(marked("public, max-age=60"))

    assert [answer.status_code for answer in failed] == [503, 503]
    assert all("Application error" in answer.text for answer in failed)
    assert eventually(lambda: site.get("/c").headers["x-cache"] == "HIT")
    assert site.get("/c").status_code == 200
    eventually(lambda: sum(f"at=error code={code}" in line for line in cached_edge._lines) == 2)
