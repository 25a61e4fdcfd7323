"""How the CLI talks to the control API."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer

import httpx
import pytest

from cli import __version__
from cli.transport import make_client


def test_every_request_says_what_it_is(cli, host):
    """Accept, token, one request id per run, user agent."""
    host.on("GET", "/apps/hello", {"stack": {"name": "nomapaas-13"}})
    host.on("GET", "/stacks", [{"name": "nomapaas-13"}, {"name": "nomapaas-12"}])

    result = cli("stack")

    assert result.out == "=== hello Available Stacks\n  nomapaas-12\n* nomapaas-13\n"
    one, two = host.requests
    assert one.headers["Accept"] == "application/vnd.heroku+json; version=3"
    assert one.headers["Authorization"] == "Bearer secret-token"
    assert f"nomapaas-cli/{__version__}" == one.headers["User-Agent"]
    assert one.headers["Request-Id"] == two.headers["Request-Id"]


def test_long_lists_are_read_page_by_page(cli, host):
    """In pages as large as there are; 206 with Next-Range means that there is more."""
    host.on("GET", "/apps", [{"name": "a"}], status=206, headers={"Next-Range": "id ]a..; max=200"})
    host.on("GET", "/apps", [{"name": "b"}])

    assert cli("apps").out == "=== Apps\na\nb\n"
    assert [request.headers["Range"] for request in host.requests] == ["..; max=1000", "id ]a..; max=200"]


def test_the_servers_warnings_are_shown(cli, host):
    """A channel for news that stop nothing."""
    host.on("GET", "/apps", [{"name": "a"}], headers={"X-Heroku-Warning": "Tokens change on Monday."})

    result = cli("apps")

    assert (result.status, result.err) == (0, " ›   Warning: Tokens change on Monday.\n")


def test_an_unreachable_api_is_a_sentence_with_what_to_do(cli, host):
    """Not started, or elsewhere."""

    def refused(request):
        raise httpx.ConnectError("[Errno 111] Connection refused", request=request)

    host.add("GET", "/apps", refused)

    result = cli("apps")

    assert (result.status, result.out) == (1, "")
    assert (
        result.err == " ›   Error: The control API at http://127.0.0.1:8081 cannot be reached (connection refused). "
        'Start the platform with "nomapaas up", or set NOMAPAAS_API_URL to where it runs.\n'
    )


def test_an_unreachable_api_elsewhere_is_not_started_from_here(cli, host):
    """`nomapaas up` would start another one."""

    def unknown(request):
        raise httpx.ConnectError("[Errno -2] Name or service not known", request=request)

    host.add("GET", "/apps", unknown)
    cli.variables["NOMAPAAS_API_URL"] = "https://api.paas.example.com"

    assert cli("apps").err == (
        " ›   Error: The control API at https://api.paas.example.com cannot be reached (unknown host name). "
        "Check the network, and NOMAPAAS_API_URL.\n"
    )


@pytest.mark.parametrize(
    ("response", "message"),
    [
        (httpx.Response(200, text="<html>"), "http://127.0.0.1:8081 did not answer like a nomapaas API."),
        (httpx.Response(200, json={"a": "list?"}), "http://127.0.0.1:8081 did not answer like a nomapaas API."),
        (httpx.Response(502, text="bad gateway"), "http://127.0.0.1:8081 answered 502 Bad Gateway. (Request "),
        (httpx.Response(500, json={"id": "x", "message": "Vault is sealed"}), "Vault is sealed. (Request "),
        (httpx.Response(422, json={"id": "x", "message": "\x1b[2Jevil"}), "^[[2Jevil."),
        (httpx.Response(302, headers={"Location": "http://evil"}), "http://127.0.0.1:8081 answered 302 Found."),
    ],
)
def test_odd_answers_are_sentences_too(cli, host, response, message):
    """Whatever is listening there."""
    host.add("GET", "/apps", response)

    result = cli("apps")

    assert (result.status, result.out, len(host.requests)) == (1, "", 1)
    assert f" ›   Error: {message}" in result.err


def test_an_address_that_is_none(cli, host):
    """NOMAPAAS_API_URL with a typing error."""
    cli.variables["NOMAPAAS_API_URL"] = "127.0.0.1:8081"

    result = cli("apps")

    assert (result.status, host.requests) == (1, [])
    assert (
        result.err
        == " ›   Error: 127.0.0.1:8081 is no address of a control API. It looks like http://127.0.0.1:8081.\n"
    )


def test_a_token_that_is_none(cli, host):
    """Its characters do not fit a header; it is not shown."""
    cli.variables["NOMAPAAS_API_KEY"] = "tökén"

    result = cli("apps")

    assert result.status == 1
    assert "The API token holds characters that no token has." in result.err
    assert "tökén" not in result.err


def test_domains_and_maintenance_json(cli, host):
    """--json on every read."""
    host.on(
        "GET",
        "/apps/hello/domains",
        [
            {"hostname": "hello.localhost", "kind": "heroku"},
            {"hostname": "www.x.y", "kind": "custom", "cname": "x.hello", "sni_endpoint": None, "status": "pending"},
        ],
    )
    host.on("GET", "/apps/hello", {"maintenance": True, "stack": {"name": "s"}})
    host.on("GET", "/stacks", [{"name": "s"}])

    shown = cli("domains").out.splitlines()
    assert shown[:4] == ["=== hello Domain", "hello.localhost", "", "=== hello Custom Domains"]
    assert shown[-1].split() == ["www.x.y", "x.hello", "pending"]
    assert len(json.loads(cli("domains", "--json").out)) == 2
    assert json.loads(cli("maintenance", "--json").out) == {"maintenance": True}
    assert json.loads(cli("stack", "--json").out) == [{"name": "s", "current": True, "next": True}]


class Echo(BaseHTTPRequestHandler):
    """Says which host it was asked for."""

    def do_GET(self) -> None:
        body = self.headers["Host"].encode()
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *args: object) -> None:
        pass


@pytest.fixture
def port() -> Iterator[int]:
    server = HTTPServer(("127.0.0.1", 0), Echo)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield server.server_port
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.mark.parametrize("name", ["hello.localhost", "a.b.localhost", "localhost", "127.0.0.1"])
def test_localhost_names_need_neither_resolver_nor_proxy(port, name, monkeypatch):
    """The connection goes to this machine, the Host header stays; a proxy of the environment is passed by."""
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:1")
    monkeypatch.delenv("NO_PROXY", raising=False)
    with make_client(user_agent="test", transport=None) as client:
        answer = client.get(f"http://{name}:{port}/")

    assert f"{name}:{port}" == answer.text
