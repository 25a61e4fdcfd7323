"""Encrypted requests: certificates by name, HTTP/2, redirects, compression."""

from __future__ import annotations

import gzip
import json
import socket
import ssl
import threading
from collections.abc import Callable
from dataclasses import dataclass

import httpx
import pytest
from cryptography import x509

from tests.certificates import Pair, issue


@pytest.fixture(scope="module")
def authority():
    return issue("test authority", authority=True)


@dataclass
class Tls:
    """What the tests do with certificates."""

    authority: Pair
    push: Callable[..., httpx.Response]
    shown: Callable[..., tuple[str, str, str]]
    client: httpx.Client

    def issue(self, name: str) -> Pair:
        return issue(name, by=self.authority, hosts=[name])


@pytest.fixture
def tls(authority, push_certs, shown, secure_client):
    return Tls(authority, push_certs, shown, secure_client)


@pytest.fixture
def push_certs(edge):
    """Pushes pairs with the names that each is shown for, as consul-template does."""

    def push(*certs, challenges=None, leaves=(), zone_key=""):
        records = [
            {"record": json.dumps({"hosts": hosts}), "chain": pair.chain, "key": pair.key} for pair, hosts in certs
        ]
        texts = [json.dumps({"hosts": hosts, "chain": chain}) for chain, hosts in leaves]
        body = {"certs": records, "leaves": texts, "zone_key": zone_key, "challenges": challenges or {}}
        return edge.admin.put("/certs", content=json.dumps(body))

    return push


@pytest.fixture
def shown(edge):
    """The certificate that a client gets which asks for this name, with the protocol that was agreed on."""

    def handshake(name, *, most=ssl.TLSVersion.TLSv1_3, least=ssl.TLSVersion.TLSv1_2):
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
        context.minimum_version, context.maximum_version = least, most
        context.set_alpn_protocols(["h2", "http/1.1"])
        plain = socket.create_connection(("127.0.0.1", edge.tls_port), timeout=10)
        with plain, context.wrap_socket(plain, server_hostname=name) as wrapped:
            found = x509.load_der_x509_certificate(wrapped.getpeercert(binary_form=True))
            return found.subject.rfc4514_string(), wrapped.version(), wrapped.selected_alpn_protocol()

    return handshake


@pytest.fixture
def secure_client(edge, authority):
    """A client that trusts the authority alone and finds every name here."""

    class Everywhere(httpx.HTTPTransport):
        def handle_request(self, request):
            request.extensions["sni_hostname"] = request.url.host
            request.headers["Host"] = request.url.host
            request.url = request.url.copy_with(host="127.0.0.1", port=edge.tls_port)
            return super().handle_request(request)

    context = ssl.create_default_context(cadata=authority.chain)
    with httpx.Client(transport=Everywhere(verify=context, http2=True)) as client:
        yield client


def test_each_name_gets_its_own_certificate(edge, tls, eventually):
    """Two apps on one port, TLS 1.3 and 1.2, HTTP/2 agreed on; all of it without a new worker."""
    workers = eventually(edge.workers)
    one, two = (tls.issue(name) for name in ("one.example.com", "two.example.com"))
    answer = tls.push((one, ["one.example.com"]), (two, ["two.example.com", "*.two.example.com"]))
    assert (answer.status_code, answer.json()["certificates"]) == (200, 2)

    assert tls.shown("one.example.com") == ("CN=one.example.com", "TLSv1.3", "h2")
    assert tls.shown("TWO.example.com", most=ssl.TLSVersion.TLSv1_2)[:2] == ("CN=two.example.com", "TLSv1.2")
    assert tls.shown("x.two.example.com")[0] == "CN=two.example.com"
    for nobody in ("three.example.com", "x.y.two.example.com", None):
        assert tls.shown(nobody)[0] == "CN=unknown.invalid"

    renewed = issue("renewed", by=tls.authority, hosts=["one.example.com"])
    tls.push((renewed, ["one.example.com"]))
    assert tls.shown("one.example.com")[0] == "CN=renewed"
    assert tls.shown("two.example.com")[0] == "CN=unknown.invalid"
    assert edge.workers() == workers


def test_a_broken_certificate_harms_nobody_else(edge, tls):
    """It is left out and counted; what is no document at all changes nothing."""
    good = tls.issue("good.example.com")
    record = {"record": "{", "chain": good.chain, "key": good.key}
    body = {"certs": [record, {"record": '{"hosts":["bad.example.com"]}', "chain": "x", "key": "y"}, 7]}
    body["certs"].append({"record": '{"hosts":["good.example.com"]}', "chain": good.chain, "key": good.key})

    answer = edge.admin.put("/certs", content=json.dumps(body))

    assert (answer.json()["certificates"], answer.json()["certificates_skipped"]) == (1, 3)
    assert tls.shown("good.example.com")[0] == "CN=good.example.com"
    assert edge.admin.put("/certs", content="no").status_code == 400
    assert edge.admin.get("/certs").status_code == 405
    assert tls.shown("good.example.com")[0] == "CN=good.example.com"


def test_the_platforms_leaves_share_a_key(tls):
    """They come as they lie in Consul, and the key by itself."""
    leaf = tls.issue("quiet-harbor.localhost")

    tls.push(leaves=[(leaf.chain, ["quiet-harbor.localhost"])], zone_key=leaf.key)

    assert tls.shown("quiet-harbor.localhost")[0] == "CN=quiet-harbor.localhost"


def test_old_protocols_are_refused(tls):
    """TLS 1.1 is not spoken."""
    with pytest.raises((ssl.SSLError, ConnectionError)), pytest.warns(DeprecationWarning, match="TLSv1_1"):
        tls.shown("one.example.com", most=ssl.TLSVersion.TLSv1_1, least=ssl.TLSVersion.TLSv1_1)


def test_an_encrypted_request_arrives_as_one(edge, table, dynos, tls):
    """HTTP/2 to the client, the truth in the headers and in the request line."""
    app = table.app("one.example.com", dynos.echo("web.1"))
    table.push()
    tls.push((tls.issue("one.example.com"), ["one.example.com"]))

    answer = tls.client.post("https://one.example.com/path?a=1", content=b"x" * 70_000)

    seen = {name.lower(): value for name, value in answer.json()["headers"]}
    assert (answer.http_version, answer.status_code) == ("HTTP/2", 200)
    assert (seen["x-forwarded-proto"], seen["x-forwarded-port"]) == ("https", str(edge.tls_port))
    assert seen["host"] == "one.example.com"
    assert "strict-transport-security" not in answer.headers
    edge.line(app, 'path="/path?a=1"', "protocol=https tls_version=tls1.3")


def test_an_app_may_want_encrypted_requests_only(edge, table, dynos, tls):
    """Plain ones are sent there, methods with a body by 308; HSTS goes out over TLS alone."""
    app = table.app("one.example.com", dynos.echo("web.1"))
    table.apps[app] |= {"https": True, "hsts": 3600}
    table.push()
    tls.push((tls.issue("one.example.com"), ["one.example.com"]))

    plain, posted = edge.get("one.example.com:80", "/a?b=c"), edge.request("POST", "one.example.com", "/a")

    assert (plain.status_code, posted.status_code) == (301, 308)
    assert plain.headers["location"] == f"https://one.example.com:{edge.tls_port}/a?b=c"
    assert "strict-transport-security" not in plain.headers
    assert tls.client.get("https://one.example.com/").headers["strict-transport-security"] == "max-age=3600"
    edge.line(app, "status=301", "dyno= ")


def test_challenges_are_answered_before_any_app(edge, table, dynos, tls):
    """What the platform waits for; any other token is the app's."""
    app = table.app("one.example.com", dynos.echo("web.1"))
    table.apps[app] |= {"https": True}
    table.app("two.example.com", dynos.echo("web.2"))
    table.push()
    tls.push(challenges={"tok-EN_1": "tok-EN_1.thumbprint"})

    answer = edge.get("one.example.com", "/.well-known/acme-challenge/tok-EN_1")

    assert (answer.status_code, answer.text) == (200, "tok-EN_1.thumbprint")
    assert edge.get("two.example.com", "/.well-known/acme-challenge/other").json()["dyno"] == "web.2"
    assert edge.get("two.example.com", "/.well-known/acme-challenge/").json()["dyno"] == "web.2"
    tls.push()
    assert edge.get("two.example.com", "/.well-known/acme-challenge/tok-EN_1").json()["dyno"] == "web.2"


def says(answer):
    """What a dyno does that answers everything with these bytes."""

    def handle(connection):
        connection.recv(65536)
        connection.sendall(answer)

    return handle


def test_text_is_compressed_where_the_app_did_not(edge, table, dynos):
    """Only what is long enough, text, not encoded already, and asked for."""
    body = b"all work and no play " * 200
    head = b'HTTP/1.1 200 OK\r\nContent-Length: %d\r\nETag: "v1"\r\nContent-Type: %s\r\n'
    answers = {
        "text.localhost": head % (len(body), b"text/html; charset=utf-8") + b"\r\n" + body,
        "image.localhost": head % (len(body), b"image/png") + b"\r\n" + body,
        "short.localhost": head % (5, b"text/html") + b"\r\nshort",
        "done.localhost": head % (len(gzip.compress(body)), b"text/html")
        + b"Content-Encoding: gzip\r\n\r\n"
        + gzip.compress(body),
    }
    for host, answer in answers.items():
        table.app(host, dynos.scripted(says(answer)))
    table.push()

    found = {host: edge.get(host, headers={"Accept-Encoding": "gzip"}) for host in answers}

    packed = found["text.localhost"]
    assert (packed.content, packed.headers["content-encoding"], packed.headers["etag"]) == (body, "gzip", 'W/"v1"')
    assert packed.headers["vary"] == "Accept-Encoding"
    assert found["done.localhost"].content == body
    assert "content-encoding" not in found["image.localhost"].headers
    assert "content-encoding" not in found["short.localhost"].headers
    plain = edge.get("text.localhost", headers={"Accept-Encoding": "identity"})
    assert (plain.headers["content-length"], plain.headers["etag"]) == (str(len(body)), '"v1"')


def test_a_websocket_goes_through_tls(edge, table, dynos, tls):
    """HTTP/1.1 is there for who asks for it, and both sides speak when they like."""

    def echoes(connection):
        seen = b""
        while not seen.endswith(b"\r\n\r\n"):
            seen += connection.recv(1)
        assert b"x-forwarded-proto: https" in seen.lower()
        connection.sendall(b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\r\n")
        connection.sendall(connection.recv(5).upper())

    table.app("one.example.com", dynos.scripted(echoes))
    table.push()
    tls.push((tls.issue("one.example.com"), ["one.example.com"]))
    context = ssl.create_default_context(cadata=tls.authority.chain)
    plain = socket.create_connection(("127.0.0.1", edge.tls_port), timeout=10)
    with plain, context.wrap_socket(plain, server_hostname="one.example.com") as client:
        client.sendall(
            b"GET / HTTP/1.1\r\nHost: one.example.com\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n"
            b"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n"
        )
        seen = b""
        while not seen.endswith(b"\r\n\r\n"):
            seen += client.recv(1)
        client.sendall(b"hello")

        assert seen.startswith(b"HTTP/1.1 101 ")
        assert client.recv(5) == b"HELLO"


@pytest.mark.parametrize("kind", ["text/event-stream", "text/html"])
def test_compression_keeps_nothing_back(edge, table, dynos, kind):
    """Each piece that an app sends reaches the client while the next one is not there yet; events as they are."""
    go_on = threading.Event()

    def sends_pieces(connection):
        connection.recv(65536)
        connection.sendall(f"HTTP/1.1 200 OK\r\nContent-Type: {kind}\r\n\r\n".encode() + b"data: 1\n\n" + b" " * 2000)
        assert go_on.wait(10)
        connection.sendall(b"data: 2\n\n")

    table.app("one.localhost", dynos.scripted(sends_pieces))
    table.push()
    with edge.client.stream("GET", "/", headers={"Host": "one.localhost", "Accept-Encoding": "gzip"}) as answer:
        pieces = answer.iter_bytes()
        first = next(pieces)
        assert first.startswith(b"data: 1\n\n")
        go_on.set()
        assert b"data: 2\n\n" in b"".join(pieces)

    assert ("content-encoding" in answer.headers) == (kind == "text/html")


def test_certificates_outlive_a_restart(edge, tls):
    """The last ones are kept where nobody else may look."""
    tls.push((tls.issue("kept.example.com"), ["kept.example.com"]))
    edge.stop()
    edge.start()

    assert tls.shown("kept.example.com")[0] == "CN=kept.example.com"
    assert edge.settings.certs_dir.stat().st_mode & 0o077 == 0
