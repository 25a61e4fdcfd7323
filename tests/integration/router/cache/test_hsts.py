"""Strict-Transport-Security: at most one, the setting's or else the app's own."""

from __future__ import annotations

import httpx
import pytest

from tests.integration.router.cache.stage import marked

OWN = "max-age=7; includeSubDomains"
MARKS = "public, max-age=60"


@pytest.fixture(params=[True, False], ids=["with a cache", "without"])
def site(request, make_site):
    """An app, and whether its cache is on."""
    made = make_site(marked(MARKS, Strict_Transport_Security=OWN))
    if not request.param:
        del made.table.apps[made.id]["cache"]
        made.table.push()
    return made


@pytest.fixture
def encrypted(site):
    """Asks the app over TLS, and returns what is said of it each time: as a miss, as a hit, from the hottest copy."""
    where = f"https://127.0.0.1:{site.edge.tls_port}/"
    with httpx.Client(verify=False, http2=True) as client:  # noqa: S501 - whose certificate it is does not matter here
        yield lambda: [
            client.get(where, headers={"Host": site.host}).headers.get_list("strict-transport-security")
            for _ in range(5)
        ]


def test_an_apps_own_is_passed_on(site, encrypted):
    """Over TLS, and as it came where a proxy before the router may be the one that speaks TLS."""
    assert encrypted() == [[OWN]] * 5
    assert [site.get().headers.get_list("strict-transport-security") for _ in range(5)] == [[OWN]] * 5


def test_the_setting_takes_its_place(site, encrypted):
    """Over TLS there is the setting's alone."""
    site.table.apps[site.id]["hsts"] = 3600
    site.table.push()

    assert encrypted() == [["max-age=3600"]] * 5


def test_without_either_there_is_none(site, encrypted):
    """Nobody is bound to TLS without having said so."""
    site.dyno.says(marked(MARKS))

    assert encrypted() == [[]] * 5
