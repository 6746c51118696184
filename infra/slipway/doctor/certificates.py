"""Certificates that end: after the day nothing can talk to the API server any more."""

import base64
import binascii
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import yaml
from cryptography import x509

from infra.lib.findings import Finding

WARNING = timedelta(days=30)


@dataclass(frozen=True)
class Meaning:
    """What the end of a certificate brings, and what helps."""

    then: str
    remedy: str


FIELDS = ("certificate-authority-data", "client-certificate-data")


def kubeconfig(path: Path, *, now: datetime) -> list[Finding]:
    """The authority and the client certificate that a kubeconfig carries."""
    try:
        content = yaml.safe_load(path.read_text(encoding="utf-8"))
    except (OSError, yaml.YAMLError) as error:
        return [Finding("fail", "kubeconfig", f"{path} cannot be read: {error}", "make up")]
    return [found for name, pem in _certificates(content) for found in certificate(name, pem, now=now)]


OF_API = Meaning("the API server refuses every request", "make stop && make start")


def certificate(name: str, pem: bytes, *, now: datetime, meaning: Meaning = OF_API) -> list[Finding]:
    """One finding for each certificate in `pem`."""
    try:
        chain = x509.load_pem_x509_certificates(pem)
    except ValueError as error:
        return [Finding("fail", name, f"is no certificate: {error}", "make down && make up")]
    return [_judge(name, one.not_valid_after_utc, now=now, meaning=meaning) for one in chain]


def _judge(name: str, end: datetime, *, now: datetime, meaning: Meaning) -> Finding:
    left = end - now
    if left <= timedelta(0):
        return Finding("fail", name, f"expired on {end:%Y-%m-%d}: {meaning.then}", meaning.remedy)
    if left < WARNING:
        told = f"ends on {end:%Y-%m-%d}, in {left.days} days: then {meaning.then}"
        return Finding("warn", name, told, meaning.remedy)
    return Finding("ok", name, f"valid until {end:%Y-%m-%d}")


def _certificates(content: Any) -> Iterator[tuple[str, bytes]]:  # noqa: ANN401 - parsed YAML of any shape
    if isinstance(content, dict):
        for key, value in content.items():
            if key in FIELDS and isinstance(value, str):
                try:
                    yield key.removesuffix("-data"), base64.b64decode(value, validate=True)
                except binascii.Error:
                    yield key.removesuffix("-data"), b""
            else:
                yield from _certificates(value)
    elif isinstance(content, list):
        for item in content:
            yield from _certificates(item)
