"""cache:info, cache:enable, cache:disable, cache:purge."""

from __future__ import annotations

FOUND = {
    "app": {"id": "x", "name": "hello"},
    "enabled": True,
    "available": True,
    "hits": 90,
    "misses": 5,
    "passes": 100,
    "stale": 5,
    "hit_rate": 0.95,
    "since": "2026-11-21T15:00:00Z",
}


def test_how_a_cache_does(cli, host):
    """Counts by name, and the hit rate as a percentage."""
    host.on("GET", "/apps/hello/cache", FOUND)

    lines = cli("cache:info").out.splitlines()

    assert lines[0] == "=== hello Cache"
    told = {name: value.strip() for name, _, value in (line.partition(":") for line in lines[1:])}
    assert told == {
        "Enabled": "yes",
        "Hit rate": "95.0%",
        "Hits": "90",
        "Stale": "5",
        "Misses": "5",
        "Passes": "100",
        "Since": "2026-11-21T15:00:00Z",
    }


def test_without_an_edge_there_are_no_counts(cli, host):
    """That is said."""
    unknown = dict.fromkeys(("hits", "misses", "passes", "stale", "hit_rate", "since"))
    host.on("GET", "/apps/hello/cache", FOUND | unknown | {"available": False})

    assert "the edge does not answer" in cli("cache:info").out


def test_without_varnish_or_requests(cli, host):
    """Both are said."""
    host.on("GET", "/apps/hello/cache", FOUND | {"available": False, "hit_rate": None})

    out = cli("cache:info").out

    assert "Varnish does not answer" in out
    assert "Hit rate: -" in out


def test_on_and_off(cli, host):
    """Each says what it does."""
    host.on("PATCH", "/apps/hello/cache", FOUND)

    assert cli("cache:enable").err == "Enabling the cache of ⬢ hello... done\n"
    assert cli("cache:disable").err == "Disabling the cache of ⬢ hello... done\n"
    assert host.bodies("PATCH", "/apps/hello/cache") == [{"enabled": True}, {"enabled": False}]


def test_purging(cli, host):
    """Everything, one URL, or a prefix, and not two of them."""
    host.on("POST", "/apps/hello/cache/actions/purge", FOUND)

    assert cli("cache:purge").err == "Purging everything from the cache of ⬢ hello... done\n"
    assert cli("cache:purge", "--url", "/a").err == "Purging /a from the cache of ⬢ hello... done\n"
    assert cli("cache:purge", "--prefix", "/b/").err == "Purging /b/* from the cache of ⬢ hello... done\n"
    sent = host.bodies("POST", "/apps/hello/cache/actions/purge")
    assert sent == [{}, {"url": "/a"}, {"prefix": "/b/"}]
    assert cli("cache:purge", "--url", "/a", "--prefix", "/b").status != 0
