"""What a build fetches for a user."""

from __future__ import annotations

import socket

import pytest

from buildpacks.slugc import fetch
from buildpacks.slugc.exit_codes import BuildError, ExitCode

CODE = ExitCode.SOURCE_MISSING


def download(url, tmp_path, **changed):
    fetch.download(url, tmp_path / "x", **{"limit": 100, "private": False, "code": CODE, **changed})


@pytest.mark.parametrize(
    "url", ["http://example.com/x", "ftp://example.com/x", "file:///etc/passwd", "https:///x", "x"]
)
def test_only_https(url, tmp_path):
    """Nothing else is fetched."""
    with pytest.raises(BuildError, match="is not an https URL"):
        download(url, tmp_path)


def test_no_passwords_in_urls(tmp_path):
    """They would show in logs."""
    with pytest.raises(BuildError, match="A URL with a password"):
        download("https://user:secret@example.com/x", tmp_path)


@pytest.mark.parametrize(
    "address",
    ["127.0.0.1", "10.1.2.3", "192.168.0.1", "169.254.169.254", "::1", "fe80::1%eth0", "fd00::1", "::ffff:10.0.0.1",
     "100.64.0.1", "224.0.0.1", "0.0.0.0"],
)  # fmt: skip
def test_addresses_inside_are_refused(monkeypatch, tmp_path, address):
    """A build must not be a way into the network that it runs in."""
    answer = [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (address, 443))]
    monkeypatch.setattr(socket, "getaddrinfo", lambda *_, **__: answer)

    with pytest.raises(BuildError, match="an address inside this network"):
        download("https://example.com/x", tmp_path)


def test_one_inside_address_among_public_ones_is_enough(monkeypatch):
    """A name server may mix them."""
    answer = [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (each, 443)) for each in ("93.184.216.34", "10.0.0.1")]
    monkeypatch.setattr(socket, "getaddrinfo", lambda *_, **__: answer)

    with pytest.raises(BuildError):
        fetch.public_address("example.com", 443, private=False, code=CODE)


def test_a_setting_allows_them(monkeypatch):
    """For a git server of one's own."""
    answer = [(socket.AF_INET, socket.SOCK_STREAM, 6, "", ("10.0.0.1", 443))]
    monkeypatch.setattr(socket, "getaddrinfo", lambda *_, **__: answer)

    assert fetch.public_address("git.example.com", 443, private=True, code=CODE) == "10.0.0.1"


def test_the_connection_goes_to_the_checked_address(monkeypatch, tmp_path):
    """The name is not resolved a second time."""
    asked = []
    answer = [(socket.AF_INET, socket.SOCK_STREAM, 6, "", ("93.184.216.34", 443))]
    monkeypatch.setattr(socket, "getaddrinfo", lambda *_, **__: answer)

    def connect(address, *_):
        asked.append(address)
        raise ConnectionRefusedError

    monkeypatch.setattr(socket, "create_connection", connect)

    with pytest.raises(BuildError, match="cannot be fetched"):
        download("https://example.com/x", tmp_path)
    assert asked == [("93.184.216.34", 443)]
