"""gateway-certificate: an authority for these hosts alone, a certificate that is renewed in time, never twice."""

import importlib
import sys
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from ipaddress import ip_network
from types import ModuleType
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec

from infra.images.references import RECIPES

PLACES = ("gateway", "gateway-tls", "gateway-authority")
HOSTS = ("127.0.0.1", "localhost")


@pytest.fixture(scope="module")
def program() -> Iterator[ModuleType]:
    """Its files, imported as the image runs them."""
    folders = [str(RECIPES / "secrets-init"), str(RECIPES / "gateway-certificate")]
    sys.path[:0] = folders
    yield importlib.import_module("gateway_certificate")
    for folder in folders:
        sys.path.remove(folder)


class Secrets:
    """The API, as far as the program uses it."""

    def __init__(self, program: ModuleType) -> None:
        self.stored: dict[str, dict[str, bytes]] = {}
        self.said: list[str] = []
        self.busy = 0
        self._program = program

    def read(self, _namespace: str, name: str) -> Any:  # noqa: ANN401 - the program's own Stored
        if self.busy:
            self.busy -= 1
            raise self._program.PassingError("not yet")
        return self._program.Stored(dict(self.stored[name]), "1") if name in self.stored else None

    def create(self, _namespace: str, name: str, values: dict[str, bytes]) -> None:
        assert name not in self.stored
        self.stored[name] = values

    def add(self, _namespace: str, name: str, values: dict[str, bytes], *, version: str) -> None:
        assert version == "1"
        self.stored[name] |= values

    def run(self, *hosts: str) -> str:
        """What a run says."""
        self.said = []
        maker = self._program.Maker(self, self._program.Places(*PLACES), hosts, self.said.append)
        self._program.until_made(maker, deadline=0.0)
        return "\n".join(self.said)

    def certificate(self, secret: str = "gateway-tls", key: str = "tls.crt") -> x509.Certificate:  # noqa: S107 - a name
        return x509.load_pem_x509_certificate(self.stored[secret][key])


@pytest.fixture
def secrets(program: ModuleType) -> Secrets:
    return Secrets(program)


def test_the_certificate_is_for_the_hosts_and_of_the_authority(secrets: Secrets) -> None:
    secrets.run(*HOSTS)
    made, authority = secrets.certificate(), secrets.certificate("gateway-authority", "ca.crt")

    names = made.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    assert [str(each) for each in names.get_values_for_type(x509.IPAddress)] == ["127.0.0.1"]
    assert names.get_values_for_type(x509.DNSName) == ["localhost"]
    made.verify_directly_issued_by(authority)
    assert isinstance(made.public_key(), ec.EllipticCurvePublicKey)
    assert secrets.stored["gateway-tls"]["ca.crt"] == secrets.stored["gateway-authority"]["ca.crt"]
    assert "ca.key" not in secrets.stored["gateway-tls"], "the gateway must not be able to sign"


@pytest.mark.parametrize(
    ("hosts", "addresses", "dns"),
    [
        (HOSTS, ["127.0.0.1/32"], ["localhost"]),
        (("*.example.com",), ["0.0.0.0/32"], ["example.com"]),
        (("10.1.2.3",), ["10.1.2.3/32"], ["invalid"]),
        (("::1",), ["::1/128"], ["invalid"]),
    ],
)
def test_the_authority_can_sign_for_nothing_else(
    secrets: Secrets, hosts: tuple[str, ...], addresses: list[str], dns: list[str]
) -> None:
    secrets.run(*hosts)
    found = secrets.certificate("gateway-authority", "ca.crt").extensions.get_extension_for_class(x509.NameConstraints)

    permitted = list(found.value.permitted_subtrees or [])
    assert found.critical
    assert [each.value for each in permitted if isinstance(each, x509.IPAddress)] == [ip_network(a) for a in addresses]
    assert [each.value for each in permitted if isinstance(each, x509.DNSName)] == dns


def test_a_second_run_changes_nothing(secrets: Secrets) -> None:
    secrets.run(*HOSTS)
    before = {name: dict(values) for name, values in secrets.stored.items()}

    assert "unchanged" in secrets.run(*reversed(HOSTS))
    assert secrets.stored == before


def test_what_ends_soon_is_signed_anew_by_the_same_authority(
    secrets: Secrets, program: ModuleType, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(program, "CERTIFICATE_DAYS", program.RENEW_DAYS - 1)
    secrets.run(*HOSTS)
    first, authority = secrets.certificate(), secrets.stored["gateway-authority"]["ca.crt"]
    monkeypatch.undo()

    secrets.run(*HOSTS)

    assert secrets.certificate().serial_number != first.serial_number
    assert secrets.certificate().not_valid_after_utc > datetime.now(UTC) + timedelta(days=program.RENEW_DAYS)
    assert secrets.stored["gateway-authority"]["ca.crt"] == authority


def test_other_hosts_are_another_authoritys(secrets: Secrets) -> None:
    secrets.run(*HOSTS)
    authority = secrets.stored["gateway-authority"]["ca.crt"]

    secrets.run("todo.example.com")

    assert secrets.stored["gateway-authority"]["ca.crt"] != authority
    secrets.certificate().verify_directly_issued_by(secrets.certificate("gateway-authority", "ca.crt"))


def test_no_key_is_said(secrets: Secrets) -> None:
    said = secrets.run(*HOSTS)

    assert "PRIVATE" not in said
    assert "gateway-tls: signed for 397 days" in said


def test_what_passes_is_waited_for_until_the_deadline(secrets: Secrets, program: ModuleType) -> None:
    secrets.busy = 1
    with pytest.raises(program.RefusedError, match="not yet"):
        secrets.run(*HOSTS)
    assert secrets.stored == {}


@pytest.mark.parametrize("host", ["", "a b", "-x", "UPPER", "x;DNS:evil"])
def test_a_host_that_is_none_is_refused(program: ModuleType, host: str) -> None:
    with pytest.raises(program.BadHostError):
        program.names([host])
