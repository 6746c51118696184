"""Vault's certificate: good for its names, renewed in time, its authority's key kept nowhere."""

from datetime import UTC, datetime, timedelta

import pytest
from cryptography import x509

from infra.vault.certificates import LIFE, RENEW_BEFORE, Pair, lasts, make

NOW = datetime(2026, 11, 21, tzinfo=UTC)
NAMES = ("vault.vault.svc", "*.vault-internal.vault.svc", "127.0.0.1")
PAIR = make(NAMES, now=NOW)


def test_it_says_its_names_and_its_authority_signed_it() -> None:
    authority, server = (x509.load_pem_x509_certificate(pem) for pem in (PAIR.authority, PAIR.certificate))
    server.verify_directly_issued_by(authority)
    told = server.extensions.get_extension_for_class(x509.SubjectAlternativeName).value

    assert told.get_values_for_type(x509.DNSName) == list(NAMES[:2])
    assert authority.extensions.get_extension_for_class(x509.BasicConstraints).value.ca


@pytest.mark.parametrize(
    ("pair", "names", "after"),
    [
        (PAIR, NAMES[:2], timedelta()),  # for other names
        (PAIR, NAMES, LIFE - RENEW_BEFORE + timedelta(hours=1)),  # near its end
        (Pair(PAIR.authority, PAIR.certificate, make(NAMES, now=NOW).key), NAMES, timedelta()),  # another's key
        (Pair(make(NAMES, now=NOW).authority, PAIR.certificate, PAIR.key), NAMES, timedelta()),  # another authority's
        (Pair(b"", b"", b""), NAMES, timedelta()),  # none yet
    ],
)
def test_one_that_is_no_good_is_made_anew(pair: Pair, names: tuple[str, ...], after: timedelta) -> None:
    assert lasts(PAIR, NAMES, now=NOW)
    assert not lasts(pair, names, now=NOW + after)
