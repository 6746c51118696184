"""The instance's own certificate authorities and every certificate they sign."""

import ipaddress
import os
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

CA_LIFE = timedelta(days=3650)
LEAF_LIFE = timedelta(days=365)
RENEW_BEFORE = timedelta(days=30)
# Clocks of a restored machine may be a little behind.
BACKDATE = timedelta(hours=1)


@dataclass(frozen=True)
class Leaf:
    """What one certificate must say; `groups` become organisations, which Kubernetes reads as groups."""

    file: str
    authority: str
    name: str
    groups: tuple[str, ...] = ()
    hosts: tuple[str, ...] = ()
    life: timedelta = LEAF_LIFE


class Authorities:
    """Certificates in one folder; what is missing, wrong or close to its end is made anew."""

    def __init__(self, folder: Path, *, now: datetime) -> None:
        self._folder = folder
        self._now = now
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)

    def ensure_authority(self, name: str) -> None:
        """A self-signed authority `<name>.crt`, `<name>.key`."""
        have = self._load(name)
        if have and self._lasting(have[0]):
            return
        key = ec.generate_private_key(ec.SECP256R1())
        subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, f"slipway-{name}")])
        certificate = (
            self._builder(subject, subject, key.public_key(), CA_LIFE)
            .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
            .add_extension(_key_usage(ca=True), critical=True)
            .sign(key, hashes.SHA256())
        )
        self._write(name, key, certificate)

    def ensure_leaf(self, leaf: Leaf) -> bool:
        """The certificate `leaf` describes; True when it was made anew."""
        authority = self._load(leaf.authority)
        if authority is None:
            raise ValueError(f"authority {leaf.authority} does not exist yet")
        have = self._load(leaf.file)
        if have and self._lasting(have[0]) and matches(have[0], leaf, authority[0]):
            return False
        key = ec.generate_private_key(ec.SECP256R1())
        builder = (
            self._builder(_subject(leaf), authority[0].subject, key.public_key(), leaf.life)
            .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
            .add_extension(_key_usage(ca=False), critical=True)
            .add_extension(
                x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH, ExtendedKeyUsageOID.CLIENT_AUTH]),
                critical=False,
            )
        )
        if leaf.hosts:
            builder = builder.add_extension(_names(leaf.hosts), critical=False)
        self._write(leaf.file, key, builder.sign(authority[1], hashes.SHA256()))
        return True

    def ensure_key_pair(self, name: str) -> None:
        """A bare key pair `<name>.key`, `<name>.pub`: the signer of service-account tokens."""
        if (self._folder / f"{name}.key").is_file() and (self._folder / f"{name}.pub").is_file():
            return
        key = ec.generate_private_key(ec.SECP256R1())
        public = key.public_key().public_bytes(
            serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo
        )
        write_private(self._folder / f"{name}.key", _pem(key))
        write_private(self._folder / f"{name}.pub", public)

    def _builder(
        self, subject: x509.Name, issuer: x509.Name, key: ec.EllipticCurvePublicKey, life: timedelta
    ) -> x509.CertificateBuilder:
        return (
            x509.CertificateBuilder()
            .subject_name(subject)
            .issuer_name(issuer)
            .public_key(key)
            .serial_number(x509.random_serial_number())
            .not_valid_before(self._now - BACKDATE)
            .not_valid_after(self._now + life)
            .add_extension(x509.SubjectKeyIdentifier.from_public_key(key), critical=False)
        )

    def _lasting(self, certificate: x509.Certificate) -> bool:
        life = certificate.not_valid_after_utc - certificate.not_valid_before_utc
        margin = min(RENEW_BEFORE, life / 2)
        return certificate.not_valid_before_utc <= self._now < certificate.not_valid_after_utc - margin

    def _load(self, name: str) -> tuple[x509.Certificate, ec.EllipticCurvePrivateKey] | None:
        try:
            certificate = x509.load_pem_x509_certificate((self._folder / f"{name}.crt").read_bytes())
            key = serialization.load_pem_private_key((self._folder / f"{name}.key").read_bytes(), password=None)
        except (OSError, ValueError):
            return None
        if not isinstance(key, ec.EllipticCurvePrivateKey) or certificate.public_key() != key.public_key():
            return None  # a kill between the two writes
        return certificate, key

    def _write(self, name: str, key: ec.EllipticCurvePrivateKey, certificate: x509.Certificate) -> None:
        write_private(self._folder / f"{name}.key", _pem(key))
        write_private(self._folder / f"{name}.crt", certificate.public_bytes(serialization.Encoding.PEM))


def matches(certificate: x509.Certificate, leaf: Leaf, authority: x509.Certificate) -> bool:
    """Whether a certificate says what `leaf` wants and `authority` signed it."""
    try:
        certificate.verify_directly_issued_by(authority)
    except (InvalidSignature, ValueError, TypeError):
        return False
    if certificate.subject != _subject(leaf):
        return False
    try:
        names = certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    except x509.ExtensionNotFound:
        return not leaf.hosts
    return names == _names(leaf.hosts)


def addresses_in(file: Path) -> tuple[str, ...]:
    """The addresses a certificate is made for, in its order; none when it cannot be read."""
    try:
        certificate = x509.load_pem_x509_certificate(file.read_bytes())
        names = certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    except (OSError, ValueError, x509.ExtensionNotFound):
        return ()
    return tuple(str(address) for address in names.get_values_for_type(x509.IPAddress))


def write_private(file: Path, content: bytes) -> None:
    """Replace `file` at once, readable by root only."""
    temporary = file.with_name(f".{file.name}.new")
    temporary.unlink(missing_ok=True)
    with os.fdopen(os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as stream:
        stream.write(content)
    temporary.replace(file)


def _subject(leaf: Leaf) -> x509.Name:
    groups = [x509.NameAttribute(NameOID.ORGANIZATION_NAME, group) for group in leaf.groups]
    return x509.Name([*groups, x509.NameAttribute(NameOID.COMMON_NAME, leaf.name)])


def _names(hosts: tuple[str, ...]) -> x509.SubjectAlternativeName:
    return x509.SubjectAlternativeName([_name(host) for host in hosts])


def _name(host: str) -> x509.GeneralName:
    try:
        return x509.IPAddress(ipaddress.ip_address(host))
    except ValueError:
        return x509.DNSName(host)


def _pem(key: ec.EllipticCurvePrivateKey) -> bytes:
    return key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )


def _key_usage(*, ca: bool) -> x509.KeyUsage:
    return x509.KeyUsage(
        digital_signature=True,
        content_commitment=False,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        key_cert_sign=ca,
        crl_sign=ca,
        encipher_only=False,
        decipher_only=False,
    )
