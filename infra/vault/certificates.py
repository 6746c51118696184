"""Vault's certificate and the authority that signed it, whose key is forgotten at once."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes, serialization

from infra.lib.x509 import alternatives, authority, leaf, name_of, new_key, private_pem

LIFE, RENEW_BEFORE = timedelta(days=825), timedelta(days=60)


@dataclass(frozen=True)
class Pair:
    """PEM of the authority's certificate, the server's, and the server's key."""

    authority: bytes
    certificate: bytes
    key: bytes


def make(names: tuple[str, ...], *, now: datetime) -> Pair:
    """A new authority and a server's certificate for these names and addresses."""
    signer, key = new_key(), new_key()
    issuer = name_of("slipway-vault-ca")
    root = authority(issuer, signer.public_key(), now=now, life=LIFE).sign(signer, hashes.SHA256())
    server = (
        leaf(name_of("vault"), issuer, key.public_key(), now=now, life=LIFE)
        .add_extension(alternatives(names), critical=False)
        .add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(signer.public_key()), critical=False)
        .sign(signer, hashes.SHA256())
    )
    return Pair(_pem(root), _pem(server), private_pem(key))


def lasts(pair: Pair, names: tuple[str, ...], *, now: datetime) -> bool:
    """Whether it is still good for these names, with time left to renew it."""
    try:
        root, server = (x509.load_pem_x509_certificate(each) for each in (pair.authority, pair.certificate))
        key = serialization.load_pem_private_key(pair.key, password=None)
        server.verify_directly_issued_by(root)
        told = server.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    except (ValueError, TypeError, InvalidSignature, x509.ExtensionNotFound):
        return False
    return (
        server.public_key() == key.public_key()
        and told == alternatives(names)
        and all(now < each.not_valid_after_utc - RENEW_BEFORE for each in (root, server))
    )


def _pem(certificate: x509.Certificate) -> bytes:
    return certificate.public_bytes(serialization.Encoding.PEM)
