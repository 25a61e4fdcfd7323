"""A certificate from a real ACME server, which looks at the edge before it signs. The server is pebble, built by Go."""

from __future__ import annotations

import http.server
import json
import os
import shutil
import socket
import socketserver
import subprocess
import threading
from datetime import timedelta
from pathlib import Path

import pytest
from cryptography import x509

from control.adapters.acme_issuer import AccountBinding, AcmeIssuer
from control.adapters.memory import MemoryVault
from control.domain.certificates import check_pair
from control.ports.issuer import IssuanceRefused, IssuerUnavailable
from control.settings import Secret
from tests.certificates import issue

PEBBLE = "github.com/letsencrypt/pebble/v2/cmd/pebble@v2.10.1"
TOOLS = Path(os.environ.get("NOMAPAAS_CACHE", "/var/cache/nomapaas")) / "test-tools"


@pytest.fixture(scope="session")
def pebble_program() -> Path:
    """Built once for this machine."""
    program = TOOLS / PEBBLE.rpartition("@")[2] / "pebble"
    if program.exists():
        return program
    if shutil.which("go") is None:
        pytest.skip("There is no Go here, and pebble, the ACME server of this test, is built with it.")
    TOOLS.mkdir(parents=True, exist_ok=True)
    built = subprocess.run(
        ["go", "install", PEBBLE],
        env=os.environ | {"GOBIN": str(program.parent), "GOFLAGS": "-p=1"},
        capture_output=True,
        text=True,
        check=False,
    )
    if built.returncode:
        pytest.skip(f"pebble could not be built: {built.stderr[-300:]}")
    return program


class Asked(socketserver.StreamRequestHandler):
    """One connection with questions, each behind its length (RFC 1035 §4.2.2)."""

    def handle(self) -> None:
        while length := self.rfile.read(2):
            query = self.rfile.read(int.from_bytes(length))
            end = query.index(b"\0", 12) + 5
            is_address = query[end - 4 : end - 2] == b"\0\1"
            answer = b"\xc0\x0c\0\1\0\1\0\0\0\1\0\4\x7f\0\0\1" if is_address else b""
            counts = b"\0\1" + (b"\0\1" if is_address else b"\0\0") + b"\0\0\0\0"
            whole = query[:2] + b"\x81\x80" + counts + query[12:end] + answer
            self.wfile.write(len(whole).to_bytes(2) + whole)


class Names(socketserver.ThreadingTCPServer):
    """A DNS server, by TCP as pebble asks, for which every name is this machine."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Asked)
        self.address = f"127.0.0.1:{self.server_address[1]}"
        self._thread = threading.Thread(target=self.serve_forever, kwargs={"poll_interval": 0.02})
        self._thread.start()

    def close(self) -> None:
        self.shutdown()
        self._thread.join()
        self.server_close()


@pytest.fixture
def demands():
    """More of pebble's configuration."""
    return {}


@pytest.fixture
def configured(tmp_path, edge, free_ports, demands):
    """The port for a pebble whose configuration is written."""
    port, management = free_ports(2)
    pair = issue("pebble", hosts=["localhost"], authority=True)
    (tmp_path / "pebble.pem").write_text(pair.chain)
    (tmp_path / "pebble.key").write_text(pair.key)
    config = {
        "listenAddress": f"127.0.0.1:{port}",
        "managementListenAddress": f"127.0.0.1:{management}",
        "certificate": str(tmp_path / "pebble.pem"),
        "privateKey": str(tmp_path / "pebble.key"),
        "httpPort": edge.port,
        "tlsPort": edge.tls_port,
        "ocspResponderURL": "",
        "externalAccountBindingRequired": False,
        "retryAfter": {"authz": 1, "order": 1},
    }
    (tmp_path / "config.json").write_text(json.dumps({"pebble": config | demands}))
    return port


@pytest.fixture
def server(pebble_program, tmp_path, configured, eventually):
    """A running pebble: its directory, and the file with its authority."""
    names = Names()
    log = (tmp_path / "log").open("w")
    command = [str(pebble_program), "-config", str(tmp_path / "config.json"), "-dnsserver", names.address]
    env = os.environ | {"PEBBLE_VA_NOSLEEP": "1", "PEBBLE_WFE_NONCEREJECT": "20"}
    process = subprocess.Popen(command, env=env, stdout=log, stderr=log)
    directory = f"https://localhost:{configured}/dir"

    def answers() -> bool:
        assert process.poll() is None, (tmp_path / "log").read_text()
        with socket.socket() as probe:
            return probe.connect_ex(("127.0.0.1", configured)) == 0

    try:
        eventually(answers, seconds=20)
        yield directory, str(tmp_path / "pebble.pem")
    finally:
        process.terminate()
        process.wait(10)
        log.close()
        names.close()


@pytest.fixture
def published():
    """Answers at the edge, by token."""
    return {}


@pytest.fixture
def publish(edge, published):
    def answer_at_the_edge(token: str, answer: str) -> None:
        published[token] = answer
        body = {"certs": [], "leaves": [], "challenges": published}
        assert edge.admin.put("/certs", content=json.dumps(body)).status_code == 200
        assert edge.admin.get("/challenge", params={"token": token}).status_code == 200

    return answer_at_the_edge


def test_a_certificate_is_got_by_answering_at_the_edge(server, edge, publish, published):
    """The server finds the answer, signs, and the next order comes from the same account."""
    directory, ca_file = server
    vault = MemoryVault()
    first = AcmeIssuer(directory, vault, email="ops@example.com", ca_file=ca_file)
    issued = first.issue("www.example.com", publish=publish)
    again = AcmeIssuer(directory, vault, email="ops@example.com", ca_file=ca_file)
    another = again.issue("other.example.com", publish=publish)

    leaf = x509.load_pem_x509_certificate(issued.chain.encode())
    facts = check_pair(issued.chain, issued.private_key, now=leaf.not_valid_before_utc)
    assert facts.cert_domains == ("www.example.com",)
    assert another.private_key != issued.private_key
    assert issued.private_key not in repr(issued)
    assert len(published) == 2
    assert len(vault.platform) == 1
    assert edge.admin.get("/challenge", params={"token": "unknown"}).status_code == 404


BINDING = AccountBinding("kid-1", Secret("zWNDZM6eQGHWpSRTPal5eIUYFTu7EajVIoguysqZ9wG44nMEtx3MUAsUDkMTQ12W"))


@pytest.mark.parametrize(
    "demands",
    [{"externalAccountBindingRequired": True, "externalAccountMACKeys": {BINDING.kid: BINDING.hmac.reveal()}}],
)
def test_a_server_that_wants_to_know_for_whom_an_account_is(server, publish):
    """Without a binding, or with a wrong one, it refuses; with it there is an account, which needs it no more."""
    directory, ca_file = server
    vault = MemoryVault()
    strangers = [None, AccountBinding("kid-1", Secret("AAAA" * 16)), AccountBinding("kid-2", BINDING.hmac)]
    for binding in strangers:
        with pytest.raises(IssuanceRefused, match="refused"):
            AcmeIssuer(directory, vault, ca_file=ca_file, binding=binding).issue("www.example.com", publish=publish)

    bound = AcmeIssuer(directory, vault, ca_file=ca_file, binding=BINDING)
    assert bound.issue("www.example.com", publish=publish).chain
    assert AcmeIssuer(directory, vault, ca_file=ca_file).issue("other.example.com", publish=publish).chain
    assert BINDING.hmac.reveal() not in repr(BINDING)


def test_a_wrong_answer_is_refused_with_the_reason(server, edge):
    """So that whoever owns the domain knows what to do."""
    directory, ca_file = server
    edge.admin.put("/certs", content="{}")

    with pytest.raises(IssuanceRefused, match="could not reach this platform under that name"):
        AcmeIssuer(directory, MemoryVault(), ca_file=ca_file).issue("www.example.com", publish=lambda *_: None)


def test_a_server_that_is_away_is_no_refusal(free_ports):
    """It is tried again later, and says nothing about the domain."""
    issuer = AcmeIssuer(f"http://127.0.0.1:{free_ports(1)[0]}/dir", MemoryVault())

    with pytest.raises(IssuerUnavailable):
        issuer.issue("www.example.com", publish=lambda *_: None)


@pytest.mark.parametrize(("said", "seconds"), [("7200", 7200), ("999999999", 604_800), ("soon", None), ("-5", None)])
def test_a_busy_server_says_for_how_long(said, seconds):
    """So that the next try is not too early; what cannot be read is as good as nothing."""

    class Busy(http.server.BaseHTTPRequestHandler):
        def do_GET(self):
            body = json.dumps({"type": "urn:ietf:params:acme:error:rateLimited", "detail": "too many"}).encode()
            self.send_response(429)
            self.send_header("Content-Type", "application/problem+json")
            self.send_header("Retry-After", said)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_):
            pass

    with http.server.HTTPServer(("127.0.0.1", 0), Busy) as busy:
        thread = threading.Thread(target=busy.handle_request)
        thread.start()
        issuer = AcmeIssuer(f"http://127.0.0.1:{busy.server_port}/dir", MemoryVault())
        with pytest.raises(IssuerUnavailable, match="too many") as found:
            issuer.issue("www.example.com", publish=lambda *_: None)
        thread.join()

    assert found.value.retry_after == (None if seconds is None else timedelta(seconds=seconds))
