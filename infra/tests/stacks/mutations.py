"""Every single thing that can be taken away or broken, and the check that must notice it."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from typing import Any

from infra.components.labels import REASON_API_TOKEN, REASON_NO_BUDGET
from infra.components.vault import OPERATORS
from infra.tests.stacks import check_order, check_pods, check_traffic
from infra.tests.stacks.check_pods import PROBES
from infra.tests.stacks.objects import Object, secrets_made

Check = Callable[[list[Object]], Iterator[str]]


@dataclass(frozen=True)
class Mutation:
    """`breaks` gets a fresh copy of all objects and the one to break."""

    name: str
    applies: Callable[[Object], bool]
    breaks: Callable[[list[Object], Object], None]
    noticed_by: Check


def _is(*kinds: str) -> Callable[[Object], bool]:
    return lambda item: item.kind in kinds


def _workload(item: Object) -> bool:
    return item.is_workload


def _serves(item: Object) -> bool:
    return item.is_workload and not item.runs_to_completion


def _without_token(item: Object) -> bool:
    return _serves(item) and REASON_API_TOKEN not in item.annotations


def _of_a_pod(item: Object) -> bool:
    """Those of Vault's commands are signed in with from outside."""
    return item.kind == "ServiceAccount" and item.name not in OPERATORS


def _drained(item: Object) -> bool:
    return _serves(item) and any("lifecycle" in container for container in item.containers)


def _drop(*path: str) -> Callable[[list[Object], Object], None]:
    """Remove one field of every container."""

    def _apply(_: list[Object], item: Object) -> None:
        for container in item.containers:
            holder: dict[str, Any] = container
            for step in path[:-1]:
                holder = holder.get(step, {})
            holder.pop(path[-1], None)

    return _apply


def _in_pod(**changes: object) -> Callable[[list[Object], Object], None]:
    return lambda _, item: item.pod.update(changes)


def _in_container(*path: str, value: object) -> Callable[[list[Object], Object], None]:
    def _apply(_: list[Object], item: Object) -> None:
        for container in item.containers:
            holder: dict[str, Any] = container
            for step in path[:-1]:
                holder = holder[step]
            holder[path[-1]] = value

    return _apply


def _remove(objects: list[Object], item: Object) -> None:
    objects.remove(item)


def _twice(objects: list[Object], item: Object) -> None:
    objects.append(item)


def _without_annotation(name: str) -> Callable[[list[Object], Object], None]:
    def _apply(_: list[Object], item: Object) -> None:
        del item.manifest["metadata"]["annotations"][name]

    return _apply


def _first(objects: list[Object], item: Object) -> None:
    """As if it waited for nothing."""
    objects[objects.index(item)] = replace(item, before=frozenset())


def _spec(**changes: object) -> Callable[[list[Object], Object], None]:
    return lambda _, item: item.spec.update(changes)


def _drop_probe_timeout(probe: str) -> Mutation:
    return Mutation(f"{probe} without timeout", _serves, _drop(probe, "timeoutSeconds"), check_pods.probed)


def _same_probes(_: list[Object], item: Object) -> None:
    for container in item.pod["containers"]:
        container["livenessProbe"] = container["readinessProbe"]


def _shared_account(objects: list[Object], item: Object) -> None:
    for other in objects:
        if other.is_workload and other.namespace == item.namespace:
            item.pod["serviceAccountName"] = other.pod["serviceAccountName"]
            if other.labels.get("app.kubernetes.io/component") != item.labels.get("app.kubernetes.io/component"):
                return


def _wider_selector(_: list[Object], item: Object) -> None:
    item.spec["selector"] = {"matchLabels": {"app.kubernetes.io/part-of": "todo-app"}}


def _wider_service(_: list[Object], item: Object) -> None:
    item.spec["selector"] = {"app.kubernetes.io/part-of": "todo-app"}


def _closed_door(_: list[Object], item: Object) -> None:
    item.spec["ingress"] = []


def _wrong_peer(_: list[Object], item: Object) -> None:
    rules = [(rule, "from") for rule in item.spec.get("ingress", [])]
    rules += [(rule, "to") for rule in item.spec.get("egress", [])]
    for rule, side in rules:
        for peer in rule.get(side, []):
            if "podSelector" in peer and peer["podSelector"]["matchLabels"] != {"k8s-app": "kube-dns"}:
                peer["podSelector"] = {"matchLabels": {"app.kubernetes.io/name": "nobody"}}


def _has_named_peer(item: Object) -> bool:
    return _names_one(item, ("ingress", "from"), ("egress", "to"))


def _lets_in(item: Object) -> bool:
    """A policy for callers that are pods of ours; a scraper elsewhere calls from outside the graph."""
    return _names_one(item, ("ingress", "from"))


def _names_one(item: Object, *sides: tuple[str, str]) -> bool:
    return item.kind == "NetworkPolicy" and any(
        "podSelector" in peer and check_traffic.namespace_of(item, peer) not in check_traffic.ELSEWHERE
        for side, peers in sides
        for rule in item.spec.get(side) or []
        for peer in rule.get(peers, [])
    )


def _names_pods(item: Object) -> bool:
    return item.kind == "NetworkPolicy" and bool(item.spec["podSelector"])


def _denies_all(item: Object) -> bool:
    return item.kind == "NetworkPolicy" and not item.spec["podSelector"]


def _states(reason: str) -> Callable[[Object], bool]:
    return lambda item: item.is_workload and item.kind != "Job" and reason in item.annotations


def _budget_needed(item: Object) -> bool:
    return item.kind == "PodDisruptionBudget"


def _small_volume(_: list[Object], item: Object) -> None:
    item.spec["capacity"]["storage"] = "1Mi"


def _unlabelled(name: str) -> Callable[[list[Object], Object], None]:
    def _apply(_: list[Object], item: Object) -> None:
        del item.manifest["metadata"]["labels"][name]

    return _apply


def _makes_secrets(item: Object) -> bool:
    """One that pods mount."""
    return item.kind == "Job" and any(job.key == item.key for job, _ in secrets_made([item]).values())


def _secret_lost(_: list[Object], item: Object) -> None:
    item.containers[0]["env"] = []


MUTATIONS = (
    *[
        Mutation(f"no {side} of {what}", _workload, _drop("resources", side, what), check_pods.bounded)
        for side in ("requests", "limits")
        for what in ("cpu", "memory")
    ],
    *[Mutation(f"no {probe}", _serves, _drop(probe), check_pods.probed) for probe in PROBES],
    *[_drop_probe_timeout(probe) for probe in PROBES],
    Mutation("readiness is liveness", _serves, _same_probes, check_pods.probed),
    Mutation("service account gone", _of_a_pod, _remove, check_pods.own_account),
    Mutation("default service account", _workload, _in_pod(serviceAccountName="default"), check_pods.own_account),
    Mutation("account of another", _serves, _shared_account, check_pods.own_account),
    Mutation(
        "account hands out tokens",
        _is("ServiceAccount"),
        lambda _, item: item.manifest.pop("automountServiceAccountToken"),
        check_pods.no_api_token,
    ),
    Mutation("pod takes a token", _without_token, _in_pod(automountServiceAccountToken=True), check_pods.no_api_token),
    Mutation(
        "token without reason",
        lambda item: REASON_API_TOKEN in item.annotations,
        _without_annotation(REASON_API_TOKEN),
        check_pods.no_api_token,
    ),
    Mutation("budget gone", _budget_needed, _remove, check_pods.budgeted),
    Mutation(
        "no budget, no reason", _states(REASON_NO_BUDGET), _without_annotation(REASON_NO_BUDGET), check_pods.budgeted
    ),
    *[
        Mutation(
            f"pod without {field}",
            _workload,
            lambda _, item, field=field: item.pod["securityContext"].pop(field),  # type: ignore[misc] # default binds the loop's value
            check_pods.restricted_pod,
        )
        for field in ("runAsUser", "runAsNonRoot", "seccompProfile")
    ],
    Mutation("host network", _workload, _in_pod(hostNetwork=True), check_pods.restricted_pod),
    Mutation("host folder", _workload, _in_pod(volumes=[{"hostPath": {"path": "/"}}]), check_pods.restricted_pod),
    *[
        Mutation(
            f"container without {field}", _workload, _drop("securityContext", field), check_pods.restricted_container
        )
        for field in ("allowPrivilegeEscalation", "readOnlyRootFilesystem", "capabilities")
    ],
    Mutation("image by hand", _workload, _in_container("image", value="redis:latest"), check_pods.from_catalog),
    Mutation("always pulls", _workload, _in_container("imagePullPolicy", value="Always"), check_pods.from_catalog),
    *[
        Mutation(f"no label {name}", _workload, _unlabelled(f"app.kubernetes.io/{name}"), check_pods.labelled)
        for name in check_pods.RECOMMENDED
    ],
    Mutation("no preStop", _drained, _drop("lifecycle"), check_pods.drains),
    Mutation("policy gone", _names_pods, _remove, check_traffic.selected_by_a_policy),
    Mutation("default deny gone", _denies_all, _remove, check_traffic.denied_by_default),
    Mutation("default deny leaks", _denies_all, _spec(egress=[{}]), check_traffic.denied_by_default),
    Mutation("selector of two", _is("Deployment"), _wider_selector, check_traffic.selectors_are_unique),
    Mutation("service of two", _is("Service"), _wider_service, check_traffic.selectors_are_unique),
    Mutation(
        "port that is none",
        _is("Service"),
        lambda _, item: item.spec["ports"][0].update(targetPort="nothing"),
        check_traffic.services_reach_ports,
    ),
    Mutation("peer that is none", _has_named_peer, _wrong_peer, check_traffic.edges_exist),
    Mutation("door closed", _lets_in, _closed_door, check_traffic.edges_agree),
    Mutation("two owners", lambda _: True, _twice, check_order.declared_once),
    Mutation(
        "waits for nothing",
        lambda item: item.is_workload or item.kind in ("RoleBinding", "PersistentVolume", "LimitRange"),
        _first,
        check_order.in_order,
    ),
    Mutation("namespace gone", _is("Namespace"), _remove, check_order.in_order),
    Mutation("role gone", _is("Role"), _remove, check_order.in_order),
    Mutation("priority class gone", _is("PriorityClass"), _remove, check_order.in_order),
    Mutation(
        "secret nobody makes",
        _makes_secrets,
        _secret_lost,
        check_order.secrets_are_made,
    ),
    Mutation("volume gone", _is("PersistentVolume"), _remove, check_order.volumes_fit),
    Mutation("volume too small", _is("PersistentVolume"), _small_volume, check_order.volumes_fit),
    Mutation(
        "volume of another class", _is("PersistentVolume"), _spec(storageClassName="other"), check_order.volumes_fit
    ),
    *[
        Mutation(f"{kind} gone", _is(kind), _remove, check_order.namespaces_are_bounded)
        for kind in ("ResourceQuota", "LimitRange")
    ],
    *[
        Mutation(f"namespace without {label}", _is("Namespace"), _unlabelled(label), check_order.namespaces_are_bounded)
        for label in ("slipway.local/owner", "pod-security.kubernetes.io/enforce")
    ],
    Mutation(
        "quota too small",
        _is("ResourceQuota"),
        lambda _, item: item.spec["hard"].update({"limits.memory": "1Mi"}),
        check_order.within_quota,
    ),
)
