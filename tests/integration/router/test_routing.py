"""Whose is a request, and which dyno gets it."""

from __future__ import annotations

import json
from collections import Counter

import pytest


def test_a_host_leads_to_its_app(edge, table, dynos):
    """Two apps get their own requests, whatever case and port the host is written with."""
    table.app("one.localhost", dynos.echo("web.1"))
    table.app("two.localhost", dynos.echo("web.2"))
    table.push()

    assert edge.get("one.localhost").json()["dyno"] == "web.1"
    assert edge.get("TWO.localhost:1234").json()["dyno"] == "web.2"
    assert edge.get("two.localhost.").json()["dyno"] == "web.2"


def test_an_unknown_host_is_no_app(edge, table):
    """A host of nobody gets a 404 page, and no app gets a line."""
    table.app("one.localhost")
    table.push()

    answer = edge.get("three.localhost")

    assert answer.status_code == 404
    assert "No such app" in answer.text
    assert answer.headers["content-type"] == "text/html; charset=utf-8"


@pytest.mark.parametrize(
    ("accept", "kind", "start"),
    [
        ("text/html,application/json;q=0.9", "text/html; charset=utf-8", "<!DOCTYPE html>"),
        ("application/json", "application/json", '{"'),
        ("text/plain", "text/plain; charset=utf-8", "No such app"),
        ("*/*", "text/html; charset=utf-8", "<!DOCTYPE html>"),
    ],
)
def test_pages_come_in_the_form_that_was_asked_for(edge, table, accept, kind, start):
    """Browsers get HTML, API clients JSON, others text."""
    table.push()

    answer = edge.get("nobody.localhost", headers={"Accept": accept})

    assert answer.headers["content-type"] == kind
    assert answer.text.startswith(start)


def test_a_page_has_no_body_for_head(edge, table):
    """HEAD gets the headers of the page alone, and the connection goes on."""
    table.push()

    answers = [edge.request("HEAD", "nobody.localhost") for _ in range(2)]

    assert [(answer.status_code, answer.content) for answer in answers] == [(404, b""), (404, b"")]


def test_several_dynos_share_the_requests(edge, table, dynos):
    """With equal load every dyno gets some of the requests."""
    table.app("one.localhost", *(dynos.echo(f"web.{number}") for number in (1, 2, 3)))
    table.push()

    served = Counter(edge.get("one.localhost").json()["dyno"] for _ in range(60))

    assert set(served) == {"web.1", "web.2", "web.3"}


def test_canaries_get_requests_only_when_no_live_dyno_passes(edge, table, dynos):
    """During a deploy the new release answers nothing before the switch, unless it is alone."""
    app_id = table.app("one.localhost")
    table.dyno(app_id, dynos.echo("web.1"))
    table.dyno(app_id, dynos.echo("web.2"), stage="canary")
    table.push()

    before = {edge.get("one.localhost").json()["dyno"] for _ in range(20)}
    table.dynos[0]["passing"] = False
    table.push()
    after = {edge.get("one.localhost").json()["dyno"] for _ in range(20)}

    assert before == {"web.1"}
    assert after == {"web.2"}


def test_the_release_that_serves_gets_the_requests(edge, table, dynos):
    """Once the app's record names a release its dynos answer alone, whatever is still called live."""
    app_id = table.app("one.localhost")
    table.dyno(app_id, dynos.echo("web.1"))
    table.dyno(app_id, dynos.echo("web.2"), stage="canary", release="2")
    table.push()

    before = {edge.get("one.localhost").json()["dyno"] for _ in range(20)}
    table.apps[app_id]["release"] = 2
    table.push()
    after = {edge.get("one.localhost").json()["dyno"] for _ in range(20)}
    table.dynos[1]["passing"] = False
    table.push()
    without = {edge.get("one.localhost").json()["dyno"] for _ in range(20)}

    assert (before, after, without) == ({"web.1"}, {"web.2"}, {"web.1"})


def test_dynos_that_were_passing_serve_on_when_all_checks_turn_critical(edge, table, dynos):
    """After Consul's own restart every check is critical for a moment; requests do not notice."""
    app_id = table.app("one.localhost", dynos.echo("web.1"))
    table.dyno(app_id, dynos.echo("web.2"), passing=False)
    table.push()
    table.dynos[0]["passing"] = False
    table.push()

    assert {edge.get("one.localhost").json()["dyno"] for _ in range(20)} == {"web.1"}


def test_a_refused_connection_is_followed_by_another_try(edge, table, dynos):
    """One dyno that refuses costs no request, not even one with a body."""
    app_id = table.app("one.localhost", dynos.refusing("web.1"), dynos.echo("web.2"))
    table.push()

    answers = [edge.request("POST", "one.localhost", content=b"x" * 5000) for _ in range(10)]

    assert [answer.status_code for answer in answers] == [200] * 10
    assert {len(answer.json()["body"]) for answer in answers} == {5000}
    assert edge.line(app_id, "at=info", "dyno=web.2")


def test_a_refusing_dyno_is_out_for_a_while(edge, table, dynos):
    """After a refusal a dyno is not asked again until its time is over; then it is."""
    refusing = dynos.refusing("web.1")
    table.app("one.localhost", refusing, dynos.echo("web.2"))
    table.push()
    for _ in range(40):
        assert edge.get("one.localhost").status_code == 200

    text = edge.home.joinpath("errors").read_text()

    refusals = text.count(f'upstream: "http://127.0.0.1:{refusing.port}/"')
    assert 1 <= refusals <= len(edge.workers()) * 2


def test_a_table_that_is_no_table_is_refused(edge, table, dynos):
    """Nonsense gets 400 with a sentence, and the table before stays."""
    table.app("one.localhost", dynos.echo())
    table.push()
    version = edge.health()["version"]

    answers = [
        edge.admin.put("/table", content=b'{"apps":['),
        edge.admin.put("/table", content=b"[]"),
        edge.admin.put("/table", content=b'{"apps":{"a":1},"dynos":[]}'),
        edge.admin.put("/table", content=b""),
    ]

    assert [answer.status_code for answer in answers] == [400] * 4
    assert all(answer.json()["message"].endswith(".") for answer in answers)
    assert edge.health()["version"] == version
    assert edge.get("one.localhost").status_code == 200


def test_a_broken_record_harms_its_own_app_alone(edge, table, dynos):
    """What cannot be understood is left out and counted."""
    table.app("one.localhost", dynos.echo())
    table.push()
    good = edge.admin.get("/table").json()
    app = table.apps[good["apps"][0]["id"]]

    broken = ["{", 7, "{}", '{"app":"../x","hosts":[],"state":"up"}']
    addresses = ["", "localhost", "256.1.1.1", "127.0.0.1:80", ":80", "::1]:80", "unix:/x", "1.2.3", 7, None]
    strays = [table.dynos[0] | {"addr": address} for address in addresses]
    pushed = {"apps": [*broken, json.dumps(app)], "dynos": [*table.dynos, {"app": "x"}, 3, *strays]}
    assert edge.push(pushed).status_code == 200

    assert edge.health()["skipped"] == 6 + len(addresses)
    assert edge.get("one.localhost").status_code == 200


def test_the_first_app_keeps_a_host(edge, table, dynos):
    """A host that two records claim leads to one app, always the same."""
    first = table.app("one.localhost", dynos.echo("web.1"))
    second = table.app("two.localhost", dynos.echo("web.2"))
    table.apps[second]["hosts"] = ["one.localhost", "two.localhost"]
    table.push()

    assert edge.get("one.localhost").json()["dyno"] == "web.1"
    assert edge.line(first, "host=one.localhost")


def test_the_same_table_again_changes_nothing(edge, table, dynos):
    """A push of what is there already makes no new version."""
    table.app("one.localhost", dynos.echo())
    table.push()
    version = edge.health()["version"]
    table.push()

    assert edge.health()["version"] == version


def test_the_public_port_has_no_platform_paths(edge, table, dynos):
    """Pushing and health exist on the socket only; on the public port they are an app's paths."""
    table.app("one.localhost", dynos.echo())
    table.push()

    assert edge.request("PUT", "one.localhost", "/table").json()["path"] == "/table"
    assert edge.get("edge", "/health").status_code == 404


def test_a_wildcard_gets_what_no_app_has_by_itself(edge, table, dynos):
    """The exact name comes first, then the nearest wildcard; the name that it hangs on is not part of it."""
    exact = table.app("www.example.com", dynos.echo("web.1"))
    wide = table.app("*.example.com", dynos.echo("web.2"))
    table.app("*.b.example.com", dynos.echo("web.3"))
    table.apps[wide]["hosts"].append("wide.localhost")
    table.push()

    served = {
        host: edge.get(host).json()["dyno"]
        for host in ("www.example.com", "x.example.com", "x.y.example.com", "x.b.example.com", "wide.localhost")
    }

    assert list(served.values()) == ["web.1", "web.2", "web.2", "web.3", "web.2"]
    assert [edge.get(host).status_code for host in ("example.com", "xexample.com", "example.com.evil.org")] == [404] * 3
    table.apps[exact]["hosts"].clear()
    table.push()
    assert edge.get("www.example.com").json()["dyno"] == "web.2"


def test_below_a_wildcard_a_name_is_a_name(edge, table, dynos):
    """What could forge a line of an app's log ends at the edge, though nginx would take it for a name."""
    dyno = dynos.echo("web.1")
    table.app("*.example.com", dyno)
    table.push()

    for odd in (b'a"b', b"a\\b", b"a%b", b"a\xc3\xa4b", b"a;b", b"a=b", b"a|b"):
        request = b"GET / HTTP/1.1\r\nHost: %s.example.com\r\nConnection: close\r\n\r\n"
        assert edge.raw(request % odd).startswith(b"HTTP/1.1 400 "), odd
    assert edge.get("a_-.9.example.com").json()["dyno"] == "web.1"
