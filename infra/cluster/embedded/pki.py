"""The instance's own certificate authorities and every certificate they sign."""

import os
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

from infra.lib.x509 import alternatives, authority, name_of, new_key, private_pem
from infra.lib.x509 import leaf as x509_leaf

CA_LIFE = timedelta(days=3650)
LEAF_LIFE = timedelta(days=365)
RENEW_BEFORE = timedelta(days=30)


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
        key = new_key()
        subject = name_of(f"slipway-{name}")
        certificate = authority(subject, key.public_key(), now=self._now, life=CA_LIFE).sign(key, hashes.SHA256())
        self._write(name, key, certificate)

    def ensure_leaf(self, leaf: Leaf) -> bool:
        """The certificate `leaf` describes; True when it was made anew."""
        signer = self._load(leaf.authority)
        if signer is None:
            raise ValueError(f"authority {leaf.authority} does not exist yet")
        have = self._load(leaf.file)
        if have and self._lasting(have[0]) and matches(have[0], leaf, signer[0]):
            return False
        key = new_key()
        builder = x509_leaf(_subject(leaf), signer[0].subject, key.public_key(), now=self._now, life=leaf.life)
        if leaf.hosts:
            builder = builder.add_extension(alternatives(leaf.hosts), critical=False)
        self._write(leaf.file, key, builder.sign(signer[1], hashes.SHA256()))
        return True

    def ensure_key_pair(self, name: str) -> None:
        """A bare key pair `<name>.key`, `<name>.pub`: the signer of service-account tokens."""
        if (self._folder / f"{name}.key").is_file() and (self._folder / f"{name}.pub").is_file():
            return
        key = new_key()
        public = key.public_key().public_bytes(
            serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo
        )
        write_private(self._folder / f"{name}.key", private_pem(key))
        write_private(self._folder / f"{name}.pub", public)

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
        write_private(self._folder / f"{name}.key", private_pem(key))
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
    return names == alternatives(leaf.hosts)


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
    return name_of(leaf.name, leaf.groups)
