"""Custom domains and TLS, from the command line to the handshake."""

from __future__ import annotations

import socket
import ssl
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.certificates import issue

pytestmark = pytest.mark.platform

APP = "domainsapp"
WWW = "www.nomapaas-e2e.example"


@pytest.fixture(scope="module")
def app(paas: Any) -> Iterator[str]:
    """One app that the tests of this file share."""
    paas.run("create", APP)
    paas.run("push", "--app", APP, "--dir", str(Path(__file__).parent / "apps" / "probe"))
    yield APP
    paas.run("destroy", "--app", APP, "--confirm", APP)


@pytest.fixture
def encrypted(paas: Any) -> Callable[..., str]:
    """What an app says over TLS to a client that asks for this host and trusts this authority alone."""
    port = int(paas.instance.env["NOMAPAAS_ROUTER_URL"].rsplit(":", 1)[1]) + 6

    def ask(host: str, authority: str) -> str:
        context = ssl.create_default_context(cadata=authority)
        plain = socket.create_connection(("127.0.0.1", port), timeout=10)
        with plain, context.wrap_socket(plain, server_hostname=host) as wrapped:
            wrapped.sendall(f"GET / HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n\r\n".encode())
            return b"".join(iter(lambda: wrapped.recv(65536), b"")).decode()

    return ask


def _answers(ask: Callable[[], str]) -> str | None:
    try:
        return ask()
    except ssl.SSLCertVerificationError:
        return None


def test_every_app_answers_over_tls(paas: Any, app: str, encrypted: Callable[..., str]) -> None:
    """Its own name has a certificate of the instance's authority as soon as there is an app."""
    authority = (Path(paas.instance.home) / "ca.pem").read_text()

    said = paas.eventually(lambda: _answers(lambda: encrypted(f"{app}.localhost", authority)))

    assert said.startswith("HTTP/1.1 200 ")


def test_a_domain_with_its_certificate(paas: Any, app: str, encrypted: Callable[..., str], tmp_path: Path) -> None:
    """Added, given a certificate, replaced, and taken away; the router follows by itself."""
    authority = issue("authority", authority=True)
    for stem in ("first", "second"):
        pair = issue(stem, by=authority, hosts=[WWW])
        (tmp_path / f"{stem}.crt").write_text(authority.chain + pair.chain)
        (tmp_path / f"{stem}.key").write_text(pair.key)
    paas.run("domains:add", WWW, "--wait", "--app", app)
    plain = paas.eventually(lambda: (found := paas.router.get("/", headers={"Host": WWW})).is_success and found)
    assert plain.json()["dyno"] == "web.1"

    paas.run("certs:add", str(tmp_path / "first.crt"), str(tmp_path / "first.key"), "--app", app)
    assert paas.eventually(lambda: _answers(lambda: encrypted(WWW, authority.chain))).startswith("HTTP/1.1 200 ")
    name = paas.json("certs", "--app", app)[0]["name"]
    paas.run("certs:update", str(tmp_path / "second.crt"), str(tmp_path / "second.key"), "--app", app, "--confirm", app)
    assert paas.json("certs:info", "--app", app)["name"] == name
    line = paas.eventually(lambda: [each for each in paas.run("logs", "--app", app).splitlines() if WWW in each])
    assert "protocol=https tls_version=tls1.3" in line[-1]

    paas.run("certs:remove", "--app", app, "--confirm", app)
    paas.eventually(lambda: _answers(lambda: encrypted(WWW, authority.chain)) is None)
    paas.run("domains:remove", WWW, "--app", app)
    paas.eventually(lambda: paas.router.get("/", headers={"Host": WWW}).status_code == httpx.codes.NOT_FOUND)


def test_encrypted_requests_only(paas: Any, app: str, encrypted: Callable[..., str]) -> None:
    """Plain requests are sent to TLS, where HSTS is."""
    authority = (Path(paas.instance.home) / "ca.pem").read_text()
    host = f"{app}.localhost"
    paas.run("https:force", "on", "--app", app)
    paas.run("https:hsts", "300", "--app", app)

    moved = paas.eventually(lambda: (found := paas.get(app, "/a", b=1)).is_redirect and found)
    said = paas.eventually(lambda: "strict-transport-security: max-age=300" in encrypted(host, authority).lower())

    assert moved.headers["location"].startswith(f"https://{host}:")
    assert said
    paas.run("https:force", "off", "--app", app)
    paas.eventually(lambda: paas.get(app).is_success)


@pytest.mark.parametrize(
    "hostname", ["co.uk", "domainsapp.localhost", "10.0.0.1", "a_b.example.com", "*.localhost", "www.example.com:80"]
)
def test_names_that_nobody_gets(paas: Any, app: str, hostname: str) -> None:
    """One sentence, and nothing changed."""
    before = paas.json("domains", "--app", app)

    assert hostname in paas.fails("domains:add", hostname, "--app", app)

    assert paas.json("domains", "--app", app) == before
