"""Certificates: what they say and when they are renewed."""

import stat
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from cryptography import x509

from infra.cluster.embedded.pki import Authorities, Leaf

NOW = datetime(2026, 11, 20, tzinfo=UTC)
SERVER = Leaf("server", "ca", "api", groups=("team",), hosts=("10.0.0.2", "kubernetes"))


def made(folder: Path, *, leaf: Leaf = SERVER, now: datetime = NOW) -> bool:
    authorities = Authorities(folder, now=now)
    authorities.ensure_authority("ca")
    return authorities.ensure_leaf(leaf)


def certificate(folder: Path, name: str = "server") -> x509.Certificate:
    return x509.load_pem_x509_certificate((folder / f"{name}.crt").read_bytes())


def test_certificate_carries_user_group_and_hosts(tmp_path: Path) -> None:
    made(tmp_path)
    names = certificate(tmp_path).extensions.get_extension_for_class(x509.SubjectAlternativeName).value

    assert certificate(tmp_path).subject.rfc4514_string() == "CN=api,O=team"
    assert names.get_values_for_type(x509.DNSName) == ["kubernetes"]
    assert [str(ip) for ip in names.get_values_for_type(x509.IPAddress)] == ["10.0.0.2"]
    certificate(tmp_path).verify_directly_issued_by(certificate(tmp_path, "ca"))


def test_keys_are_readable_by_their_owner_only(tmp_path: Path) -> None:
    made(tmp_path / "pki")

    assert stat.S_IMODE((tmp_path / "pki").stat().st_mode) == 0o700
    assert {stat.S_IMODE(file.stat().st_mode) for file in (tmp_path / "pki").glob("*.key")} == {0o600}


@pytest.mark.parametrize(("days", "renewed"), [(0, False), (334, False), (336, True), (400, True)])
def test_certificate_is_renewed_when_less_than_30_days_are_left(tmp_path: Path, days: int, renewed: bool) -> None:
    assert made(tmp_path)

    assert made(tmp_path, now=NOW + timedelta(days=days)) is renewed
    assert certificate(tmp_path).not_valid_after_utc - (NOW + timedelta(days=days)) >= timedelta(days=30)


@pytest.mark.parametrize(
    "leaf",
    [
        Leaf("server", "ca", "other", groups=("team",), hosts=SERVER.hosts),
        Leaf("server", "ca", "api", groups=(), hosts=SERVER.hosts),
        Leaf("server", "ca", "api", groups=("team",), hosts=("10.0.0.3", "kubernetes")),
    ],
)
def test_certificate_that_says_something_else_is_made_anew(tmp_path: Path, leaf: Leaf) -> None:
    made(tmp_path)

    assert made(tmp_path, leaf=leaf)
    assert not made(tmp_path, leaf=leaf)


@pytest.mark.parametrize("damage", ["server.crt", "server.key"])
def test_half_written_pair_is_made_anew(tmp_path: Path, damage: str) -> None:
    made(tmp_path)
    (tmp_path / damage).write_text("-----BEGIN NOTHING-----")

    assert made(tmp_path)
    certificate(tmp_path).verify_directly_issued_by(certificate(tmp_path, "ca"))


def test_new_authority_means_new_certificates(tmp_path: Path) -> None:
    made(tmp_path)
    (tmp_path / "ca.key").unlink()

    assert made(tmp_path)


def test_signer_of_tokens_never_changes(tmp_path: Path) -> None:
    Authorities(tmp_path, now=NOW).ensure_key_pair("tokens")
    first = (tmp_path / "tokens.key").read_bytes()
    Authorities(tmp_path, now=NOW + timedelta(days=9999)).ensure_key_pair("tokens")

    assert (tmp_path / "tokens.key").read_bytes() == first
