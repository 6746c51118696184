"""What every certificate of ours says, whoever makes it."""

from datetime import UTC, datetime, timedelta

import pytest
from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.x509.oid import NameOID

from infra.lib.x509 import BACKDATE, alternatives, authority, leaf, name_of, new_key, private_pem

NOW, LIFE = datetime(2026, 11, 21, tzinfo=UTC), timedelta(days=30)


def test_an_authority_signs_leaves_and_no_other_authority() -> None:
    signer, key = new_key(), new_key()
    root = authority(name_of("root"), signer.public_key(), now=NOW, life=LIFE).sign(signer, hashes.SHA256())
    made = leaf(name_of("server", ["group"]), root.subject, key.public_key(), now=NOW, life=LIFE)
    server = made.sign(signer, hashes.SHA256())

    server.verify_directly_issued_by(root)
    told = [each.extensions.get_extension_for_class(x509.BasicConstraints).value for each in (root, server)]
    assert [(each.ca, each.path_length) for each in told] == [(True, 0), (False, None)]
    signs = [each.extensions.get_extension_for_class(x509.KeyUsage).value.key_cert_sign for each in (root, server)]
    assert signs == [True, False]
    assert [each.value for each in server.subject.get_attributes_for_oid(NameOID.ORGANIZATION_NAME)] == ["group"]
    assert (server.not_valid_before_utc, server.not_valid_after_utc) == (NOW - BACKDATE, NOW + LIFE)
    forged = made.sign(new_key(), hashes.SHA256())
    with pytest.raises(InvalidSignature):
        forged.verify_directly_issued_by(root)


def test_an_address_is_an_address_and_a_name_a_name() -> None:
    told = alternatives(["127.0.0.1", "::1", "vault.vault.svc", "*.example.com"])

    assert [str(each) for each in told.get_values_for_type(x509.IPAddress)] == ["127.0.0.1", "::1"]
    assert told.get_values_for_type(x509.DNSName) == ["vault.vault.svc", "*.example.com"]


def test_a_key_is_read_back() -> None:
    key = new_key()

    found = serialization.load_pem_private_key(private_pem(key), password=None)

    assert found.public_key() == key.public_key()
