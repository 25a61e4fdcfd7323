"""domains and its verbs."""

from __future__ import annotations

DEFAULT = {"kind": "heroku", "hostname": "hello.localhost", "cname": None, "status": "succeeded", "sni_endpoint": None}
WWW = DEFAULT | {"kind": "custom", "hostname": "www.example.com", "cname": "hello.localhost", "status": "pending"}
READY = WWW | {"status": "succeeded"}


def test_domains_are_listed_with_their_target(cli, host):
    """The app's own name first, then a table."""
    host.on("GET", "/apps/hello/domains", [READY, DEFAULT])

    result = cli("domains")

    assert result.out == (
        "=== hello Domain\nhello.localhost\n\n=== hello Custom Domains\n"
        "Domain Name      DNS Target       SNI Endpoint  Status\n"
        "www.example.com  hello.localhost                succeeded\n"
    )


def test_adding_says_where_to_point(cli, host):
    """And waits where it is asked to."""
    host.on("POST", "/apps/hello/domains", WWW, status=201)
    host.on("GET", "/apps/hello/domains/www.example.com", WWW)
    host.on("GET", "/apps/hello/domains/www.example.com", READY)

    result = cli("domains:add", "www.example.com", "--wait")

    assert result.status == 0
    assert result.err == (
        "Adding www.example.com to ⬢ hello... done\nWaiting for www.example.com... done\n"
        "Point www.example.com at hello.localhost in your DNS.\n"
    )
    assert host.bodies("POST", "/apps/hello/domains") == [{"hostname": "www.example.com", "sni_endpoint": None}]
    assert cli.pauses == [1.0]


def test_waiting_without_a_name_waits_for_all_that_are_pending(cli, host):
    """And gives up when the time is over."""
    host.on("GET", "/apps/hello/domains", [DEFAULT, WWW])
    host.on("GET", "/apps/hello/domains/www.example.com", WWW)

    result = cli("domains:wait", "--timeout", "3")

    assert result.status == 1
    assert "does not answer for www.example.com after 3 s" in result.err


def test_clear_removes_the_custom_ones(cli, host):
    """The app's own name stays."""
    host.on("GET", "/apps/hello/domains", [DEFAULT, READY])
    host.on("DELETE", "/apps/hello/domains/www.example.com", READY)

    result = cli("domains:clear")

    assert "done, 1 removed" in result.err
    assert [call for call in host.calls() if call.startswith("DELETE")] == [
        "DELETE /apps/hello/domains/www.example.com"
    ]


def test_info_shows_what_there_is(cli, host):
    """Fields without a value are left out."""
    host.on("GET", "/apps/hello/domains/www.example.com", READY)

    assert cli("domains:info", "www.example.com").out.splitlines() == [
        "=== www.example.com",
        "App:        hello",
        "DNS Target: hello.localhost",
        "Kind:       custom",
        "Status:     succeeded",
    ]
