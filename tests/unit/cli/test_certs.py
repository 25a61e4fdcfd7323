"""certs and https with their verbs."""

from __future__ import annotations

from cryptography import x509
from cryptography.hazmat.primitives.serialization import load_pem_private_key

CERT = {
    "cert_domains": ["www.example.com"],
    "expires_at": "2027-01-01T00:00:00Z",
    "starts_at": "2026-01-01T00:00:00Z",
    "issuer": "CN=authority",
    "subject": "CN=www.example.com",
    "self_signed?": False,
}
ENDPOINT = {"id": "e1", "name": "quiet-harbor-1", "ssl_cert": CERT, "updated_at": "2026-03-01T11:00:00Z"}
DOMAIN = {"hostname": "www.example.com", "sni_endpoint": {"id": "e1", "name": "quiet-harbor-1"}}


def test_certificates_are_listed(cli, host):
    """Name, names, end and kind."""
    host.on("GET", "/apps/hello/sni-endpoints", [ENDPOINT])

    assert cli("certs").out.splitlines()[1] == "quiet-harbor-1  www.example.com  2027-01-01T00:00:00Z  brought"


def test_a_certificate_is_brought_from_two_files(cli, host):
    """And what came of it is shown."""
    (cli.folder / "a.crt").write_text("chain")
    (cli.folder / "a.key").write_text("key")
    host.on("POST", "/apps/hello/sni-endpoints", ENDPOINT, status=201)
    host.on("GET", "/apps/hello/domains", [DOMAIN])

    result = cli("certs:add", str(cli.folder / "a.crt"), str(cli.folder / "a.key"))

    assert result.status == 0
    assert host.bodies("POST", "/apps/hello/sni-endpoints") == [{"certificate_chain": "chain", "private_key": "key"}]
    assert "Domain(s):" in result.out
    assert cli("certs:add", "nowhere.crt", "nowhere.key").status == 1


def test_one_of_several_has_to_be_named(cli, host):
    """And a removal to be confirmed."""
    host.on("GET", "/apps/hello/sni-endpoints", [ENDPOINT, ENDPOINT | {"name": "other"}])
    host.on("DELETE", "/apps/hello/sni-endpoints/other", ENDPOINT)

    assert "choose one by --name: quiet-harbor-1, other" in cli("certs:remove").err
    assert "--confirm hello" in cli("certs:remove", "--name", "other").err
    assert cli("certs:remove", "--name", "other", "--confirm", "hello").status == 0


def test_a_key_and_a_request_are_made(cli, host, monkeypatch):
    """In this folder, the key for its owner alone; what is there already is kept."""
    monkeypatch.chdir(cli.folder)

    result = cli("certs:generate", "*.example.com")

    assert result.out == "_wildcard.example.com.key\n_wildcard.example.com.csr\n"
    key = load_pem_private_key((cli.folder / "_wildcard.example.com.key").read_bytes(), None)
    request = x509.load_pem_x509_csr((cli.folder / "_wildcard.example.com.csr").read_bytes())
    assert request.public_key() == key.public_key()
    assert (cli.folder / "_wildcard.example.com.key").stat().st_mode & 0o777 == 0o600
    assert "exists already" in cli("certs:generate", "*.example.com").err
    assert "not a host name" in cli("certs:generate", "a..b").err


def test_a_self_signed_one_may_be_added_at_once(cli, host, monkeypatch):
    """One step for trying things out."""
    monkeypatch.chdir(cli.folder)
    host.on("POST", "/apps/hello/sni-endpoints", ENDPOINT, status=201)

    assert cli("certs:generate", "www.example.com", "--selfsigned", "--now").status == 0
    sent = host.bodies("POST", "/apps/hello/sni-endpoints")[0]
    assert x509.load_pem_x509_certificate(sent["certificate_chain"].encode()).subject.rfc4514_string() == (
        "CN=www.example.com"
    )


def test_https_is_shown_and_switched(cli, host):
    """on, off, and a number of seconds."""
    host.on("GET", "/apps/hello/https", {"force": True, "hsts": 300})
    host.on("PATCH", "/apps/hello/https", {"force": True, "hsts": 300})

    assert cli("https").out == "=== hello HTTPS\nForce: on\nHSTS:  300 seconds\n"
    for words in (("https:force", "off"), ("https:hsts", "on"), ("https:hsts", "300"), ("https:hsts", "off")):
        assert cli(*words).status == 0
    assert cli("https:hsts", "soon").status == 2
    assert host.bodies("PATCH", "/apps/hello/https") == [
        {"force": False},
        {"hsts": 31_536_000},
        {"hsts": 300},
        {"hsts": 0},
    ]
