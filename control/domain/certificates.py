"""Certificates: what people may bring, what is read from them, and leaves of the platform's own authority."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from cryptography import x509
from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.x509.oid import ExtendedKeyUsageOID

from control.domain.domains import WILDCARD
from control.domain.rules import BrokenRule

MOST_CHAIN = 64 * 1024
MOST_KEY = 16 * 1024
"""Characters."""
_MOST_CERTIFICATES = 10
_RSA_BITS = range(2048, 8193)
_CURVES = (ec.SECP256R1, ec.SECP384R1, ec.SECP521R1)
_BEGIN = "-----BEGIN CERTIFICATE-----"

Private = rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey


@dataclass(frozen=True, kw_only=True)
class SniEndpoint:
    """A certificate of an app; its private key lies in Vault alone, under (app, id, version)."""

    id: str
    app_id: str
    name: str
    version: int
    """Raised by every new pair, so that what is in Vault is never overwritten."""
    certificate_chain: str
    """PEM, the app's own certificate first."""
    cert_domains: tuple[str, ...]
    issuer: str
    subject: str
    self_signed: bool
    starts_at: datetime
    expires_at: datetime
    acm: bool
    """Whether the platform got it, and will get the next one."""
    created_at: datetime
    updated_at: datetime

    def covers(self, hostname: str) -> bool:
        """Whether it is good for a name, or for the wildcard that a domain is."""
        return covers(self.cert_domains, hostname)


@dataclass(frozen=True, kw_only=True)
class Facts:
    """What a checked pair says."""

    certificate_chain: str
    cert_domains: tuple[str, ...]
    issuer: str
    subject: str
    self_signed: bool
    starts_at: datetime
    expires_at: datetime


def covers(names: Sequence[str], hostname: str) -> bool:
    """Whether a certificate's names have this one; a wildcard stands for one label (RFC 6125 §6.4.3)."""
    return hostname in names or WILDCARD + hostname.partition(".")[2] in names


def check_pair(chain: str, private_key: str, *, now: datetime) -> Facts:
    """Check a chain and its key, and put the chain in order. Raises BrokenRule with what to do about it."""
    key = _read_key(private_key)
    ordered = _in_order(_read_chain(chain), key)
    leaf = ordered[0]
    for each in ordered:
        name = _name(each.subject) or "without a name"
        if each.not_valid_after_utc <= now:
            raise BrokenRule(f"The certificate {name} expired on {each.not_valid_after_utc:%Y-%m-%d}; renew it.")
        if each.not_valid_before_utc > now + timedelta(days=1):
            raise BrokenRule(f"The certificate {name} is valid from {each.not_valid_before_utc:%Y-%m-%d} on only.")
    names = _names_of(leaf)
    if not names:
        raise BrokenRule(
            "The certificate names no host in its subjectAltName, so no browser takes it; ask for one with the app's "
            "domains there."
        )
    return Facts(
        certificate_chain="".join(each.public_bytes(serialization.Encoding.PEM).decode() for each in ordered),
        cert_domains=names,
        issuer=leaf.issuer.rfc4514_string(),
        subject=leaf.subject.rfc4514_string(),
        self_signed=leaf.issuer == leaf.subject,
        starts_at=leaf.not_valid_before_utc,
        expires_at=leaf.not_valid_after_utc,
    )


def fingerprint(chain: str) -> str:
    """SHA-256 of the first certificate of a chain, in hex with colons."""
    return x509.load_pem_x509_certificate(chain.encode()).fingerprint(hashes.SHA256()).hex(":").upper()


def _read_key(text: str) -> Private:
    if len(text) > MOST_KEY:
        raise BrokenRule(f"The private key has more than {MOST_KEY >> 10} kB, and no key has.")
    try:
        key = serialization.load_pem_private_key(text.encode(), password=None)
    except TypeError:
        raise BrokenRule(
            "The private key is encrypted, and the router cannot type a passphrase; decrypt it with "
            "`openssl pkey -in encrypted.key -out server.key` and give that file."
        ) from None
    except (ValueError, UnsupportedAlgorithm):
        raise BrokenRule(
            "The private key is no PEM that can be read; it begins with -----BEGIN PRIVATE KEY----- or the like."
        ) from None
    if isinstance(key, rsa.RSAPrivateKey) and key.key_size in _RSA_BITS:
        return key
    if isinstance(key, ec.EllipticCurvePrivateKey) and isinstance(key.curve, _CURVES):
        return key
    raise BrokenRule("The private key must be RSA of 2048 to 8192 bits, or of one of the curves P-256, P-384, P-521.")


def _read_chain(text: str) -> list[x509.Certificate]:
    if len(text) > MOST_CHAIN or text.count(_BEGIN) > _MOST_CERTIFICATES:
        raise BrokenRule(
            f"The chain may have {_MOST_CERTIFICATES} certificates and {MOST_CHAIN >> 10} kB; give the app's own and "
            "those between it and the root."
        )
    if "PRIVATE KEY-----" in text:
        raise BrokenRule("The chain holds a private key; give certificates in the one file and the key in the other.")
    try:
        found = x509.load_pem_x509_certificates(text.encode())
        for each in found:
            each.extensions  # noqa: B018 - what is broken in them shows only when they are read
    except ValueError:
        raise BrokenRule(
            "The chain is no PEM that can be read; it is one or more blocks that begin with " + _BEGIN + "."
        ) from None
    return found


def _in_order(found: list[x509.Certificate], key: Private) -> list[x509.Certificate]:
    """The certificate of the key, then its issuer, and so on; roots may be left out. In whatever order they came."""
    public = _public_bytes(key.public_key())
    rest = list({each.fingerprint(hashes.SHA256()): each for each in found}.values())
    leaf = next((each for each in rest if _public_bytes(each.public_key()) == public), None)
    if leaf is None:
        raise BrokenRule(
            "The private key belongs to none of the certificates; give the key that the request was made with."
        )
    ordered = [leaf]
    rest.remove(leaf)
    while rest:
        above = next((each for each in rest if _issued(ordered[-1], each)), None)
        if above is None:
            raise BrokenRule(
                f"The chain has a gap after {_name(ordered[-1].subject)}: none of the others signed it; add what is "
                "missing, and leave out what does not belong to it."
            )
        ordered.append(above)
        rest.remove(above)
    return ordered


def _issued(child: x509.Certificate, parent: x509.Certificate) -> bool:
    try:
        child.verify_directly_issued_by(parent)
    except (ValueError, TypeError, InvalidSignature, UnsupportedAlgorithm):
        return False
    return True


def _public_bytes(key: object) -> bytes:
    form = serialization.PublicFormat.SubjectPublicKeyInfo
    return key.public_bytes(serialization.Encoding.DER, form)  # type: ignore[attr-defined,no-any-return]


def _names_of(leaf: x509.Certificate) -> tuple[str, ...]:
    try:
        names = leaf.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    except x509.ExtensionNotFound:
        return ()
    return tuple(dict.fromkeys(name.lower() for name in names.get_values_for_type(x509.DNSName)))


def _name(name: x509.Name) -> str:
    return name.rfc4514_string()[:80]


@dataclass(frozen=True, kw_only=True)
class Authority:
    """The platform's own, which signs certificates for names below the platform's domain."""

    certificate: x509.Certificate
    private_key: ec.EllipticCurvePrivateKey
    zone_key: ec.EllipticCurvePrivateKey
    """Of all of them: the router has one key for the whole zone."""

    @classmethod
    def read(cls, *, certificate: str, private_key: str, zone_key: str) -> Authority:
        """Read PEM texts. Raises ValueError."""
        keys = [serialization.load_pem_private_key(each.encode(), password=None) for each in (private_key, zone_key)]
        if not all(isinstance(each, ec.EllipticCurvePrivateKey) for each in keys):
            raise ValueError("the authority's keys are of another kind")
        found = x509.load_pem_x509_certificate(certificate.encode())
        return cls(certificate=found, private_key=keys[0], zone_key=keys[1])  # type: ignore[arg-type]

    @property
    def mark(self) -> str:
        """Changes with the authority and with the zone's key: leaves of another mark are worth nothing."""
        digest = hashes.Hash(hashes.SHA256())
        digest.update(self.certificate.fingerprint(hashes.SHA256()))
        digest.update(_public_bytes(self.zone_key.public_key()))
        return digest.finalize().hex()[:16]

    def issue(self, hosts: Sequence[str], *, now: datetime, days: int) -> str:
        """A certificate for these names, as PEM."""
        key_ids = x509.AuthorityKeyIdentifier.from_issuer_public_key(self.private_key.public_key())
        starts = max(now.astimezone(UTC) - timedelta(hours=1), self.certificate.not_valid_before_utc)
        ends = min(starts + timedelta(days=days), self.certificate.not_valid_after_utc)
        made = (
            x509.CertificateBuilder()
            # A common name may have 64 characters only, and clients do not read it: the names are below.
            .subject_name(x509.Name([]))
            .issuer_name(self.certificate.subject)
            .public_key(self.zone_key.public_key())
            .serial_number(x509.random_serial_number())
            .not_valid_before(starts)
            .not_valid_after(ends)
            .add_extension(x509.SubjectAlternativeName([x509.DNSName(host) for host in hosts]), critical=True)
            .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
            .add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH]), critical=False)
            .add_extension(key_ids, critical=False)
            .sign(self.private_key, hashes.SHA256())
        )
        return made.public_bytes(serialization.Encoding.PEM).decode()
