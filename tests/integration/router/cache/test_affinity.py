"""Session affinity and the cache at once."""

from __future__ import annotations

import httpx
import pytest

from tests.integration.router.cache.stage import Answer, ToldDyno, marked

COOKIE = "heroku-session-affinity="


@pytest.fixture
def sticky(make_site):
    """An app with affinity, and how to give it another dyno."""
    site = make_site()
    more = []

    def grow(answer):
        more.append(ToldDyno("two", answer))
        site.table.dyno(site.id, more[-1])
        site.table.push()
        return more[-1]

    site.table.apps[site.id]["affinity"] = True
    site.table.push()
    yield site, grow
    for dyno in more:
        dyno.close()


def test_public_pages_are_kept(sticky):
    """Who reached the dyno gets its cookie; it is nobody else's, and no reason not to keep the page."""
    site, _ = sticky

    answers = [site.get("/page") for _ in range(6)]

    assert [answer.headers["x-cache"] for answer in answers] == ["MISS"] + ["HIT"] * 5
    assert answers[0].headers["set-cookie"].startswith(COOKIE)
    assert not any("set-cookie" in answer.headers for answer in answers[1:])
    assert not any(name.startswith("x-nomapaas") for answer in answers for name in answer.headers)


def test_a_session_stays_with_its_dyno(sticky):
    """Pages that are not for a cache all come from the dyno of the first one."""
    site, grow = sticky
    other = grow(marked("private"))
    site.dyno.says(marked("private"))

    first = site.get("/mine")
    cookie = first.headers["set-cookie"].partition(";")[0]
    seen = site.dyno.served, other.served
    later = [site.get("/mine", Cookie=cookie) for _ in range(10)]

    assert sorted([site.dyno.served - seen[0], other.served - seen[1]]) == [0, 10]
    assert not any("set-cookie" in answer.headers for answer in later)


def test_the_cookie_of_an_encrypted_request_is_secure(sticky):
    """Though nothing behind the edge is encrypted; a plain one's is not, or the browser would not take it."""
    site, _ = sticky
    where = f"https://127.0.0.1:{site.edge.tls_port}/secure"

    answer = httpx.get(where, headers={"Host": site.host}, verify=False)  # noqa: S501 - who is shown does not matter

    assert answer.headers["x-cache"] == "MISS"
    assert answer.headers["set-cookie"].endswith("; SameSite=Lax; Secure")
    assert site.get("/plain").headers["set-cookie"].endswith("; SameSite=Lax")


def test_an_app_cannot_set_it(sticky):
    """Under the internal name an app says nothing; its own cookies are passed on and keep the page from being kept."""
    site, _ = sticky
    site.dyno.says(marked("public, max-age=60", X_Nomapaas_Cookie="forged=1", Set_Cookie="own=1"))

    answers = [site.get("/own") for _ in range(2)]

    for answer in answers:
        assert answer.headers["x-cache"] == "PASS"
        first, second = sorted(answer.headers.get_list("set-cookie"))
        assert first.startswith(COOKIE)
        assert second == "own=1"


def test_without_affinity_there_is_none(make_site):
    """And what an app says under the internal name means nothing."""
    site = make_site(Answer(headers={"Cache-Control": "private", "X-Nomapaas-Cookie": "forged=1"}))

    assert "set-cookie" not in site.get("/x").headers
    assert "set-cookie" not in site.get("/x", method="POST").headers
