"""The instance's own certificate authority: good for names in its zone alone, so that trusting it risks nothing else.

Its key lies in Vault, where the control plane reads it; the certificate lies in HOME for whoever wants to trust it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

_LIFE = timedelta(days=3650)
_RENEWED_BEFORE = timedelta(days=400)


@dataclass(frozen=True, kw_only=True)
class AuthoritySecrets:
    """What goes to Vault, below `platform/`."""

    authority: Mapping[str, str]
    """`domain`, `certificate`, `private_key`."""
    zone: Mapping[str, str]
    """`private_key` of every name in the zone."""


def make_authority(domain: str) -> AuthoritySecrets:
    """Make a new one for a zone, which may sign names of that zone alone (RFC 5280 §4.2.1.10)."""
    private = ec.generate_private_key(ec.SECP256R1())
    public = private.public_key()
    subject = x509.Name(
        [
            x509.NameAttribute(NameOID.ORGANIZATION_NAME, "nomapaas"),
            x509.NameAttribute(NameOID.COMMON_NAME, f"nomapaas authority of {domain}"[:64]),
        ]
    )
    now = datetime.now(UTC)
    usage = x509.KeyUsage(
        digital_signature=False,
        content_commitment=False,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        key_cert_sign=True,
        crl_sign=True,
        encipher_only=False,
        decipher_only=False,
    )
    constraints = x509.NameConstraints(permitted_subtrees=[x509.DNSName(domain)], excluded_subtrees=None)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(subject)
        .public_key(public)
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(hours=1))
        .not_valid_after(now + _LIFE)
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .add_extension(usage, critical=True)
        .add_extension(constraints, critical=True)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(public), critical=False)
        .sign(private, hashes.SHA256())
    )
    return AuthoritySecrets(
        authority={
            "domain": domain,
            "certificate": certificate.public_bytes(serialization.Encoding.PEM).decode(),
            "private_key": _pem(private),
        },
        zone={"private_key": _pem(ec.generate_private_key(ec.SECP256R1()))},
    )


def is_good(certificate: str, *, domain: str, known_domain: str) -> bool:
    """Whether an authority that is there still serves this zone."""
    try:
        found = x509.load_pem_x509_certificate(certificate.encode())
    except ValueError:
        return False
    return domain == known_domain and datetime.now(UTC) < found.not_valid_after_utc - _RENEWED_BEFORE


def _pem(key: ec.EllipticCurvePrivateKey) -> str:
    form = serialization.PrivateFormat.PKCS8
    return key.private_bytes(serialization.Encoding.PEM, form, serialization.NoEncryption()).decode()
