"""Writes certificate authorities in the form that Java reads.

The form is Java's own key store, `JKS`, version 2: a header, an entry for each certificate, and a digest over both. It
holds public certificates alone; its password is the one that every Java ships its authorities with.
"""

from __future__ import annotations

import hashlib
import re
import ssl
import struct

_PASSWORD = "changeit"  # noqa: S105 (Java's documented default, which protects nothing)
_MAGIC, _VERSION, _TRUSTED_CERTIFICATE = 0xFEEDFEED, 2, 2
_SALT = b"Mighty Aphrodite"
"""Part of the format."""

_CERTIFICATE = re.compile(r"-----BEGIN CERTIFICATE-----.*?-----END CERTIFICATE-----", re.DOTALL)


def key_store(bundle: str) -> bytes:
    """The key store of a PEM bundle's certificates."""
    found = list(dict.fromkeys(ssl.PEM_cert_to_DER_cert(match[0]) for match in _CERTIFICATE.finditer(bundle)))
    entries = b"".join(_entry(number, certificate) for number, certificate in enumerate(found))
    content = struct.pack(">III", _MAGIC, _VERSION, len(found)) + entries
    # The digest is part of the format and no secret keeps it: nobody relies on its strength.
    digest = hashlib.sha1(_PASSWORD.encode("utf-16-be") + _SALT + content, usedforsecurity=False)
    return content + digest.digest()


def _entry(number: int, certificate: bytes) -> bytes:
    created_ms = 0
    return b"".join(
        (
            struct.pack(">I", _TRUSTED_CERTIFICATE),
            _text(f"authority-{number}"),
            struct.pack(">Q", created_ms),
            _text("X.509"),
            struct.pack(">I", len(certificate)),
            certificate,
        )
    )


def _text(text: str) -> bytes:
    encoded = text.encode()
    return struct.pack(">H", len(encoded)) + encoded
