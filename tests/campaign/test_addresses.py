"""URLs that a tenant names: whatever they look like and wherever they redirect, no private address is connected to.

Judged at the socket: an audit hook of the interpreter hears of every connection. The only one that may be made goes to
a stand-in for the public Internet, a server of this test that answers and redirects as the attack wants it.
"""

from __future__ import annotations

import contextlib
import http.server
import ipaddress
import os
import socket
import ssl
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from urllib.parse import quote, unquote

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from buildpacks.slugc import fetch, foreign
from buildpacks.slugc.exit_codes import BuildError, ExitCode
from buildpacks.slugc.inputs import Inputs

PUBLIC = "93.184.215.14"
PRIVATE = (
    *("127.0.0.1", "127.1", "127.0.1", "127.255.255.254", "2130706433", "017700000001", "0x7f000001", "0x7f.1"),
    *("0177.0.0.1", "0", "0.0.0.0", "10.0.0.1", "10.255.255.255", "0xa000001", "172.16.0.1", "172.31.255.255"),
    *("192.168.0.1", "0300.0250.1", "169.254.169.254", "2852039166", "0xa9fea9fe", "0251.0376.0251.0376"),
    *("169.254.43518", "169.16689662", "169.254.0.1", "100.64.0.1", "100.100.100.200", "100.127.255.255"),
    *("192.0.0.192", "192.0.2.1", "198.18.0.1", "198.19.255.255", "198.51.100.1", "203.0.113.1", "224.0.0.1"),
    *("239.255.255.255", "240.0.0.1", "255.255.255.255", "[::]", "[::1]", "[0:0:0:0:0:0:0:1]", "[::ffff:127.0.0.1]"),
    *("[::ffff:7f00:1]", "[::ffff:a9fe:a9fe]", "[::127.0.0.1]", "[::ffff:0:127.0.0.1]", "[64:ff9b::7f00:1]"),
    *("[64:ff9b:1::a00:1]", "[2002:7f00:1::1]", "[2002:a9fe:a9fe::]", "[2001:0:7f00:1::]", "[fe80::1]"),
    *("[fe80::1%25lo]", "[fe80::1%lo]", "[fc00::1]", "[fd00:ec2::254]", "[fec0::1]", "[ff02::1]", "[100::1]"),
    *("[2001:db8::1]", "[5f00::1]", "localhost", "LOCALHOST", "loop.test", "LOOP.test.", "six.test", "mixed.test"),
    *("mapped.test", "metadata.test", "\u2460\u2461\u2466.0.0.1", "127\u30020\u30020\u30021"),
    *("\uff11\uff12\uff17.0.0.1", "127.0.0.1.", "127.0.0.1%00.public.test", "public.test@127.0.0.1"),
    *("public.test:443@127.0.0.1", "127.0.0.1:443#@public.test", "127.0.0.1?@public.test", "127.0.0.1\\@public.test"),
    *("public.test\\@127.0.0.1", "127.0.0.1\t", "127.0.0.1:00443", "1\t27.0.0.1", "\u2025/127.0.0.1"),
    *("public.test%2f@127.0.0.1", "[::ffff:10.0.0.1]:8443"),
)  # fmt: skip
"""What stands between `https://` and the path."""
OTHERS = (
    *("http://public.test/", "HTTP://127.0.0.1/", "ftp://127.0.0.1/", "file:///etc/passwd"),
    *("gopher://127.0.0.1:4646/_x", "dict://127.0.0.1:11211/", "data:,x", "ssh://public.test/x", "git://127.0.0.1/x"),
    *("ext::sh -c id", "//127.0.0.1/", "https:127.0.0.1", "https:///127.0.0.1/", "https://", "https://:443/"),
    *("https://[", "https://]/", "https://public.test:x/", "https://public.test:99999/", "https://\0/"),
    *("https://user:secret@public.test/", "jar:https://127.0.0.1!/", "\\\\127.0.0.1\\x"),
)  # fmt: skip
ZONE = {
    "public.test": [PUBLIC],
    "localhost": ["127.0.0.1", "::1"],
    "loop.test": ["127.0.0.1"],
    "six.test": ["::1"],
    "mixed.test": [PUBLIC, "10.0.0.1"],
    "mapped.test": ["::ffff:169.254.169.254"],
    "metadata.test": ["169.254.169.254"],
}
CODE = ExitCode.SOURCE_MISSING


class Internet:
    """Names, and one public server; every connection of this process is noted."""

    def __init__(self, folder: Path) -> None:
        self.listening = False
        self.connections: list[Any] = []
        self.rebound = 0
        self.asked = 0
        certificate = folder / "public.pem"
        words = "req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 2 -subj /CN=public.test"
        names = ["-addext", "subjectAltName=DNS:public.test,DNS:rebound.test"]
        where = ["-keyout", str(folder / "key.pem"), "-out", str(certificate)]
        subprocess.run(["openssl", *words.split(), *names, *where], check=True, capture_output=True)
        self.certificate = certificate
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(certificate, folder / "key.pem")
        self._server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), self._handler())
        self._server.daemon_threads = True
        self._server.socket = context.wrap_socket(self._server.socket, server_side=True)
        threading.Thread(target=self._server.serve_forever, daemon=True).start()
        sys.addaudithook(self._heard)  # it stays until the process ends, deaf when nobody listens

    @property
    def address(self) -> tuple[str, int]:
        """Where the stand-in really is."""
        return ("127.0.0.1", self._server.server_port)

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()

    def look_up(self, host: str, port: Any, *_: Any, **__: Any) -> list[Any]:
        """`socket.getaddrinfo`: the system's for anything that is an address, else this Internet's zone."""
        name = host.rstrip(".").lower()
        if name == "rebound.test":
            self.rebound += 1
            found = [PUBLIC] if self.rebound % 2 else ["127.0.0.1"]
        elif name in ZONE:
            found = ZONE[name]
        else:
            return _real_look_up(host, port, type=socket.SOCK_STREAM, flags=socket.AI_NUMERICHOST)
        return [(socket.AF_INET6 if ":" in each else socket.AF_INET, 1, 6, "", (each, port)) for each in found]

    def connect(self, address: tuple[str, int], *_: Any) -> socket.socket:
        """`socket.create_connection`: the public address leads to the stand-in, any other one nowhere, but is noted."""
        if address[0] != PUBLIC:
            self.connections.append(address)
            raise ConnectionRefusedError
        return _real_connect(self.address, 2)

    def _heard(self, event: str, arguments: tuple[Any, ...]) -> None:
        if event == "socket.connect" and self.listening and arguments[1] != self.address:
            self.connections.append(arguments[1])

    def _handler(self) -> type[http.server.BaseHTTPRequestHandler]:
        internet = self

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                internet.asked += 1
                target = self.path.partition("?to=")[2]
                self.send_response(302 if target else 200)
                if target:
                    self.send_header("Location", unquote(target, "latin-1"))
                self.end_headers()
                self.wfile.write(b"public")

            def log_message(self, *_: object) -> None:
                pass

        return Handler


_real_look_up = socket.getaddrinfo
_real_connect = socket.create_connection


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Internet]:
    """One for all tests here."""
    internet = Internet(tmp_path_factory.mktemp("internet"))
    yield internet
    internet.close()


@pytest.fixture
def internet(made: Internet, monkeypatch: pytest.MonkeyPatch) -> Iterator[Internet]:
    """In place of the real one."""
    monkeypatch.setenv("SSL_CERT_FILE", str(made.certificate))
    monkeypatch.setattr(socket, "getaddrinfo", made.look_up)
    monkeypatch.setattr(socket, "create_connection", made.connect)
    made.connections.clear()
    made.listening = True
    yield made
    made.listening = False


def _download(url: str, folder: Path) -> None:
    target = folder / "fetched"
    target.unlink(missing_ok=True)
    fetch.download(url, target, limit=1000, private=False, code=CODE)


def _via(url: str) -> str:
    """A public URL that redirects to another one."""
    return f"https://public.test/x?to={quote(url.encode('utf-8', 'surrogatepass'), safe='')}"


def test_a_public_url_is_fetched(internet: Internet, tmp_path: Path) -> None:
    """Else none of the others would prove anything."""
    _download(_via("https://public.test/end"), tmp_path)

    assert (tmp_path / "fetched").read_text() == "public"


def test_a_private_connection_would_be_heard(internet: Internet) -> None:
    """By the hook, however it is made."""
    with socket.socket() as made, pytest.raises(ConnectionRefusedError):
        made.connect(("127.0.0.1", 1))

    assert internet.connections == [("127.0.0.1", 1)]


@pytest.mark.parametrize("form", [*(f"https://{each}/x" for each in PRIVATE), *OTHERS])
def test_no_form_of_a_private_address_is_connected_to(
    internet: Internet, tmp_path: Path, form: str, tally: Callable[..., None]
) -> None:
    """Neither named nor as the end of a redirect, for a source, a tarball of a buildpack or a repository."""
    inputs = Inputs(
        source=tmp_path, cache=tmp_path, out=tmp_path, scratch=tmp_path, app=tmp_path, own_buildpacks=tmp_path
    )
    for number, url in enumerate((form, _via(form))):
        # Some are harmless as the end of a redirect: they lead back to the public server.
        refused = pytest.raises(BuildError) if url == form else contextlib.suppress(BuildError)
        with refused:
            _download(url, tmp_path)
        for named in (f"{url}.git", f"{url}#main", f"{url}&x=.tgz"):
            with pytest.raises(BuildError):
                foreign.fetched(named, number, inputs, dict(os.environ))
        tally("addresses", "URLs given to source, tarball and git", 4)

    assert internet.connections == []
    tally("addresses", "forms")
    tally("addresses", "private addresses connected to", 0)


def test_a_name_that_changes_its_mind(internet: Internet, tmp_path: Path) -> None:
    """DNS rebinding: the address that was checked is the one that is connected to."""
    before = internet.rebound
    _download("https://rebound.test/x", tmp_path)
    assert internet.rebound == before + 1
    with pytest.raises(BuildError, match="inside this network"):
        _download("https://rebound.test/x", tmp_path)

    assert internet.connections == []


def test_no_url_at_all_reaches_a_private_address(
    internet: Internet, tmp_path: Path, tally: Callable[..., None], effort: Callable[[int, int], int]
) -> None:
    """Addresses and URLs at random, named and redirected to."""
    numbers = st.integers(0, 2**32 - 1).map(str)
    fours = st.ip_addresses(v=4).map(str)
    sixes = st.ip_addresses(v=6).map(lambda address: f"[{address}]")
    wrapped = st.ip_addresses(v=4).map(lambda address: f"[::ffff:{address}]")
    hosts = st.one_of(numbers, fours, sixes, wrapped, st.sampled_from(PRIVATE), st.text(min_size=1, max_size=20))
    urls = st.one_of(hosts.map(lambda host: f"https://{host}/x"), st.text(max_size=40), st.sampled_from(OTHERS))

    @settings(
        settings.get_profile("campaign"),
        max_examples=effort(80, 5_000),
        suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
    )
    @given(url=st.one_of(urls, urls.map(_via)))
    def take(url: str) -> None:
        tally("addresses", "URLs at random")
        for address in _checked(url):
            assert ipaddress.ip_address(address).is_global, url

    def _checked(url: str) -> list[str]:
        """The addresses that would be connected to: none is, beside the stand-in."""
        taken: list[str] = []

        def connect(address: tuple[str, int], *_: Any) -> socket.socket:
            taken.append(address[0])
            if address[0] != PUBLIC:
                raise ConnectionRefusedError
            return _real_connect(internet.address, 2)

        socket.create_connection = connect
        try:
            _download(url, tmp_path)
        except BuildError:
            pass
        finally:
            socket.create_connection = internet.connect
        return taken

    take()
    assert internet.connections == []
