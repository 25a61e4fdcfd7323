"""HEAD and other methods, ranges, conditions, sizes and encodings of what is kept."""

from __future__ import annotations

import contextlib
import gzip
import http.client

import pytest

from tests.integration.router.cache.stage import Answer, marked

HIT, MISS, PASS = "HIT", "MISS", "PASS"


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


SEVERAL = ("bytes=0-1,3-4", "bytes=0-1, 3-4", "bytes=0-,-2")
BROKEN = ("bytes=4-3", "bytes=-0", "bytes=x", "items=0-1", "bytes=" + "9" * 40 + "-")


@pytest.mark.parametrize("odd", [*SEVERAL, *BROKEN])
def test_several_ranges_and_broken_ones(make_site, odd):
    """Varnish breaks off at them: a dyno is asked once all the same; who asks for several gets the whole."""
    kept, private = (make_site(marked(marks, body=b"0123456789")) for marks in ("public, max-age=60", "private"))
    for site in (kept, private):
        site.get("/r")

    of_kept, of_private = (site.get("/r", Range=odd) for site in (kept, private))

    assert (of_private.status_code, of_private.content) == (200, b"0123456789")
    assert of_kept.status_code == 200 or odd in BROKEN
    assert of_kept.content == b"0123456789" or of_kept.status_code == 416
    assert (kept.dyno.served, private.dyno.served) == (1, 2)


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


def test_more_headers_than_the_cache_has_room_for(make_site):
    """They reach a dyno as well, without the cache; that of this test takes a hundred, and says so itself."""
    answer = make_site().get("/odd", **{f"X-Many-{n}": "v" for n in range(300)})

    assert (answer.status_code, answer.headers["x-cache"]) == (431, PASS)


LONG = {f"X-Long-{n}": "v" * 7000 for n in range(7)}


def test_who_went_around_the_cache_may_ask_again_on_his_connection(make_site, cached_edge):
    """An end of it that nobody announced would meet the next request."""
    site = make_site()
    connection = http.client.HTTPConnection("127.0.0.1", cached_edge.port, timeout=10)
    with contextlib.closing(connection):
        connection.connect()
        once = connection.sock
        for number in range(1, 21):
            connection.request("GET", "/again", headers=LONG | {"Host": site.host})
            answer = connection.getresponse()
            assert (answer.status, answer.read()) == (200, f"one /again {2 * number}".encode())
        assert connection.sock is once


@pytest.mark.parametrize("status", [400, 403, 404, 500, 502, 503, 504, 599])
def test_what_an_app_says_of_its_own_troubles(make_site, status):
    """It comes as it is, whatever the cache calls its own, and nothing is asked twice for it."""
    site = make_site(Answer(status=status, headers={"X-Nomapaas-Status": "200", "X-Why": "because"}))

    answers = [site.get(f"/{number}") for number in range(2)]

    assert {(answer.status_code, answer.headers["x-why"], answer.headers["x-cache"]) for answer in answers} <= {
        (status, "because", verdict) for verdict in (MISS, PASS)
    }
    assert not any(name.startswith("x-nomapaas") for answer in answers for name in answer.headers)
    assert site.dyno.served == 2


@pytest.mark.parametrize("odd", ["long in the request", "many in the response"])
def test_longer_heads_than_the_cache_has_room_for(make_site, odd):
    """They come through as well, without the cache."""
    asked = LONG if odd.startswith("long") else {}
    answered = {f"X-Many-{n}": "v" for n in range(300)} if odd.startswith("many") else {}
    site = make_site(marked("public, max-age=60", **answered))

    for _ in range(2):
        answer = site.get("/odd", **asked)

        assert (answer.status_code, answer.headers["x-cache"]) == (200, PASS)
        assert asked.items() <= dict(site.dyno.requests[-1][2]).items()
        assert answered.items() <= {name.title(): value for name, value in answer.headers.items()}.items()
