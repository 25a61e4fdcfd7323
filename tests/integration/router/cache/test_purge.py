"""Forgetting by URL, by prefix, and nothing else."""

from __future__ import annotations

import pytest

from tests.integration.router.cache.stage import fresh_host


def kept(site, *paths, host=None):
    """Which of these are still there."""
    return [path for path in paths if site.get(path, Host=host or site.host).headers["x-cache"] == "HIT"]


def fill(site, *paths, host=None):
    """Brings them in, hot ones at the edge as well."""
    for _ in range(4):
        for path in paths:
            site.get(path, Host=host or site.host)


def test_one_url(make_site, cached_edge):
    """And nothing that only begins like it, or is written otherwise."""
    site = make_site()
    paths = ["/a", "/a?b=1", "/ab", "/b", "/x/a"]
    fill(site, *paths)

    assert cached_edge.purge(site.id, "/a").status_code == 200

    assert kept(site, *paths) == ["/a?b=1", "/ab", "/b", "/x/a"]


def test_a_prefix(make_site, cached_edge):
    """All that begin so, with their queries."""
    site = make_site()
    paths = ["/blog/", "/blog/1", "/blog/1?c=2", "/blog", "/x/blog/1"]
    fill(site, *paths)

    assert cached_edge.purge(site.id, "/blog/", prefix=True).status_code == 200

    assert kept(site, *paths) == ["/blog", "/x/blog/1"]


def test_one_host_alone(make_site, cached_edge):
    """Or all of the app's."""
    site = make_site()
    other = fresh_host()
    site.table.apps[site.id]["hosts"] = [site.host, other]
    site.table.push()
    for host in (site.host, other):
        fill(site, "/a", "/b", host=host)

    cached_edge.purge(site.id, "/a", host=other.upper())
    cached_edge.purge(site.id, "/b")

    assert kept(site, "/a", "/b") == ["/a"]
    assert kept(site, "/a", "/b", host=other) == []


def test_another_app_keeps_its_pages(make_site, cached_edge):
    """Whatever this one purges."""
    one, other = make_site(), make_site()
    for site in (one, other):
        fill(site, "/", "/a")

    cached_edge.purge(one.id, "/", prefix=True)

    assert kept(other, "/", "/a") == ["/", "/a"]
    assert kept(one, "/", "/a") == []


INJECTIONS = [
    "/.*",
    "/[^x]*",
    "/ || obj.http.X-Nomapaas-App ~ .",
    "/ && obj.http.X-Nomapaas-Url ~ .",
    '/" || obj.status == 200',
    "/\\",
    "/a$|.*",
    "/(",
    "/\r\nX-Nomapaas-App: .",
    "/\r\n\r\nBAN / HTTP/1.1\r\n\r\n",
    "/\x00",
    "/é",
    "/" + "a" * 1000,
]


@pytest.mark.parametrize("path", INJECTIONS)
def test_nothing_in_a_path_is_syntax(make_site, cached_edge, path):
    """It means itself alone: neither more of this app's pages nor another's."""
    one, other = make_site(), make_site()
    for site in (one, other):
        fill(site, "/", "/a", "/aa")

    answer = cached_edge.purge(one.id, path, prefix=True)

    assert answer.status_code == 200
    assert kept(one, "/", "/a", "/aa") == kept(other, "/", "/a", "/aa") == ["/", "/a", "/aa"]


@pytest.mark.parametrize("host", INJECTIONS)
def test_nothing_in_a_host_is_syntax(make_site, cached_edge, host):
    """The same."""
    one, other = make_site(), make_site()
    for site in (one, other):
        fill(site, "/a")

    cached_edge.purge(one.id, "/a", host=host)

    assert kept(one, "/a") == kept(other, "/a") == ["/a"]


@pytest.mark.parametrize(
    "wanted",
    [
        {},
        {"app": "x", "path": "/"},
        {"app": "00000000-0000-0000-0000-000000000000 || obj.status == 200", "path": "/"},
        {"app": "00000000-0000-0000-0000-000000000000", "path": "a"},
        {"app": "00000000-0000-0000-0000-000000000000", "path": 7},
        {"app": "00000000-0000-0000-0000-000000000000", "path": "/" + "a" * 2000},
        {"app": "00000000-0000-0000-0000-000000000000", "path": "/", "host": 7},
    ],
)
def test_what_is_no_purge_is_refused(cached_edge, wanted):
    """With 400 and a sentence."""
    answer = cached_edge.admin.post("/cache", json=wanted)

    assert (answer.status_code, answer.json()["id"]) == (400, "bad_purge")


def test_pages_are_kept_again_after_a_purge(make_site, cached_edge):
    """A purge looks back only."""
    site = make_site()
    fill(site, "/a")
    cached_edge.purge(site.id, "/a")
    fill(site, "/a")

    assert kept(site, "/a") == ["/a"]
