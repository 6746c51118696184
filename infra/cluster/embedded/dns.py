"""CoreDNS as a Deployment of the cluster, and the role binding of the user `slipway`: as data."""

import hashlib
from typing import Any

from infra.cluster.embedded.addresses import Network
from infra.cluster.embedded.identities import ADMIN_GROUP, KUBELET_CLIENT
from infra.cluster.embedded.layout import CLUSTER_DOMAIN

Data = dict[str, Any]
NAMESPACE = "kube-system"
LABELS = {"k8s-app": "kube-dns", "app.kubernetes.io/name": "coredns", "app.kubernetes.io/managed-by": "slipway"}
# `ready` and `health` are what the probes ask; there is no name server beyond the cluster to forward to.
COREFILE = f"""\
.:5353 {{
    errors
    health :8080 {{
        lameduck 2s
    }}
    ready :8181
    kubernetes {CLUSTER_DOMAIN} in-addr.arpa ip6.arpa {{
        pods insecure
        ttl 30
    }}
    prometheus :9153
    cache 30
    reload
}}
"""


def objects(network: Network, *, image: str) -> list[tuple[str, Data]]:
    """API path and content of everything the node itself puts into the cluster, in order."""
    core, rbac = f"/api/v1/namespaces/{NAMESPACE}", "/apis/rbac.authorization.k8s.io/v1"
    made: list[tuple[str, Data]] = [
        (f"{rbac}/clusterrolebindings/slipway-admins", _binding("slipway-admins", "cluster-admin", _group())),
        (
            f"{rbac}/clusterrolebindings/slipway-kubelet-api",
            _binding("slipway-kubelet-api", "system:kubelet-api-admin", _user(KUBELET_CLIENT)),
        ),
        (f"{rbac}/clusterroles/slipway-coredns", _role()),
        (f"{rbac}/clusterrolebindings/slipway-coredns", _binding("slipway-coredns", "slipway-coredns", _account())),
        (f"{core}/serviceaccounts/coredns", _object("v1", "ServiceAccount", "coredns")),
        (f"{core}/configmaps/coredns", {**_object("v1", "ConfigMap", "coredns"), "data": {"Corefile": COREFILE}}),
        (f"{core}/services/kube-dns", _service(network)),
        (f"/apis/apps/v1/namespaces/{NAMESPACE}/deployments/coredns", _deployment(image)),
    ]
    return made


def _object(version: str, kind: str, name: str, *, namespace: str = NAMESPACE) -> Data:
    metadata: Data = {"name": name, "labels": LABELS}
    if namespace:
        metadata["namespace"] = namespace
    return {"apiVersion": version, "kind": kind, "metadata": metadata}


def _group() -> Data:
    return {"apiGroup": "rbac.authorization.k8s.io", "kind": "Group", "name": ADMIN_GROUP}


def _user(name: str) -> Data:
    return {"apiGroup": "rbac.authorization.k8s.io", "kind": "User", "name": name}


def _account() -> Data:
    return {"kind": "ServiceAccount", "name": "coredns", "namespace": NAMESPACE}


def _binding(name: str, role: str, subject: Data) -> Data:
    return {
        **_object("rbac.authorization.k8s.io/v1", "ClusterRoleBinding", name, namespace=""),
        "roleRef": {"apiGroup": "rbac.authorization.k8s.io", "kind": "ClusterRole", "name": role},
        "subjects": [subject],
    }


def _role() -> Data:
    return {
        **_object("rbac.authorization.k8s.io/v1", "ClusterRole", "slipway-coredns", namespace=""),
        "rules": [
            {"apiGroups": [""], "resources": ["services", "pods", "namespaces"], "verbs": ["list", "watch"]},
            {"apiGroups": ["discovery.k8s.io"], "resources": ["endpointslices"], "verbs": ["list", "watch"]},
        ],
    }


def _service(network: Network) -> Data:
    return {
        **_object("v1", "Service", "kube-dns"),
        "spec": {
            "clusterIP": network.dns_ip,
            "selector": {"k8s-app": "kube-dns"},
            "ports": [
                {"name": "dns", "port": 53, "protocol": "UDP", "targetPort": "dns"},
                {"name": "dns-tcp", "port": 53, "protocol": "TCP", "targetPort": "dns-tcp"},
                {"name": "http-metrics", "port": 9153, "protocol": "TCP", "targetPort": "http-metrics"},
            ],
        },
    }


def _deployment(image: str) -> Data:
    deployment = _object("apps/v1", "Deployment", "coredns")
    # One node, one replica: a disruption budget could only forbid every eviction.
    deployment["metadata"]["annotations"] = {"slipway.dev/no-disruption-budget": "one node, one replica"}
    corefile = hashlib.sha256(COREFILE.encode()).hexdigest()[:16]
    deployment["spec"] = {
        "replicas": 1,
        "revisionHistoryLimit": 2,
        "selector": {"matchLabels": {"k8s-app": "kube-dns"}},
        "strategy": {"type": "RollingUpdate", "rollingUpdate": {"maxSurge": 1, "maxUnavailable": 0}},
        "template": {
            "metadata": {"labels": LABELS, "annotations": {"slipway.dev/config-hash": corefile}},
            "spec": {
                "serviceAccountName": "coredns",
                "priorityClassName": "system-cluster-critical",
                "dnsPolicy": "Default",
                "enableServiceLinks": False,
                "terminationGracePeriodSeconds": 15,
                "securityContext": {
                    "runAsNonRoot": True,
                    "runAsUser": 65532,
                    "runAsGroup": 65532,
                    "seccompProfile": {"type": "RuntimeDefault"},
                },
                "containers": [_container(image)],
                "volumes": [{"name": "config", "configMap": {"name": "coredns"}}],
            },
        },
    }
    return deployment


def _container(image: str) -> Data:
    return {
        "name": "coredns",
        "image": image,
        "imagePullPolicy": "IfNotPresent",
        "args": ["-conf", "/etc/coredns/Corefile"],
        "env": [{"name": "GOGC", "value": "50"}],
        "ports": [
            {"name": "dns", "containerPort": 5353, "protocol": "UDP"},
            {"name": "dns-tcp", "containerPort": 5353, "protocol": "TCP"},
            {"name": "http-metrics", "containerPort": 9153, "protocol": "TCP"},
        ],
        "startupProbe": _probe("/ready", 8181, period=1, failures=60),
        "readinessProbe": _probe("/ready", 8181, period=5, failures=3),
        "livenessProbe": _probe("/health", 8080, period=10, failures=5),
        "resources": {"requests": {"cpu": "25m", "memory": "48Mi"}, "limits": {"memory": "128Mi"}},
        "securityContext": {
            "allowPrivilegeEscalation": False,
            "capabilities": {"drop": ["ALL"]},
            "readOnlyRootFilesystem": True,
        },
        "volumeMounts": [{"name": "config", "mountPath": "/etc/coredns", "readOnly": True}],
    }


def _probe(path: str, port: int, *, period: int, failures: int) -> Data:
    return {
        "httpGet": {"path": path, "port": port},
        "periodSeconds": period,
        "timeoutSeconds": 2,
        "failureThreshold": failures,
    }
