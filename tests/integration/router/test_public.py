"""A redirect of ports, or a balancer, in front of the router: what it then says of itself, and whom it believes."""

from __future__ import annotations

import pytest

SECURE = {"X-Forwarded-For": "198.51.100.7", "X-Forwarded-Proto": "https"}


@pytest.fixture(scope="module")
def edges(edge):
    """Makes routers with these settings."""
    started = []

    def start(**settings):
        started.append(type(edge)(**settings))
        return started[-1]

    yield start
    for each in started:
        each.close()


@pytest.fixture(scope="module")
def behind(edges):
    """One that trusts a balancer on this machine, and one in another network behind it."""
    return edges(
        NOMAPAAS_PUBLIC_HTTP_PORT="80",
        NOMAPAAS_PUBLIC_HTTPS_PORT="443",
        NOMAPAAS_TRUSTED_PROXIES="127.0.0.1/32,192.0.2.0/24",
    )


@pytest.fixture
def app(behind, table, dynos):
    """An app that echoes, behind the balancer."""
    behind.forget_lines()
    own = type(table)(behind)
    app_id = own.app("one.localhost", dynos.echo())
    own.apps[own.app("safe.localhost", dynos.echo())] |= {"https": True, "hsts": 60}
    own.push()
    return app_id


def seen(answer):
    return {name.lower(): value for name, value in answer.json()["headers"]}


def test_the_ports_that_browsers_use_are_said(behind, app):
    """Not those that nginx listens on, which nobody outside may reach."""
    headers = seen(behind.get("one.localhost"))

    assert (headers["x-forwarded-proto"], headers["x-forwarded-port"]) == ("http", "80")
    answer = behind.get("safe.localhost", "/a?b=c")
    assert (answer.status_code, answer.headers["location"]) == (301, "https://safe.localhost/a?b=c")


def test_another_port_stands_in_the_redirect(edges, table, dynos):
    """As long as it is not the one that nobody writes."""
    one = edges(NOMAPAAS_PUBLIC_HTTPS_PORT="8443")
    own = type(table)(one)
    own.apps[own.app("safe.localhost", dynos.echo())] |= {"https": True}
    own.push()

    assert one.get("safe.localhost", "/a").headers["location"] == "https://safe.localhost:8443/a"


def test_a_trusted_balancer_says_who_asks_and_how(behind, app):
    """The dyno and the request line have the client's address; a request that was encrypted is not sent back."""
    headers = seen(behind.get("one.localhost", headers=SECURE))

    assert headers["x-forwarded-for"] == "198.51.100.7"
    assert (headers["x-forwarded-proto"], headers["x-forwarded-port"]) == ("https", "443")
    assert behind.line(app, 'fwd="198.51.100.7"').endswith("protocol=https")
    safe = behind.get("safe.localhost", headers=SECURE)
    assert (safe.status_code, safe.headers["strict-transport-security"]) == (200, "max-age=60")


@pytest.mark.parametrize(
    ("given", "told"),
    [
        ("6.6.6.6, 198.51.100.7", "6.6.6.6, 198.51.100.7"),
        ("198.51.100.7, 192.0.2.9", "198.51.100.7, 192.0.2.9, 198.51.100.7"),
        ("nonsense", "nonsense, 127.0.0.1"),
    ],
)
def test_the_last_address_is_the_clients(behind, app, given, told):
    """What a client made up stands before it; of several balancers none is taken for it."""
    assert seen(behind.get("one.localhost", headers={"X-Forwarded-For": given}))["x-forwarded-for"] == told


@pytest.mark.parametrize("claim", ["", "ftp", "https, http", "https\tx"])
def test_nothing_but_the_two_words_is_believed(behind, app, claim):
    """Anything else is as if it were not there."""
    headers = seen(behind.get("one.localhost", headers={"X-Forwarded-Proto": claim}))

    assert (headers["x-forwarded-proto"], headers["x-forwarded-port"]) == ("http", "80")


def test_a_stranger_is_not_believed(edges, table, dynos):
    """Who is in none of the networks is taken by his connection, and sent to the encrypted port."""
    one = edges(NOMAPAAS_TRUSTED_PROXIES="192.0.2.0/24")
    own = type(table)(one)
    own.app("one.localhost", dynos.echo())
    own.apps[own.app("safe.localhost", dynos.echo())] |= {"https": True}
    own.push()

    headers = seen(one.get("one.localhost", headers=SECURE))

    assert headers["x-forwarded-for"] == "198.51.100.7, 127.0.0.1"
    assert (headers["x-forwarded-proto"], headers["x-forwarded-port"]) == ("http", str(one.port))
    assert one.get("safe.localhost", headers=SECURE).status_code == 301
