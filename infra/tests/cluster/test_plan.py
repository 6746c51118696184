"""What the supervisor is told to run."""

from pathlib import Path

from infra.cluster.embedded import plan
from infra.cluster.embedded.addresses import Network
from infra.cluster.embedded.layout import Layout
from infra.lib.paths import Instance

LAYOUT = Layout(Instance("demo"))
NETWORK = Network("10.180.0.0/16")


def made(*, text: str = "x", restart: bool = True) -> plan.Data:
    program = Path("/opt/tools/node")
    return plan.make(LAYOUT, NETWORK, program=program, files={"kubelet.yaml": text}, restart=restart)


def flags(name: str) -> list[str]:
    return next(entry["command"] for entry in made()["components"] if entry["name"] == name)


def test_nothing_starts_before_what_it_needs() -> None:
    seen: set[str] = set()
    for entry in made()["components"]:
        assert set(entry["after"]) <= seen
        seen.add(entry["name"])

    assert seen == {
        *("etcd", "containerd", "kube-apiserver", "kube-controller-manager", "kube-scheduler"),
        *("kubelet", "kube-proxy"),
    }


def test_every_component_has_a_health_gate() -> None:
    assert all(entry["probe"] for entry in made()["components"])


def test_version_changes_with_files_and_plan_and_with_nothing_else() -> None:
    assert made()["version"] == made()["version"]
    assert made()["version"] != made(text="y")["version"]
    assert made()["version"] != made(restart=False)["version"]


def test_authorization_and_encryption_are_on() -> None:
    api = flags("kube-apiserver")

    assert {"--authorization-mode=Node,RBAC", "--enable-admission-plugins=NodeRestriction"} <= set(api)
    assert any(flag.startswith("--encryption-provider-config=") for flag in api)
    assert any(flag.startswith("--kubelet-certificate-authority=") for flag in api)
    assert "--client-cert-auth=true" in flags("etcd")


def test_in_cluster_clients_can_verify_the_api() -> None:
    assert any(flag.startswith("--root-ca-file=") for flag in flags("kube-controller-manager"))


def test_supervisor_gets_namespaces_of_its_own() -> None:
    command = plan.supervisor_command(LAYOUT)

    assert {"--mount", "--pid", "--net", "--uts", "--fork", "--kill-child"} <= set(command)
    assert command[-1] == str(LAYOUT.plan)
