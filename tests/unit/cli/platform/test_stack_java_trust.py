"""Java's key store, read back by a reader of its own."""

from __future__ import annotations

import base64
import hashlib
import struct

from cli.platform.stack_java_trust import key_store


def pem(content):
    return f"-----BEGIN CERTIFICATE-----\n{base64.encodebytes(content).decode()}-----END CERTIFICATE-----\n"


def certificates(store):
    """The certificates of a key store without its digest."""
    magic, version, count = struct.unpack_from(">III", store)
    assert (magic, version) == (0xFEEDFEED, 2)
    found, at = [], 12
    for _ in range(count):
        (kind,), at = struct.unpack_from(">I", store, at), at + 4
        assert kind == 2
        at += 2 + struct.unpack_from(">H", store, at)[0]
        at += 8
        assert store[at : at + 7] == b"\x00\x05X.509"
        at += 7
        (length,), at = struct.unpack_from(">I", store, at), at + 4
        found.append(store[at : at + length])
        at += length
    assert at == len(store)
    return found


def test_every_certificate_is_there_once():
    """Debian's bundle may hold one twice, and text between them."""
    first, second = b"first" * 100, b"second" * 300

    store = key_store(f"# first\n{pem(first)}\n# second\n{pem(second)}{pem(first)}")

    assert certificates(store[:-20]) == [first, second]


def test_java_can_check_that_it_is_whole():
    """The digest is over Java's usual password and all that comes before."""
    store = key_store(pem(b"x"))

    keyed = "changeit".encode("utf-16-be") + b"Mighty Aphrodite" + store[:-20]
    said = hashlib.sha1(keyed, usedforsecurity=False).digest()
    assert store[-20:] == said
