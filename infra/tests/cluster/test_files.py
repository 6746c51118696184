"""The files components read."""

import json
import tomllib
from pathlib import Path
from typing import Any

import pytest

from infra.cluster.embedded import files
from infra.cluster.embedded.addresses import Network
from infra.cluster.embedded.layout import Layout
from infra.cluster.embedded.machine import Machine, capabilities, snapshotter
from infra.lib.paths import Instance

LAYOUT = Layout(Instance("demo"))
NETWORK = Network("10.180.0.0/16")
POOR = Machine(cgroup_version=1, capabilities=frozenset({"CAP_SYS_ADMIN"}), snapshotter="overlayfs")
RICH = Machine(cgroup_version=2, capabilities=frozenset({"CAP_SYS_ADMIN", "CAP_SYS_RESOURCE"}), snapshotter="native")


def content(machine: Machine = POOR) -> dict[str, Any]:
    texts = files.contents(LAYOUT, NETWORK, machine, pause="slipway.local/pause:1")
    return {name: json.loads(text) if text.startswith("{") else text for name, text in texts.items()}


def test_nothing_is_open_to_the_anonymous_but_health() -> None:
    kubelet, authentication = content()["kubelet.yaml"], content()["authentication.yaml"]

    assert kubelet["authentication"]["anonymous"] == {"enabled": False}
    assert kubelet["authorization"] == {"mode": "Webhook"}
    assert kubelet["readOnlyPort"] == 0
    assert [entry["path"] for entry in authentication["anonymous"]["conditions"]] == ["/livez", "/readyz", "/healthz"]


@pytest.mark.parametrize(("machine", "lacking"), [(POOR, True), (RICH, False)])
def test_missing_capability_is_taken_into_account_and_only_then(machine: Machine, lacking: bool) -> None:
    made = content(machine)
    runtime = tomllib.loads(made["containerd.toml"])

    assert made["kubelet.yaml"]["featureGates"]["KubeletInUserNamespace"] is lacking
    assert (made["kubelet.yaml"]["oomScoreAdj"] == 0) is lacking
    assert runtime["plugins"]["io.containerd.grpc.v1.cri"]["restrict_oom_score_adj"] is lacking


def test_pods_get_addresses_of_the_pod_range() -> None:
    ptp, portmap = content()[files.CHAIN]["plugins"]

    assert ptp["ipam"]["ranges"] == [[{"subnet": NETWORK.pod_range}]]
    assert portmap["type"] == "portmap"


def test_audit_records_writes_and_leaves_heartbeats_out() -> None:
    policy = content()["audit.yaml"]
    writes = next(rule for rule in policy["rules"] if "patch" in rule.get("verbs", ()))
    before = policy["rules"][: policy["rules"].index(writes)]

    assert policy["omitStages"] == ["RequestReceived"]
    assert writes["level"] == "Metadata"
    assert not {"resources", "users", "namespaces"} & writes.keys()
    assert {"events", "events.k8s.io", "coordination.k8s.io"} <= {
        name for rule in before for entry in rule["resources"] for name in (*entry.get("resources", ()), entry["group"])
    }


def test_secrets_are_encrypted_before_anything_else_is_tried() -> None:
    (rule,) = files.encryption("a2V5")["resources"]

    assert rule["resources"] == ["secrets"]
    assert [next(iter(provider)) for provider in rule["providers"]] == ["secretbox", "identity"]


def test_effective_capabilities_are_read() -> None:
    status = "Name:\tx\nCapPrm:\t0000000000000000\nCapEff:\t0000000001201000\n"

    assert capabilities(status) == {"CAP_NET_ADMIN", "CAP_SYS_ADMIN", "CAP_SYS_RESOURCE"}
    assert capabilities("Name: x\n") == frozenset()


@pytest.mark.parametrize(
    ("mounts", "kept"),
    [
        ("27 1 254:0 / / rw - ext4 /dev/vda rw\n", "overlayfs"),
        ("27 1 0:9 / / rw - overlay overlay rw\n", "native"),
        ("27 1 0:9 / / rw - overlay overlay rw\n30 27 8:1 / /var/lib rw - xfs /dev/sda1 rw\n", "overlayfs"),
        ("27 1 254:0 / / rw - ext4 /dev/vda rw\n31 27 0:50 / /var/lib/slipway rw - nfs4 host:/x rw\n", "native"),
    ],
)
def test_images_are_copied_where_no_overlay_can_be_made(mounts: str, kept: str) -> None:
    assert snapshotter(mounts, Path("/var/lib/slipway")) == kept
