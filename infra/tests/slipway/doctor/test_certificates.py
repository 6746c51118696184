"""Certificates that ended, end soon, or are none."""

import base64
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
import yaml
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from infra.slipway.doctor import certificates

NOW = datetime(2026, 1, 1, tzinfo=UTC)


def pem(*, days: int) -> bytes:
    """A certificate that ends `days` after NOW."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "test")])
    built = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(NOW - timedelta(days=900))
        .not_valid_after(NOW + timedelta(days=days))
        .sign(key, hashes.SHA256())
    )
    return built.public_bytes(serialization.Encoding.PEM)


@pytest.mark.parametrize(
    ("days", "level", "said"),
    [(-1, "fail", "expired on 2025-12-31"), (10, "warn", "in 10 days"), (300, "ok", "valid until")],
)
def test_the_end_of_a_certificate_is_judged(days: int, level: str, said: str) -> None:
    (finding,) = certificates.certificate("authority", pem(days=days), now=NOW)

    assert finding.level == level
    assert said in finding.message


def test_both_certificates_of_a_kubeconfig_are_judged(tmp_path: Path) -> None:
    content = {
        "clusters": [{"cluster": {"certificate-authority-data": base64.b64encode(pem(days=900)).decode()}}],
        "users": [{"user": {"client-certificate-data": base64.b64encode(pem(days=-5)).decode()}}],
    }
    (tmp_path / "kubeconfig").write_text(yaml.safe_dump(content))

    found = certificates.kubeconfig(tmp_path / "kubeconfig", now=NOW)

    assert [(f.subject, f.level) for f in found] == [("certificate-authority", "ok"), ("client-certificate", "fail")]


def test_what_is_no_certificate_is_told(tmp_path: Path) -> None:
    (tmp_path / "kubeconfig").write_text("users: [{user: {client-certificate-data: '%%%'}}]")

    (finding,) = certificates.kubeconfig(tmp_path / "kubeconfig", now=NOW)

    assert (finding.level, "is no certificate" in finding.message) == ("fail", True)


def test_a_kubeconfig_that_is_not_there_is_told(tmp_path: Path) -> None:
    (finding,) = certificates.kubeconfig(tmp_path / "none", now=NOW)

    assert (finding.level, finding.remedy) == ("fail", "make up")
