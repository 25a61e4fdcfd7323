"""On, miss, hit, purge: a real nginx with a real Varnish."""

from __future__ import annotations

from collections import Counter

from tests.integration.router.cache.stage import marked


def test_a_public_page_is_a_miss_and_then_a_hit(make_site):
    """The second visitor gets the first one's bytes, and the dyno hears of one request."""
    site = make_site()

    first, second = site.get("/page"), site.get("/page")

    assert [first.headers["x-cache"], second.headers["x-cache"]] == ["MISS", "HIT"]
    assert (second.status_code, second.content) == (200, first.content)
    assert site.dyno.served == 1


def test_many_hits_are_all_the_same(make_site):
    """Also when the edge answers by itself: same bytes, same headers, one request for the dyno."""
    site = make_site(marked("public, max-age=60", X_Own="yes", Content_Type="text/plain"))
    first = site.get("/hot")

    answers = [site.get("/hot") for _ in range(50)]

    assert {answer.headers["x-cache"] for answer in answers} == {"HIT"}
    assert {answer.content for answer in answers} == {first.content}
    assert {answer.headers["x-own"] for answer in answers} == {"yes"}
    assert {answer.headers["content-type"] for answer in answers} == {"text/plain"}
    assert site.dyno.served == 1


def test_a_deploy_purges(make_site):
    """Nothing of an earlier release is shown once another one is on the air, however hot it was."""
    site = make_site()
    before = [site.get().text for _ in range(10)]

    site.release(2)
    after = site.get()

    assert after.headers["x-cache"] == "MISS"
    assert after.text not in before
    assert site.verdicts() == ["HIT", "HIT"]


def test_what_a_dyno_of_an_older_release_says_is_not_kept(make_site):
    """While dynos of two releases answer, only the newer ones' responses stay."""
    site = make_site()
    site.table.apps[site.id]["release"], site.table.apps[site.id]["cache"] = 2, "2-0"
    site.table.push()

    assert site.verdicts(times=3) == ["PASS"] * 3


def test_each_request_has_one_line(make_site, cached_edge):
    """A hit's names no dyno; what became of the request stands at its end."""
    site = make_site()
    site.verdicts("/a", times=6)

    assert " dyno=web.1 connect=" in cached_edge.line(site.id, "/a", "cache=miss")
    assert " dyno= connect= " in cached_edge.line(site.id, "/a", "cache=hit")
    assert cached_edge.line(site.id, "/a", "cache=hit").endswith("protocol=http cache=hit")
    cached_edge.wait_for_lines(site.id, 6)


def test_a_line_that_has_to_be_escaped(make_site, cached_edge):
    """It is put together in another way and says the same."""
    site = make_site()
    for _ in range(2):
        cached_edge.raw(b'GET /a"b HTTP/1.1\r\nHost: %s\r\nConnection: close\r\n\r\n' % site.host.encode())

    assert cached_edge.line(site.id, 'path="/a\\x22b"', "cache=miss", "dyno=web.1")
    assert cached_edge.line(site.id, 'path="/a\\x22b"', "cache=hit", "dyno= ")


def test_requests_are_counted(make_site, cached_edge):
    """Hits, misses and passes of each app."""
    site, other = make_site(), make_site(marked("private"))
    site.verdicts(times=5)
    other.verdicts(times=3)

    found, others = cached_edge.counts(site.id), cached_edge.counts(other.id)

    assert (found["hits"], found["misses"], found["passes"], found["answers"]) == (4, 1, 0, True)
    assert (others["hits"], others["misses"], others["passes"]) == (0, 0, 3)


def test_a_kept_answer_counts_for_no_dynos_time(make_site, cached_edge, eventually):
    """How long dynos took is what misses and passes took, not how fast the cache is, be the page fresh or old."""
    site = make_site(marked("public, max-age=1, stale-while-revalidate=60"))

    def told():
        return [app for report in list(cached_edge.reports) for app in report.apps if app.app_id == site.id]

    seen = Counter(site.verdicts(times=5))
    eventually(lambda: seen.update(site.verdicts(times=1)) or seen["STALE"])
    site.dyno.says(marked("private"))
    seen.update(site.verdicts("/private", times=3))
    eventually(lambda: sum(app.requests for app in told()) == seen.total())

    assert seen["HIT"] >= 1
    assert seen["STALE"] == 1
    for times in ("service", "connect"):
        assert sum(sum(getattr(app, times).values()) for app in told()) == seen["MISS"] + seen["PASS"]


def test_an_app_without_a_cache_never_meets_it(make_site, cached_edge):
    """No X-Cache, and every request reaches the dyno."""
    site = make_site()
    del site.table.apps[site.id]["cache"]
    site.table.push()

    answers = [site.get() for _ in range(3)]

    assert all("x-cache" not in answer.headers for answer in answers)
    assert site.dyno.served == 3


def test_maintenance_comes_before_the_cache(make_site):
    """Nobody sees a page of an app in maintenance, not even a kept one."""
    site = make_site()
    site.verdicts()

    site.table.apps[site.id]["maintenance"] = True
    site.table.push()

    assert site.get().status_code == 503
    site.table.apps[site.id]["maintenance"] = False
    site.table.push()
    assert site.verdicts(times=1) == ["HIT"]


def test_the_app_sees_what_it_always_sees(make_site):
    """A miss has the client's address, id, scheme and host as without a cache, and nothing of the platform's own."""
    site = make_site()
    site.get("/seen", X_Request_Id="a-client-made-this-id-itself", X_Forwarded_For="192.0.2.7", Via="1.0 fred")

    [(method, path, headers)] = site.dyno.requests

    assert (method, path, headers["Host"]) == ("GET", "/seen", site.host)
    assert headers["X-Forwarded-For"] == "192.0.2.7, 127.0.0.1"
    assert headers["X-Request-Id"] == "a-client-made-this-id-itself"
    assert headers["X-Forwarded-Proto"] == "http"
    assert headers["X-Request-Start"].isdigit()
    assert headers["Via"] == "1.1 nomapaas-router"
    assert not [name for name in headers if name.lower().startswith(("x-nomapaas", "x-varnish"))]


def test_what_connection_names_stays_between_hops(make_site):
    """As without a cache."""
    site = make_site()
    answer = site.get("/hops", Connection="close, X-Named", X_Named="1", X_Other="2")

    [(_, _, headers)] = site.dyno.requests

    assert answer.headers["x-cache"] == "MISS"
    assert "X-Named" not in headers
    assert headers["X-Other"] == "2"


def test_the_client_sees_nothing_of_the_way(make_site):
    """No header of Varnish's or of the platform's own."""
    site = make_site()

    for answer in [site.get() for _ in range(4)]:
        assert not [name for name in answer.headers if name.startswith(("x-nomapaas", "x-varnish", "x-accel"))]
        assert answer.headers["via"] == "1.1 nomapaas-router"
