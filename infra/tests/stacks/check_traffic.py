"""Selectors and network policies: who is selected by what, and whether both ends of an edge agree."""

from collections.abc import Iterator
from typing import Any

from infra.components.traffic import NAMESPACE_LABEL
from infra.tests.stacks.objects import Object, matches

# Namespaces that no stack declares: the cluster's own, and who may come later to scrape.
ELSEWHERE = {"kube-system", "observability"}


def selected_by_a_policy(objects: list[Object]) -> Iterator[str]:
    """Each workload has a network policy that names it; the namespace's default deny does not count.

    So has a Gateway, whose pods istiod makes.
    """
    for item in [*_workloads(objects), *(each for each in objects if each.kind == "Gateway")]:
        named = [policy for policy in _policies(objects) if policy.spec["podSelector"] and _applies(policy, item)]
        if not named and item.namespace not in ELSEWHERE:
            yield f"{item}: no NetworkPolicy names it"


def denied_by_default(objects: list[Object]) -> Iterator[str]:
    """A policy without exceptions selects every pod of each namespace."""
    for namespace in (item.name for item in objects if item.kind == "Namespace"):
        if not any(
            policy.namespace == namespace
            and not policy.spec["podSelector"]
            and set(policy.spec["policyTypes"]) == {"Ingress", "Egress"}
            and not policy.spec.get("ingress")
            and not policy.spec.get("egress")
            for policy in _policies(objects)
        ):
            yield f"namespace {namespace}: no default deny"


def selectors_are_unique(objects: list[Object]) -> Iterator[str]:
    """A workload selects its own pods and nobody else's (T-27); so does each Service."""
    workloads = _workloads(objects)
    for item in objects:
        if item.kind in ("Deployment", "StatefulSet"):
            selector = item.spec["selector"]
        elif item.kind in ("Service", "PodDisruptionBudget"):
            wanted = item.spec["selector"]
            selector = wanted if item.kind == "PodDisruptionBudget" else {"matchLabels": wanted}
        else:
            continue
        pods = [
            other for other in workloads if other.namespace == item.namespace and matches(selector, other.pod_labels)
        ]
        if len(pods) != 1:
            yield f"{item} selects {[str(other) for other in pods] or 'nothing'}"
        elif item.kind in ("Deployment", "StatefulSet") and pods[0].key != item.key:
            yield f"{item} does not select its own pods"


def services_reach_ports(objects: list[Object]) -> Iterator[str]:
    """Every port of a Service leads to a named port of the pods it selects."""
    for service in (item for item in objects if item.kind == "Service"):
        for item in _workloads(objects):
            if item.namespace != service.namespace or not matches(
                {"matchLabels": service.spec["selector"]}, item.pod_labels
            ):
                continue
            ports = _ports(item)
            for port in service.spec["ports"]:
                leads = port.get("targetPort", port["port"])
                if leads not in ports and leads not in ports.values():
                    yield f"{service}: port {port['port']} leads to {leads}, which {item} does not have"


def edges_exist(objects: list[Object]) -> Iterator[str]:
    """Every peer of a policy is a pod somebody declares, in a namespace somebody declares."""
    namespaces = {item.name for item in objects if item.kind == "Namespace"} | ELSEWHERE
    for policy in _policies(objects):
        for peer in _peers(policy):
            if "ipBlock" in peer:
                continue
            namespace = namespace_of(policy, peer)
            if namespace not in namespaces:
                yield f"{policy}: no namespace {namespace}"
            elif namespace not in ELSEWHERE and not _there(objects, namespace, peer.get("podSelector", {})):
                yield f"{policy}: no pod of {namespace} matches {peer.get('podSelector')}"


def edges_agree(objects: list[Object]) -> Iterator[str]:
    """What one end may call, the other end lets in, on a port that is there."""
    for policy in _policies(objects):
        callers = [item for item in _workloads(objects) if policy.spec["podSelector"] and _applies(policy, item)]
        for rule in policy.spec.get("egress", []):
            for peer in rule.get("to", []):
                if "ipBlock" in peer or (namespace := namespace_of(policy, peer)) in ELSEWHERE:
                    continue
                for target in _pods(objects, namespace, peer.get("podSelector", {})):
                    for caller in callers:
                        yield from _unanswered(objects, caller, target, rule.get("ports", []))


def _unanswered(objects: list[Object], caller: Object, target: Object, ports: list[dict[str, Any]]) -> Iterator[str]:
    for port in ports:
        number = _ports(target).get(port["port"], port["port"])
        if number not in _ports(target).values():
            yield f"{caller} may call {target} on {port['port']}, which is not one of its ports"
        elif not any(
            _lets_in(policy, caller, number, _ports(target))
            for policy in _policies(objects)
            if _applies(policy, target)
        ):
            yield f"{caller} may call {target} on {number}, which lets nobody of it in"


def _lets_in(policy: Object, caller: Object, number: int, names: dict[Any, int]) -> bool:
    for rule in policy.spec.get("ingress", []):
        if not any(names.get(port["port"], port["port"]) == number for port in rule["ports"]):
            continue
        inside = [peer for peer in rule["from"] if "ipBlock" not in peer]
        if any(
            namespace_of(policy, peer) == caller.namespace and matches(peer.get("podSelector", {}), caller.pod_labels)
            for peer in inside
        ):
            return True
    return False


def _policies(objects: list[Object]) -> list[Object]:
    return [item for item in objects if item.kind == "NetworkPolicy"]


def _workloads(objects: list[Object]) -> list[Object]:
    return [item for item in objects if item.is_workload]


def _applies(policy: Object, item: Object) -> bool:
    return policy.namespace == item.namespace and matches(policy.spec["podSelector"], item.pod_labels)


def _peers(policy: Object) -> list[dict[str, Any]]:
    rules = [(rule, "from") for rule in policy.spec.get("ingress", [])]
    rules += [(rule, "to") for rule in policy.spec.get("egress", [])]
    return [peer for rule, side in rules for peer in rule.get(side, [])]


def namespace_of(policy: Object, peer: dict[str, Any]) -> str:
    selector = peer.get("namespaceSelector")
    return str(selector["matchLabels"][NAMESPACE_LABEL]) if selector else policy.namespace


def _pods(objects: list[Object], namespace: str, selector: dict[str, Any]) -> list[Object]:
    return [item for item in _workloads(objects) if item.namespace == namespace and matches(selector, item.pod_labels)]


def _there(objects: list[Object], namespace: str, selector: dict[str, Any]) -> bool:
    """Whether such a pod is declared; a Gateway's are made by istiod."""
    pods = [item for item in objects if item.is_workload or item.kind == "Gateway"]
    return any(item.namespace == namespace and matches(selector, item.pod_labels) for item in pods)


def _ports(item: Object) -> dict[Any, int]:
    return {port["name"]: port["containerPort"] for box in item.containers for port in box.get("ports", [])}


CHECKS = (
    selected_by_a_policy,
    denied_by_default,
    selectors_are_unique,
    services_reach_ports,
    edges_exist,
    edges_agree,
)
