"""Probe pods: in app namespaces with a sidecar, elsewhere with nothing but a certificate of the mesh's authority."""

import json
from dataclasses import dataclass
from typing import Any

from infra.verify.bed import Bed

MEMBERS = ("todo", "data")
LABELS = {"app.kubernetes.io/name": "probe", "app.kubernetes.io/instance": "probe"}
SLEEP = ["python3", "-c", "import time; time.sleep(3600)"]
CERTS = "/certs"
# Seconds that a certificate lasts which a probe asks for: long enough to be used, short enough to see it end.
CERTIFICATE_LASTS = 15
READY = 240.0


@dataclass(frozen=True)
class Who:
    """An identity: a service account; `name` is the graph's, or says that it is nobody's."""

    name: str
    namespace: str
    account: str

    @property
    def meshed(self) -> bool:
        """Whether its pods have sidecars."""
        return self.namespace in MEMBERS

    @property
    def pod(self) -> str:
        """Name of its probe."""
        return f"probe-{self.account}"


def start(bed: Bed, everyone: list[Who]) -> None:
    """A pod for each, ready; accounts and namespaces that are not there are made."""
    images = image_of(bed)
    for namespace in sorted(
        {who.namespace for who in everyone} - {each["metadata"]["name"] for each in bed.objects("ns")}
    ):
        bed.kubectl("create", "namespace", namespace)
    there = {(each["metadata"]["namespace"], each["metadata"]["name"]) for each in bed.objects("serviceaccounts", "-A")}
    items = [_account(who) for who in everyone if (who.namespace, who.account) not in there]
    items += [manifest(who, images) for who in everyone]
    bed.kubectl("apply", "-f", "-", given=json.dumps({"apiVersion": "v1", "kind": "List", "items": items}))
    for who in everyone:
        bed.kubectl(
            "-n", who.namespace, "wait", f"pod/{who.pod}", "--for=condition=Ready", f"--timeout={READY:.0f}s",
            deadline=READY + 10,
        )  # fmt: skip


def stop(bed: Bed, everyone: list[Who]) -> None:
    """The pods go; what they were made in stays with the instance."""
    for namespace in {who.namespace for who in everyone}:
        words = ("delete", "pods", "-l", "app.kubernetes.io/name=probe", "--grace-period=0", "--force", "--wait=false")
        bed.kubectl("-n", namespace, *words, check=False)


def image_of(bed: Bed) -> tuple[str, str]:
    """The app's image, which has a Python, and the proxy's: those that run."""
    [web, *_] = bed.objects("pods", "-n", "todo", "-l", "app.kubernetes.io/component=web")
    [proxy] = [each for each in web["spec"]["initContainers"] if each["name"] == "istio-proxy"]
    return str(web["spec"]["containers"][0]["image"]), str(proxy["image"])


def _account(who: Who) -> dict[str, Any]:
    return {
        "apiVersion": "v1",
        "kind": "ServiceAccount",
        "metadata": {"name": who.account, "namespace": who.namespace, "labels": LABELS},
        "automountServiceAccountToken": False,
    }


def manifest(who: Who, images: tuple[str, str], *, annotations: dict[str, str] | None = None) -> dict[str, Any]:
    """Keeps to every policy of ours, also where none is asked."""
    app, proxy = images
    spec: dict[str, Any] = {
        "serviceAccountName": who.account,
        "automountServiceAccountToken": False,
        "enableServiceLinks": False,
        "restartPolicy": "Never",
        "terminationGracePeriodSeconds": 1,
        "securityContext": {"runAsNonRoot": True, "runAsUser": 10001, "runAsGroup": 10001, "fsGroup": 10001, **SECCOMP},
        "containers": [_container("probe", app, command=SLEEP)],
    }
    if not who.meshed:
        # The agent runs as 1337, and its certificates are for its group; with a sidecar that would lead past it.
        spec["securityContext"] |= {"runAsGroup": 1337, "fsGroup": 1337}
        spec["containers"][0]["volumeMounts"] = [{"name": "certs", "mountPath": CERTS}]
        spec["containers"][0]["resources"]["limits"]["memory"] = "128Mi"
        spec["containers"].append(_agent(proxy))
        spec["volumes"] = VOLUMES
    return {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {
            "name": who.pod,
            "namespace": who.namespace,
            "labels": {**LABELS, "app.kubernetes.io/component": who.account},
            "annotations": annotations or {},
        },
        "spec": spec,
    }


SECCOMP = {"seccompProfile": {"type": "RuntimeDefault"}}
VOLUMES: list[dict[str, Any]] = [
    *[{"name": name, "emptyDir": {"medium": "Memory", "sizeLimit": "4Mi"}} for name in ("certs", "work")],
    {
        "name": "token",
        "projected": {"sources": [{"serviceAccountToken": {"audience": "istio-ca", "path": "istio-token"}}]},
    },
    {"name": "root", "configMap": {"name": "istio-ca-root-cert"}},
]


def _container(name: str, image: str, **more: object) -> dict[str, Any]:
    return {
        "name": name,
        "image": image,
        "imagePullPolicy": "IfNotPresent",
        "resources": {"requests": {"cpu": "5m", "memory": "32Mi"}, "limits": {"cpu": "1", "memory": "48Mi"}},
        "securityContext": {
            "allowPrivilegeEscalation": False,
            "readOnlyRootFilesystem": True,
            "capabilities": {"drop": ["ALL"]},
        },
        **more,
    }


def _agent(image: str) -> dict[str, Any]:
    """pilot-agent without Envoy: it shows its token to istiod and keeps the certificate it gets in a folder."""
    plain = {
        "DISABLE_ENVOY": "true",
        "OUTPUT_CERTS": CERTS,
        "SECRET_TTL": f"{CERTIFICATE_LASTS}s",
        "CA_ADDR": "istiod.istio-system.svc:15012",
        "PILOT_CERT_PROVIDER": "istiod",
        "TRUST_DOMAIN": "cluster.local",
        "PROXY_CONFIG": json.dumps({"discoveryAddress": "istiod.istio-system.svc:15012"}),
    }
    own = {
        "POD_NAME": "metadata.name",
        "POD_NAMESPACE": "metadata.namespace",
        "INSTANCE_IP": "status.podIP",
        "SERVICE_ACCOUNT": "spec.serviceAccountName",
    }
    env: list[dict[str, Any]] = [{"name": name, "value": value} for name, value in plain.items()]
    env += [{"name": name, "valueFrom": {"fieldRef": {"fieldPath": path}}} for name, path in own.items()]
    agent = _container(
        "agent",
        image,
        args=["proxy", "sidecar", "--domain", "$(POD_NAMESPACE).svc.cluster.local", "--log_output_level=all:warn"],
        env=env,
        volumeMounts=[
            {"name": "certs", "mountPath": CERTS},
            {"name": "token", "mountPath": "/var/run/secrets/tokens"},
            {"name": "root", "mountPath": "/var/run/secrets/istio"},
            {"name": "work", "mountPath": "/etc/istio/proxy"},
            {"name": "work", "mountPath": "/var/lib/istio/data"},
        ],
    )
    agent["resources"]["limits"]["memory"] = "96Mi"
    agent["securityContext"]["runAsUser"] = 1337
    return agent
