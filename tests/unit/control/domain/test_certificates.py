"""What is checked of a certificate, and what the platform's own authority signs."""

from __future__ import annotations

import socket
import ssl
import threading
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ed25519, rsa

from cli.platform.authority import is_good, make_authority
from control.domain.certificates import MOST_CHAIN, Authority, check_pair, covers, fingerprint
from control.domain.rules import BrokenRule
from tests.certificates import DAY, Pair, issue

NOW = datetime.now(UTC)
ROOT = issue("root", authority=True)
MIDDLE = issue("middle", by=ROOT, authority=True)
LEAF = issue("leaf", by=MIDDLE, hosts=["www.example.com", "*.Example.org"])


def _refused(chain: str, key: str = LEAF.key) -> str:
    with pytest.raises(BrokenRule) as error:
        check_pair(chain, key, now=NOW)
    assert str(error.value).endswith(".")
    assert "PRIVATE KEY-----\n" not in str(error.value)
    return str(error.value)


@pytest.mark.parametrize("order", [(LEAF, MIDDLE, ROOT), (ROOT, LEAF, MIDDLE), (MIDDLE, MIDDLE, LEAF), (LEAF, MIDDLE)])
def test_a_chain_is_put_in_order(order: tuple[Pair, ...]) -> None:
    """The certificate of the key first, each followed by its issuer; doubles are dropped, roots may be left out."""
    facts = check_pair("\n".join(each.chain for each in order), LEAF.key, now=NOW)

    names = [each.subject for each in x509.load_pem_x509_certificates(facts.certificate_chain.encode())]
    assert names[:2] == [LEAF.certificate.subject, MIDDLE.certificate.subject]
    assert facts.cert_domains == ("www.example.com", "*.example.org")
    assert (facts.subject, facts.issuer, facts.self_signed) == ("CN=leaf", "CN=middle", False)
    assert fingerprint(facts.certificate_chain).count(":") == 31


def test_what_is_refused_and_why() -> None:
    """Each by a sentence of its own."""
    late = issue("late", hosts=["a.example.com"], starts=NOW - 3 * DAY, days=2)
    early = issue("early", hosts=["a.example.com"], starts=NOW + 3 * DAY)
    nameless = issue("nameless")
    stranger = issue("stranger", hosts=["a.example.com"])

    assert "belongs to none" in _refused(stranger.chain)
    assert "gap after CN=leaf" in _refused(LEAF.chain + ROOT.chain)
    assert "gap after" in _refused(LEAF.chain + MIDDLE.chain + stranger.chain)
    assert "expired on" in _refused(late.chain, late.key)
    assert "on only" in _refused(early.chain, early.key)
    assert "subjectAltName" in _refused(nameless.chain, nameless.key)
    assert "holds a private key" in _refused(LEAF.chain + LEAF.key)
    assert "no PEM" in _refused("nothing")
    assert "no PEM" in _refused(LEAF.chain, "nothing")
    assert "10 certificates" in _refused(LEAF.chain * 11)
    assert "10 certificates" in _refused("x" * (MOST_CHAIN + 1))
    assert "no key has" in _refused(LEAF.chain, "x" * 20_000)


def test_keys_that_the_router_cannot_use() -> None:
    """Encrypted ones with the way out; weak and odd ones."""
    form, pem = serialization.PrivateFormat.PKCS8, serialization.Encoding.PEM
    locked = LEAF.private.private_bytes(pem, form, serialization.BestAvailableEncryption(b"secret")).decode()
    short = rsa.generate_private_key(65537, 1024)  # noqa: S505 - as short as keys once were
    weak = short.private_bytes(pem, form, serialization.NoEncryption()).decode()
    odd = ed25519.Ed25519PrivateKey.generate().private_bytes(pem, form, serialization.NoEncryption()).decode()

    assert "openssl pkey" in _refused(LEAF.chain, locked)
    assert "2048 to 8192 bits" in _refused(LEAF.chain, weak)
    assert "P-256" in _refused(LEAF.chain, odd)


def test_a_wildcard_stands_for_one_label() -> None:
    """As clients see it."""
    assert covers(["*.example.com"], "www.example.com")
    assert covers(["*.example.com"], "*.example.com")
    assert not covers(["*.example.com"], "example.com")
    assert not covers(["*.example.com"], "a.b.example.com")
    assert not covers(["www.example.com"], "*.example.com")


@pytest.fixture
def authority() -> Authority:
    made = make_authority("localhost")
    return Authority.read(
        certificate=made.authority["certificate"],
        private_key=made.authority["private_key"],
        zone_key=made.zone["private_key"],
    )


def test_leaves_are_taken_by_who_trusts_the_authority(authority: Authority, tmp_path: Path) -> None:
    """OpenSSL agrees for a name in the zone, and refuses one outside of it."""
    pem = serialization.Encoding.PEM
    plain = serialization.NoEncryption()
    key = authority.zone_key.private_bytes(pem, serialization.PrivateFormat.PKCS8, plain).decode()
    outside = "www.example.com"

    assert _greeting(tmp_path, authority, authority.issue(["hello.localhost"], now=NOW, days=90) + key) == "CN=none"
    with pytest.raises(ssl.SSLCertVerificationError, match="permitted subtree"):
        _greeting(tmp_path, authority, authority.issue([outside], now=NOW, days=90) + key, name=outside)


def _greeting(folder: Path, authority: Authority, pair: str, *, name: str = "hello.localhost") -> str:
    """Shake hands with oneself over a pair of sockets."""
    (folder / "pair.pem").write_text(pair)
    server = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    server.load_cert_chain(folder / "pair.pem")
    client = ssl.create_default_context(cadata=authority.certificate.public_bytes(serialization.Encoding.PEM).decode())
    ours, theirs = socket.socketpair()

    def serve() -> None:
        with theirs:
            try:
                server.wrap_socket(theirs, server_side=True).close()
            except OSError:
                return

    thread = threading.Thread(target=serve)
    thread.start()
    try:
        with ours, client.wrap_socket(ours, server_hostname=name) as wrapped:
            return "CN=none" if not wrapped.getpeercert()["subject"] else "named"  # type: ignore[index]
    finally:
        thread.join()


def test_leaves_do_not_outlive_their_authority(authority: Authority) -> None:
    """Nor begin before it; the mark changes with the authority."""
    leaf = x509.load_pem_x509_certificate(authority.issue(["a.localhost"], now=NOW, days=9999).encode())

    assert leaf.not_valid_after_utc <= authority.certificate.not_valid_after_utc
    assert leaf.not_valid_before_utc >= authority.certificate.not_valid_before_utc
    other = make_authority("localhost")
    again = Authority.read(
        certificate=other.authority["certificate"],
        private_key=other.authority["private_key"],
        zone_key=other.zone["private_key"],
    )
    assert again.mark != authority.mark


def test_an_authority_serves_one_zone_and_not_for_ever(authority: Authority) -> None:
    """Another domain needs another one."""
    pem = authority.certificate.public_bytes(serialization.Encoding.PEM).decode()

    assert is_good(pem, domain="localhost", known_domain="localhost")
    assert not is_good(pem, domain="apps.example.com", known_domain="localhost")
    assert not is_good("nothing", domain="localhost", known_domain="localhost")
    assert authority.certificate.not_valid_after_utc - NOW > timedelta(days=3000)
