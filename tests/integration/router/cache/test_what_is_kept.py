"""Which responses are kept, and for which requests they are shown."""

from __future__ import annotations

import email.utils
import gzip
import time

import pytest

from tests.integration.router.cache.stage import PUBLIC, Answer, fresh_host, marked

HIT, MISS, PASS = "HIT", "MISS", "PASS"


@pytest.mark.parametrize(
    "said",
    [
        "public, max-age=60",
        "max-age=60, public",
        "PUBLIC,MAX-AGE=60",
        "public,s-maxage=60",
        "s-maxage=60",
        "max-age=0, s-maxage=60",
        "public, max-age=60, must-revalidate",
        'public, max-age=60, ext="private"',
        "public, max-age=60, no-transform, immutable",
    ],
)
def test_what_the_app_marks_is_kept(make_site, said):
    """Public or s-maxage, with a lifetime, in any form."""
    assert make_site(marked(said)).verdicts() == [MISS, HIT]


@pytest.mark.parametrize(
    "said",
    [
        "",
        "max-age=60",
        "public",
        "public, max-age=0",
        "s-maxage=0",
        "public, s-maxage=0, max-age=60",
        "private, max-age=60",
        "public, private, max-age=60",
        "public, max-age=60, private",
        'public, max-age=60, private="Set-Cookie"',
        "no-store, public, max-age=60",
        "public, max-age=60, No-Store",
        "no-cache, public, max-age=60",
        'public, max-age=60, no-cache="X-A"',
        "x-public, max-age=60",
        "publicly, max-age=60",
        'ext="public, x", max-age=60',
        "must-revalidate, max-age=60",
        "public, max-age=nonsense",
        "public, max-age=-5",
    ],
)
def test_nothing_else_is_kept(make_site, said):
    """No guessing: what the app did not mark goes to a dyno each time."""
    site = make_site(marked(said))

    assert site.verdicts(times=3) == [PASS] * 3
    assert site.dyno.served == 3


def test_marks_in_two_headers_count_together(make_site):
    """As one list."""
    site = make_site()
    site.dyno.does(
        lambda _path, _headers: Answer(headers={"Cache-Control": "public, max-age=60", "cache-control": "private"})
    )

    assert site.verdicts() == [PASS, PASS]


def test_expires_is_a_lifetime(make_site):
    """Where there is no max-age; one in the past is none."""
    soon, gone = (email.utils.formatdate(time.time() + seconds, usegmt=True) for seconds in (60, -60))

    assert make_site(marked("public", Expires=soon)).verdicts() == [MISS, HIT]
    assert make_site(marked("public", Expires=gone)).verdicts() == [PASS, PASS]
    assert make_site(marked("public", Expires="0")).verdicts() == [PASS, PASS]


def test_an_old_response_is_as_old_as_it_says(make_site):
    """Age counts: what another cache has had for as long as it may is not kept."""
    assert make_site(marked("public, max-age=60", Age="61")).verdicts() == [PASS, PASS]


@pytest.mark.parametrize(("status", "kept"), [(200, 1), (203, 1), (301, 1), (302, 1), (307, 1), (404, 1), (410, 1)])
def test_statuses_that_are_kept(make_site, status, kept):
    """Pages, redirects, and what is not there."""
    site = make_site(marked("public, max-age=60", status=status, Location="/x"))

    assert site.verdicts() == [MISS, HIT]
    assert (site.get().status_code, site.dyno.served) == (status, 1)


@pytest.mark.parametrize("status", [201, 202, 206, 308, 400, 401, 403, 405, 418, 429, 500, 501, 502, 503, 504, 599])
def test_statuses_that_are_not(make_site, status):
    """Failures, refusals and parts pass with their status and are forgotten."""
    site = make_site(marked("public, max-age=60", status=status))

    answers = [site.get() for _ in range(2)]

    assert [(answer.status_code, answer.headers["x-cache"]) for answer in answers] == [(status, PASS)] * 2
    assert site.dyno.served == 2


def test_set_cookie_is_never_kept(make_site):
    """Each visitor gets a cookie of their own; once the app sets none any more, the page is kept."""
    site = make_site()
    site.dyno.does(lambda _path, _headers: marked("public, max-age=60", Set_Cookie=f"id={site.dyno.served}"))

    cookies = [site.get().headers["set-cookie"] for _ in range(3)]
    site.dyno.says(Answer(headers=PUBLIC))

    assert len(set(cookies)) == 3
    assert site.verdicts() == [MISS, HIT]


def test_vary_star_is_never_kept(make_site):
    """No other request is like it."""
    assert make_site(marked("public, max-age=60", Vary="*")).verdicts() == [PASS, PASS]
    assert make_site(marked("public, max-age=60", Vary="Accept, *")).verdicts() == [PASS, PASS]


@pytest.mark.parametrize(
    "header", ["Accept-Language", "Cookie", "Authorization", "User-Agent", "X-Custom", "X-Forwarded-For"]
)
def test_vary(make_site, header):
    """A response is shown only to who sends the same under every name in Vary."""
    site = make_site()
    site.dyno.does(
        lambda _path, headers: marked("public, max-age=60", Vary=header, body=(headers[header] or "none").encode())
    )

    values = ["one-value-of-it", "other-value-of-it"]
    bodies = [[site.get(**{header: value}).text for value in values] for _ in range(6)]

    assert all(one.startswith(values[0]) and other.startswith(values[1]) for one, other in bodies)
    assert site.dyno.served == 2


def test_vary_on_two_headers(make_site):
    """All of them count."""
    site = make_site()
    site.dyno.does(
        lambda _path, headers: marked(
            "public, max-age=60",
            Vary="Accept-Language, Cookie",
            body=f"{headers['Accept-Language']} {headers['Cookie']}".encode(),
        )
    )

    asked = [(language, cookie) for language in ("de", "en") for cookie in ("a=1", "a=2")] * 3
    answers = [site.get(Accept_Language=language, Cookie=cookie).text for language, cookie in asked]

    assert answers == [f"{language} {cookie}" for language, cookie in asked]
    assert site.dyno.served == 4


def test_host_query_and_path_are_part_of_the_key(make_site):
    """Each host and each URL has pages of its own, of every spelling."""
    site = make_site()
    site.table.apps[site.id]["hosts"] = [site.host, other := fresh_host()]
    site.table.push()
    paths = ["/a", "/a?", "/a?b=1", "/a?b=2", "/A", "/a/", "//a", "/a%20", "/%61", "/a;b"]

    first = {(host, path): site.get(path, Host=host).text for host in (site.host, other) for path in paths}
    second = {key: site.get(key[1], Host=key[0]).text for key in first}

    assert second == first
    assert len(set(first.values())) == len(first)


def test_hosts_with_ports_are_hosts_of_their_own(make_site):
    """An app may put the Host into its links."""
    site = make_site()
    site.dyno.does(lambda _path, headers: marked("public, max-age=60", body=headers["Host"].encode()))

    for _ in range(3):
        assert site.get(Host=f"{site.host}:8080").text == f"{site.host}:8080"
        assert site.get(Host=site.host).text == site.host
        assert site.get(Host=site.host.upper()).text == site.host.upper()


def test_head_is_answered_from_a_page(make_site):
    """HEAD has a page's headers and no body, kept or not; a page that HEAD brought is a page."""
    site = make_site()

    head = site.get("/h", method="HEAD")
    page = site.get("/h")
    again = [site.get("/h", method="HEAD") for _ in range(4)]

    assert (head.content, head.headers["x-cache"], page.headers["x-cache"]) == (b"", MISS, HIT)
    assert {(answer.content, answer.headers["content-length"]) for answer in again} == {(b"", str(len(page.content)))}
    assert {answer.headers["x-cache"] for answer in again} == {HIT}
    assert [site.get("/h").content for _ in range(3)] == [page.content] * 3


def test_head_of_what_is_not_kept_reaches_the_dyno_as_head(make_site):
    """After the first, by which the cache learns it."""
    site = make_site(marked("private"))
    for _ in range(3):
        assert site.get("/h", method="HEAD").content == b""

    assert [method for method, _, _ in site.dyno.requests][1:] == ["HEAD", "HEAD"]


@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE", "PATCH", "OPTIONS", "PURGE", "BAN", "PING", "FROB"])
def test_other_methods_pass(make_site, method):
    """Also those that mean something to Varnish; the page stays."""
    site = make_site()
    site.get("/m")
    before = site.dyno.served

    answer = site.get("/m", method=method, X_Nomapaas_Ban=".", X_Nomapaas_App=site.id)

    assert (answer.status_code, answer.headers["x-cache"]) == (200, PASS)
    assert site.dyno.served == before + 1
    assert site.verdicts("/m", times=1) == [HIT]


def test_a_get_with_a_body_passes_with_its_body(make_site, cached_edge):
    """It is part of what was asked."""
    site = make_site()
    site.get("/b")

    answer = cached_edge.request("GET", site.host, "/b", content=b"some body")

    assert answer.headers["x-cache"] == PASS
    assert site.dyno.requests[-1][2]["Content-Length"] == "9"


@pytest.mark.parametrize(
    "header",
    [
        "X-Forwarded-Host",
        "Forwarded",
        "X-Original-URL",
        "X-Rewrite-URL",
        "X-HTTP-Method-Override",
        "X-Forwarded-Scheme",
        "X-Host",
    ],
)
def test_who_could_poison_a_page_gets_one_of_their_own(make_site, header):
    """What is not in the key and changes what frameworks answer is kept for nobody; a kept page may answer it."""
    site = make_site()
    site.dyno.does(lambda _path, headers: marked("public, max-age=60", body=(headers[header] or "clean").encode()))

    first = [site.get("/p", **{header: "evil.example.com"}) for _ in range(3)]
    clean = [site.get("/p").text for _ in range(4)]

    assert [(answer.text, answer.headers["x-cache"]) for answer in first] == [("evil.example.com", PASS)] * 3
    assert clean == ["clean"] * 4
    assert site.get("/p", **{header: "evil.example.com"}).text == "clean"


def test_a_clients_own_marks(make_site):
    """no-store leaves nothing behind; a reload is no way round the cache."""
    site = make_site()

    assert site.verdicts("/n", Cache_Control="no-store") == [PASS, PASS]
    assert site.verdicts("/n", Cache_Control="no-cache", Pragma="no-cache") == [MISS, HIT]


def test_range(make_site):
    """A part comes from the whole, which is kept; a wrong part is 416."""
    body = bytes(range(256)) * 20
    site = make_site(marked("public, max-age=60", body=body))

    answers = [site.get("/r", Range=f"bytes={start}-{start + 99}") for start in (0, 500, 5000)]
    whole = [site.get("/r") for _ in range(5)]
    later = [site.get("/r", Range=f"bytes={start}-{start + 99}") for start in (0, 500, 5000)]

    for parts in (answers, later):
        assert [answer.status_code for answer in parts] == [206] * 3
        assert [answer.content for answer in parts] == [body[s : s + 100] for s in (0, 500, 5000)]
    assert {answer.content for answer in whole} == {body}
    assert site.get("/r", Range="bytes=99999-").status_code == 416
    assert site.dyno.served == 1


def test_range_of_what_is_not_kept_reaches_the_dyno(make_site):
    """After the first, by which the cache learns it."""
    site = make_site(marked("private"))
    for _ in range(2):
        site.get("/r", Range="bytes=0-9")

    assert site.dyno.requests[-1][2]["Range"] == "bytes=0-9"


def test_not_modified(make_site):
    """304 for who has it, by ETag and by date, without the dyno; the whole page for who has another."""
    site = make_site(marked("public, max-age=60", ETag='"v1"', Last_Modified="Mon, 02 Nov 2026 10:00:00 GMT"))
    site.get("/e")

    for _ in range(4):
        same = site.get("/e", If_None_Match='"v1"')
        since = site.get("/e", If_Modified_Since="Mon, 02 Nov 2026 10:00:00 GMT")
        other = site.get("/e", If_None_Match='"v0"')
        page = site.get("/e")

        assert [(same.status_code, same.content), (since.status_code, since.content)] == [(304, b"")] * 2
        assert (other.status_code, page.status_code) == (200, 200)
        assert page.content == other.content
    assert site.dyno.served == 1


def test_conditions_on_what_is_not_kept_reach_the_dyno(make_site):
    """Private pages can say 304 by themselves."""
    site = make_site(marked("private", ETag='"v1"'))
    for _ in range(2):
        site.get("/e", If_None_Match='"v1"')

    assert site.dyno.requests[-1][2]["If-None-Match"] == '"v1"'


def test_large_responses_pass(make_site, cached_edge):
    """Whole, and each time from the dyno."""
    length = cached_edge.settings.cache_memory * 1024 * 1024 // 8 + 1
    site = make_site(marked("public, max-age=60", body=b"x" * length))

    for _ in range(2):
        answer = site.get("/large")
        assert (answer.headers["x-cache"], len(answer.content)) == (PASS, length)


def test_unknown_length(make_site):
    """A chunked page is kept as any other."""
    site = make_site()
    site.dyno.says_in_chunks()

    pages = [site.get("/chunks") for _ in range(4)]

    assert [page.headers["x-cache"] for page in pages] == [MISS, HIT, HIT, HIT]
    assert len({page.content for page in pages}) == 1


def test_gzip(make_site):
    """Who takes gzip gets gzip, who does not gets the page, from one kept response."""
    site = make_site()
    text = b"many words " * 500
    site.dyno.says(
        marked("public, max-age=60", Content_Encoding="gzip", Vary="Accept-Encoding", body=gzip.compress(text))
    )

    for _ in range(4):
        assert site.get("/z", Accept_Encoding="gzip").content == text
        plain = site.get("/z", Accept_Encoding="identity")
        assert (plain.content, plain.headers.get("content-encoding")) == (text, None)
    assert site.dyno.served == 1


def test_event_streams_pass(make_site):
    """Whoever asks for one, and whoever gets one."""
    site = make_site(marked("public, max-age=60", Content_Type="text/event-stream"))

    assert site.verdicts("/s", Accept="text/event-stream") == [PASS, PASS]
    assert site.verdicts("/s") == [PASS, PASS]


def test_many_and_long_headers(make_site):
    """What the edge lets through comes through the cache, too."""
    site = make_site()
    many = {f"X-Many-{number}": "v" * 50 for number in range(80)}

    first = site.get("/long?" + "q" * 6000, Cookie="c=" + "x" * 7000, **many)

    assert first.status_code == 200
    assert site.dyno.requests[-1][2]["X-Many-79"] == "v" * 50
    assert site.verdicts("/long?" + "q" * 6000, times=1) == [HIT]
