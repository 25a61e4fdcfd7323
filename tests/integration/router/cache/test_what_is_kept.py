"""Which responses are kept, and for which requests they are shown."""

from __future__ import annotations

import email.utils
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
