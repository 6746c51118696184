"""`doctor` on Istio: proxies that refuse their configuration, an authority near its end, pods that have no proxy."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

from infra.slipway.doctor import mesh

NOW = datetime(2026, 11, 21, tzinfo=UTC)
FINE = 'envoy_cluster_manager_cds_update_rejected{} 0\nenvoy_listener_manager_lds_update_rejected{a="b"} 0\n'


def pod(name: str = "web", *, sidecar: bool = True, phase: str = "Running", **metadata: object) -> dict[str, Any]:
    inits = [{"name": "istio-proxy"}] if sidecar else []
    spec = {"containers": [{"name": "web"}], "initContainers": inits}
    return {"metadata": {"namespace": "todo", "name": name, **metadata}, "spec": spec, "status": {"phase": phase}}


def namespace(name: str = "todo", **labels: str) -> dict[str, Any]:
    return {"metadata": {"name": name, "labels": labels}}


def authority(end: datetime) -> str:
    key, name = ec.generate_private_key(ec.SECP256R1()), x509.Name([])
    made = x509.CertificateBuilder().subject_name(name).issuer_name(name).public_key(key.public_key())
    made = made.serial_number(1).not_valid_before(end - timedelta(days=3650)).not_valid_after(end)
    return made.sign(key, hashes.SHA256()).public_bytes(serialization.Encoding.PEM).decode()


def test_proxies_that_take_everything_are_fine() -> None:
    [finding] = mesh.proxies([pod(), pod("relay")], lambda _: FINE)

    assert (finding.level, finding.subject, finding.message) == ("ok", "proxies", "2 take what istiod tells them")


def test_a_proxy_that_refused_is_named_with_what_it_refused() -> None:
    text = FINE.replace('lds_update_rejected{a="b"} 0', 'lds_update_rejected{a="b"} 3')

    [finding] = mesh.proxies([pod(), pod("relay")], lambda each: text if each["metadata"]["name"] == "relay" else FINE)

    assert (finding.level, finding.subject) == ("fail", "proxy todo/relay")
    assert "listener_manager_lds 3 times" in finding.message
    assert finding.remedy == ".venv/bin/slipway kubectl -n todo logs relay -c istio-proxy"


def test_a_proxy_that_does_not_answer_is_told() -> None:
    [finding] = mesh.proxies([pod()], lambda _: None)

    assert (finding.level, finding.message) == ("warn", "does not answer for its statistics")


def test_pods_without_a_proxy_and_those_that_ended_are_not_asked() -> None:
    assert mesh.proxies([pod(sidecar=False), pod(phase="Succeeded")], lambda _: None) == []


def test_a_pod_of_a_meshed_namespace_without_a_proxy_is_told_with_its_remedy() -> None:
    meshed = [namespace(**{"istio-injection": "enabled"})]

    [finding] = mesh.bare([pod(), pod("relay", sidecar=False)], meshed)

    assert (finding.level, finding.subject) == ("fail", "pod todo/relay")
    assert finding.remedy == ".venv/bin/slipway kubectl -n todo delete pod relay"


def test_a_pod_that_asks_for_a_proxy_itself_is_told_as_well() -> None:
    asks = pod("vault-0", sidecar=False, labels={"sidecar.istio.io/inject": "true"})

    assert [each.subject for each in mesh.bare([asks], [namespace()])] == ["pod todo/vault-0"]


@pytest.mark.parametrize(
    "each",
    [
        pod(),
        pod(sidecar=False, phase="Succeeded"),
        pod(sidecar=False, deletionTimestamp="2026-11-21T00:00:00Z"),
        pod(sidecar=False, labels={"sidecar.istio.io/inject": "false"}),
        pod(sidecar=False, namespace="kube-system"),
    ],
    ids=["has one", "ended", "ends", "wants none", "of no mesh"],
)
def test_other_pods_need_no_proxy(each: dict[str, Any]) -> None:
    assert mesh.bare([each], [namespace(**{"istio-injection": "enabled"})]) == []


@pytest.mark.parametrize(
    ("left", "level", "says"),
    [
        (timedelta(days=400), "ok", "valid until"),
        (timedelta(days=29), "warn", "in 29 days: then no proxy believes another"),
        (timedelta(0), "fail", "expired on"),
    ],
)
def test_an_authority_is_judged_by_its_end(left: timedelta, level: str, says: str) -> None:
    finding = mesh.authority(authority(NOW + left), now=NOW)

    assert finding.level == level
    assert says in finding.message


def test_what_is_no_certificate_is_told() -> None:
    assert mesh.authority("nonsense", now=NOW).level == "fail"
