"""Profile standard: requests come in by https through the gateway, and what it must refuse it refuses."""

import base64
import contextlib
import hashlib
import http.client
import json
import socket
import ssl
import urllib.error
import urllib.request
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from playwright.sync_api import expect

from infra.cluster import select
from infra.lib.paths import REPOSITORY
from infra.tests.e2e.chromium import chromium
from infra.verify.bed import Bed
from infra.verify.ports import free_port
from infra.verify.traffic import traffic

LIMIT = 8192 * 1024  # bytes of a body, unless a setting says otherwise
SIGN_INS = 120
RATE = 20.0  # requests a second while pods are replaced


def ask(
    bed: Bed, path: str, *, method: str = "GET", body: bytes | None = None, **headers: str
) -> tuple[int, dict[str, str], bytes]:
    """Status, headers and body, by TLS with the instance's own authority."""
    connection = http.client.HTTPSConnection("127.0.0.1", bed.port, timeout=30, context=bed.tls)
    with contextlib.closing(connection):
        with contextlib.suppress(BrokenPipeError, ConnectionResetError):  # a refusal may come before all is sent
            connection.request(method, path, body, headers)
        answer = connection.getresponse()
        return answer.status, {name.lower(): value for name, value in answer.headers.items()}, answer.read()


def served(bed: Bed) -> bytes:
    """The certificate it shows, once its authority has been found to be the instance's own."""
    tls = bed.tls
    assert tls is not None
    with (
        socket.create_connection(("127.0.0.1", bed.port), timeout=30) as stream,
        tls.wrap_socket(stream, server_hostname="127.0.0.1") as trusted,
    ):
        return trusted.getpeercert(binary_form=True) or b""


def test_the_page_is_served_by_https_and_trusted_by_its_own_authority_alone(standard: Bed) -> None:
    status, headers, _ = ask(standard, "/sign-in")

    assert standard.url == f"https://127.0.0.1:{standard.port}"
    assert (status, headers["strict-transport-security"].split(";")[0]) == (200, "max-age=31536000")
    with pytest.raises(urllib.error.URLError, match="certificate verify failed"):
        urllib.request.urlopen(f"{standard.url}/healthz", timeout=10, context=ssl.create_default_context())  # noqa: S310 - loopback


def test_who_comes_by_http_is_sent_to_https(standard: Bed) -> None:
    port = free_port()
    select("embedded", standard.instance).expose("gateway", "gateway-istio", 80, port)
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=30)
    connection.request("GET", "/todos?page=2", headers={"Host": "localhost"})
    answer = connection.getresponse()

    assert answer.status == 301
    assert answer.headers["Location"] == f"https://localhost:{standard.port}/todos?page=2"
    connection.close()


def test_status_doctor_and_result_tell_the_https_address(standard: Bed) -> None:
    assert standard.url in standard.call("status", deadline=180).out
    told = [json.loads(line) for line in standard.call("doctor", "--json", deadline=240).out.splitlines()]
    found = {each["subject"]: each["level"] for each in told}

    asked = ("page", "gateway", "gateway's certificate", "network policies")
    assert [found[subject] for subject in asked] == ["ok"] * len(asked)
    assert "BEGIN CERTIFICATE" in standard.up().result()["authority"]


def test_too_large_a_body_is_refused(standard: Bed) -> None:
    assert ask(standard, "/api/v1/todos", method="POST", body=b"x" * (LIMIT + 1))[0] == 413


@pytest.mark.parametrize(
    ("token", "realm"), [("a.b.c", "https://"), ("an-opaque-token", "todo")], ids=["JWT", "the app's own"]
)
def test_a_bad_jwt_ends_at_the_gateway_and_an_opaque_token_is_the_apps_to_judge(
    standard: Bed, token: str, realm: str
) -> None:
    status, headers, _ = ask(standard, "/api/v1/todos", Authorization=f"Bearer {token}")

    assert status == 401
    assert f'realm="{realm}' in headers["www-authenticate"]


def test_a_hidden_path_and_a_claimed_header_are_refused(standard: Bed) -> None:
    assert ask(standard, "/api%2fv1/todos")[0] == 400
    assert ask(standard, "/healthz", X_Forwarded_For="6.6.6.6")[0] == 400


def of_envoy(bed: Bed, path: str) -> str:
    """What the gateway's Envoy says of itself."""
    [pod] = bed.objects("pods", "-n", "gateway", "-l", "gateway.networking.k8s.io/gateway-name=gateway")
    return bed.kubectl(
        "-n", "gateway", "exec", pod["metadata"]["name"], "--", "pilot-agent", "request", "GET", path, deadline=60
    )


def test_its_proxies_take_every_configuration(standard: Bed) -> None:
    """What an Envoy refuses it never says but here; it goes on with the old one."""
    stats = of_envoy(standard, "stats?filter=update_rejected")

    assert "listener_manager.lds.update_rejected" in stats
    assert [line for line in stats.splitlines() if "update_rejected" in line and not line.endswith(": 0")] == []


def test_what_the_contract_lists_is_what_istiod_gave_it_in_that_order(standard: Bed) -> None:
    """The tests of the contract put its filters before the app in an Envoy of their own."""
    contract = json.loads((REPOSITORY / "contracts" / "gateway.json").read_text(encoding="utf-8"))
    dump = json.loads(of_envoy(standard, "config_dump?resource=dynamic_listeners&mask=active_state.listener"))
    found = [
        [each["name"] for each in network["typed_config"]["http_filters"]]
        for listener in dump["configs"]
        for chain in listener["active_state"]["listener"].get("filter_chains", [])
        for network in chain["filters"]
        if "http_filters" in network.get("typed_config", {})
    ]
    first, last = ([each["name"] for each in contract[part]] for part in ("first", "last"))

    assert len(found) >= 2, "one for http, one for https"
    for names in found:
        assert [name for name in names if name in {*first, *last}] == [*first, *last]
        assert names[-1] == "envoy.filters.http.router"


def test_its_pods_keep_to_pod_security_and_a_budget(standard: Bed) -> None:
    [namespace] = [each for each in standard.objects("namespaces") if each["metadata"]["name"] == "gateway"]
    [budget] = standard.objects("poddisruptionbudgets", "-n", "gateway")

    assert namespace["metadata"]["labels"]["pod-security.kubernetes.io/enforce"] == "restricted"
    assert budget["spec"]["maxUnavailable"] == 1


def test_the_page_works_in_a_browser(standard: Bed, out: Path) -> None:
    key = x509.load_der_x509_certificate(served(standard)).public_key()
    digest = hashlib.sha256(key.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)).digest()
    trusted = f"--ignore-certificate-errors-spki-list={base64.b64encode(digest).decode()}"  # this key and no other
    with chromium(trusted) as browser:
        page = browser.new_page(base_url=standard.url)
        page.goto("/")
        page.get_by_label("Name").fill("demo")
        page.get_by_label("Password").fill(standard.password("demo"))
        page.get_by_role("button", name="Sign in", exact=True).click()
        expect(page.get_by_role("heading", name="My todos")).to_be_visible()
        page.get_by_label("What is to be done?").fill("come by the gateway")
        page.get_by_role("button", name="Add", exact=True).click()
        expect(page.get_by_role("listitem").filter(has_text="come by the gateway").first).to_be_visible()
        page.screenshot(path=out / "by-the-gateway.png")


@pytest.mark.parametrize(
    ("namespace", "deployment"),
    [("todo", "todo-app-web"), ("gateway", "gateway-istio")],
    ids=["the app", "the gateway"],
)
def test_no_request_fails_while_pods_are_replaced(standard: Bed, namespace: str, deployment: str) -> None:
    with traffic(standard, rate=RATE) as tally:
        standard.kubectl("-n", namespace, "rollout", "restart", f"deployment/{deployment}")
        words = ("rollout", "status", f"deployment/{deployment}", "--timeout=180s")
        standard.kubectl("-n", namespace, *words, deadline=200)

    assert tally.sent >= RATE
    assert (tally.failures, tally.examples) == (0, [])


def test_one_address_has_so_many_sign_ins(standard: Bed) -> None:
    """Last: for the seconds after it nobody signs in from here."""
    body, kind = b"no json", {"Content-Type": "application/json"}
    connection = http.client.HTTPSConnection("127.0.0.1", standard.port, timeout=30, context=standard.tls)
    seen = set()
    for _ in range(4 * SIGN_INS):
        connection.request("POST", "/api/v1/auth/tokens", body, kind)
        answer = connection.getresponse()
        answer.read()
        seen.add(answer.status)
        if answer.status == 429:
            break
    connection.close()

    assert seen == {400, 429}
    assert answer.headers["Retry-After"] == "1"
    standard.wait("sign-ins again", lambda: bool(standard.api().token), deadline=30)
