"""Keys and certificate requests, made where the CLI runs: the key is nobody else's before it is used."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import idna
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from cli.errors import CLIError

_DAYS = 365


def new_key() -> ec.EllipticCurvePrivateKey:
    """A key of the kind that every authority and browser takes."""
    return ec.generate_private_key(ec.SECP256R1())


def pem_of(key: ec.EllipticCurvePrivateKey) -> str:
    """The key as PEM, not encrypted: the router cannot type a passphrase."""
    form = serialization.PrivateFormat.PKCS8
    return key.private_bytes(serialization.Encoding.PEM, form, serialization.NoEncryption()).decode()


def make_request(domain: str, key: ec.EllipticCurvePrivateKey) -> str:
    """A certificate request for one name (PKCS #10, PEM). Raises CLIError."""
    names, subject = _names(domain)
    request = x509.CertificateSigningRequestBuilder().subject_name(subject).add_extension(names, critical=False)
    return request.sign(key, hashes.SHA256()).public_bytes(serialization.Encoding.PEM).decode()


def make_self_signed(domain: str, key: ec.EllipticCurvePrivateKey) -> str:
    """A certificate for one name that nobody but its owner has reason to trust (PEM). Raises CLIError."""
    names, subject = _names(domain)
    now = datetime.now(UTC)
    made = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(hours=1))
        .not_valid_after(now + timedelta(days=_DAYS))
        .add_extension(names, critical=False)
        .sign(key, hashes.SHA256())
    )
    return made.public_bytes(serialization.Encoding.PEM).decode()


def _names(domain: str) -> tuple[x509.SubjectAlternativeName, x509.Name]:
    wildcard = "*." if domain.startswith("*.") else ""
    try:
        name = wildcard + idna.encode(domain.removeprefix("*."), uts46=True, std3_rules=True).decode()
        subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)] if len(name) <= 64 else [])
        return x509.SubjectAlternativeName([x509.DNSName(name)]), subject
    except (idna.IDNAError, UnicodeError, ValueError) as error:
        raise CLIError(f"{domain} is not a host name; give one such as www.example.com.") from error
