"""The front door: https is asked for by the route's host, its own authority is trusted and no other."""

import base64
import ssl
import threading
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, HTTPServer
from ipaddress import ip_address
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

from infra.cluster.api import ClusterInfo
from infra.lib.errors import Exit, SlipwayError
from infra.lib.kube import Object
from infra.slipway import authority, front, welcome
from infra.slipway.front import Door
from infra.tests.slipway import fakes

SECURE = ClusterInfo(kind="embedded", running=True, exposed={8080: "10.1.2.3:443"})


class FakeKube:
    """The objects that a door is made of."""

    def __init__(self, hosts: list[str], secret: dict[str, str]) -> None:
        self._found: dict[str, Object] = {
            "HTTPRoute": {"spec": {"hostnames": hosts}},
            "Secret": {"data": {key: base64.b64encode(value.encode()).decode() for key, value in secret.items()}},
        }

    def get(self, _version: str, kind: str, _namespace: str, _name: str) -> Object | None:
        return self._found.get(kind)

    def close(self) -> None:
        """Nothing is open."""


def use(monkeypatch: pytest.MonkeyPatch, hosts: list[str], **secret: str) -> None:
    monkeypatch.setattr(front, "Kube", lambda **_: FakeKube(hosts, secret))


def test_mini_leads_to_the_app_and_others_to_the_gateway() -> None:
    assert front.target(fakes.session()) == ("todo", "todo-app-web", 80)
    assert front.target(fakes.session(profile="standard")) == ("gateway", "gateway-istio", 443)


@pytest.mark.parametrize(
    ("hosts", "host"),
    [
        (["localhost", "127.0.0.1"], "127.0.0.1"),
        (["todo.example.com", "x.example.com"], "todo.example.com"),
        ([], "127.0.0.1"),
    ],
)
def test_it_is_asked_for_by_a_host_that_is_routed(hosts: list[str], host: str, monkeypatch: pytest.MonkeyPatch) -> None:
    use(monkeypatch, hosts, **{"ca.crt": "PEM"})

    door = front.door(fakes.session(cluster=fakes.FakeCluster(facts=SECURE)))

    assert (door.url, door.host, door.authority) == ("https://127.0.0.1:8080/", host, "PEM")


def test_what_leads_to_the_app_itself_is_plain_whatever_profile_is_asked_about() -> None:
    plain = ClusterInfo(kind="embedded", running=True, exposed={8080: "todo/todo-app-web:80"})

    door = front.door(fakes.session(profile="standard", cluster=fakes.FakeCluster(facts=plain)))

    assert door == Door(port=8080, secure=False)


class Handler(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        self.send_response(200)
        self.end_headers()
        self.wfile.write(self.headers["Host"].encode())

    def log_message(self, *arguments: object) -> None:
        """Keep quiet."""


def signed(folder: Path, name: str) -> tuple[Path, str]:
    """A self-signed certificate for 127.0.0.1 as a file with its key, and as PEM."""
    key = ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, name)])
    now = datetime.now(UTC)
    made = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(hours=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.IPAddress(ip_address("127.0.0.1"))]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    pem = made.public_bytes(serialization.Encoding.PEM)
    file = folder / f"{name}.pem"
    private = serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    file.write_bytes(pem + key.private_bytes(serialization.Encoding.PEM, *private))
    return file, pem.decode()


@pytest.fixture
def served(tmp_path: Path) -> Iterator[tuple[int, str]]:
    """A page by TLS: its port and its authority."""
    file, pem = signed(tmp_path, "own")
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(file)
    server = HTTPServer(("127.0.0.1", 0), Handler)
    server.socket = context.wrap_socket(server.socket, server_side=True)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    yield server.server_port, pem
    server.shutdown()
    thread.join()
    server.server_close()


def test_its_own_authority_is_trusted(served: tuple[int, str]) -> None:
    port, pem = served

    assert Door(port=port, secure=True, authority=pem).ask("/readyz", patience=5) == (200, "127.0.0.1")


@pytest.mark.parametrize("other", [True, False])
def test_another_authority_and_the_systems_are_not(served: tuple[int, str], tmp_path: Path, *, other: bool) -> None:
    port, _ = served
    _, pem = signed(tmp_path, "other")

    with pytest.raises(ssl.SSLCertVerificationError):
        Door(port=port, secure=True, authority=pem if other else "").ask("/readyz", patience=5)


def test_ca_prints_the_authority_and_says_where_there_is_none(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    use(monkeypatch, ["127.0.0.1"], **{"ca.crt": "PEM\n"})
    authority.run(fakes.session(cluster=fakes.FakeCluster(facts=SECURE)))
    assert capsys.readouterr().out == "PEM\n"

    use(monkeypatch, ["127.0.0.1"])
    with pytest.raises(SlipwayError, match="not of an authority of ours") as caught:
        authority.run(fakes.session(cluster=fakes.FakeCluster(facts=SECURE)))
    assert caught.value.code is Exit.MISSING
    with pytest.raises(SlipwayError, match="without TLS"):
        authority.run(fakes.session())


def test_welcome_tells_of_the_authority(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    use(monkeypatch, ["127.0.0.1"], **{"ca.crt": "PEM"})
    monkeypatch.setattr("infra.slipway.kube.client", lambda _: None)
    monkeypatch.setattr("infra.slipway.kube.secret_values", lambda *_, **__: {})

    welcome.show(fakes.session(profile="standard", cluster=fakes.FakeCluster(facts=SECURE)), changed=1)
    welcome.show(fakes.session(profile="standard", json=True, cluster=fakes.FakeCluster(facts=SECURE)), changed=1)

    said = capsys.readouterr().out
    assert "slipway ca > slipway-ca.pem" in said
    assert "https://127.0.0.1:8080/" in said
    assert '"authority": "PEM"' in said
