"""Nothing precedes what it depends on, nothing refers to what is not there, nothing is declared twice."""

import json
from collections import Counter
from collections.abc import Iterator

from infra.components.places import APP_NAMESPACES
from infra.lib.kinds import CLUSTER_WIDE
from infra.tests.stacks.objects import Object, SecretsMade, config_maps_made, secrets_made

UNITS = {"Mi": 1, "Gi": 1024}
# What every cluster has.
GIVEN = ("Namespace//kube-system", "PriorityClass//system-cluster-critical", "PriorityClass//system-node-critical")


def declared_once(objects: list[Object]) -> Iterator[str]:
    """One owner for each object."""
    for key, number in Counter(item.key for item in objects).items():
        if number > 1:
            yield f"{key} is declared {number} times"


def in_order(objects: list[Object]) -> Iterator[str]:
    """Whatever an object needs is declared, and certainly applied before it."""
    known = {item.key for item in objects}
    made, maps = secrets_made(objects), config_maps_made(objects)
    for item in objects:
        for needed in sorted({maps.get(each, each) for each in _needs(item, objects, made)} - set(GIVEN)):
            if needed not in known:
                yield f"{item} needs {needed}, which nobody declares"
            elif needed not in item.before:
                yield f"{item} may be applied before {needed}"


def secrets_are_made(objects: list[Object]) -> Iterator[str]:
    """A Secret that a pod mounts is one that a Job makes, or a chart that is not ours."""
    made = {*secrets_made(objects)} | {f"{each.namespace}/{each.name}" for each in objects if each.kind == "Secret"}
    for item in objects:
        for name in _secrets(item):
            if f"{item.namespace}/{name}" not in made:
                yield f"{item} mounts the Secret {name}, which no Job makes"


def volumes_fit(objects: list[Object]) -> Iterator[str]:
    """A claim for a class without provisioner has a volume of its name, class and size kept for it."""
    static = {
        item.name
        for item in objects
        if item.kind == "StorageClass" and item.manifest["provisioner"] == "kubernetes.io/no-provisioner"
    }
    volumes = {
        (item.spec["claimRef"]["namespace"], item.spec["claimRef"]["name"]): item
        for item in objects
        if item.kind == "PersistentVolume"
    }
    for item in objects:
        for claim in item.spec.get("volumeClaimTemplates", []) if item.kind == "StatefulSet" else []:
            spec, name = claim["spec"], f"{claim['metadata']['name']}-{item.name}-0"
            if spec.get("storageClassName") not in static:
                continue
            volume = volumes.get((item.namespace, name))
            if volume is None:
                yield f"{item}: no PersistentVolume is kept for {name}"
                continue
            if volume.spec["storageClassName"] != spec["storageClassName"]:
                yield f"{item}: {volume.name} is of another class"
            if _mebibytes(volume.spec["capacity"]["storage"]) < _mebibytes(spec["resources"]["requests"]["storage"]):
                yield f"{item}: {volume.name} is too small"


def namespaces_are_bounded(objects: list[Object]) -> Iterator[str]:
    """An owner, Pod Security `restricted`, a quota; for an app's default figures, or the policy that asks for some."""
    judged = [each for item in objects if item.kind == "ResourceBounds" for each in item.spec["match"]["namespaces"]]
    for namespace in (item for item in objects if item.kind == "Namespace"):
        if not namespace.labels.get("slipway.local/owner"):
            yield f"{namespace}: no owner"
        if namespace.labels.get("pod-security.kubernetes.io/enforce") != "restricted":
            yield f"{namespace}: Pod Security is not restricted"
        given = namespace.name in judged or namespace.name not in APP_NAMESPACES
        for kind in ("ResourceQuota", *(() if given else ("LimitRange",))):
            if not any(item.kind == kind and item.namespace == namespace.name for item in objects):
                yield f"{namespace}: no {kind}"


def within_quota(objects: list[Object]) -> Iterator[str]:
    """All pods of a namespace, sidecars and one more of each for a rollout included, fit into its quota."""
    for quota in (item for item in objects if item.kind == "ResourceQuota"):
        if "limits.memory" not in quota.spec["hard"]:
            continue
        used = 0
        for item in objects:
            if item.is_workload and item.namespace == quota.namespace and not item.is_test:
                each = sum(_mebibytes(box["resources"]["limits"]["memory"]) for box in item.containers)
                used += (each + sidecar(item, objects)) * (_most_pods(item, objects) + _surge(item))
        if used > _mebibytes(quota.spec["hard"]["limits.memory"]):
            yield f"{quota}: {used} MiB of limits do not fit into {quota.spec['hard']['limits.memory']}"


def sidecar(item: Object, objects: list[Object]) -> int:
    """MiB of the proxy that istiod puts into its pods."""
    member = any(
        each.kind == "Namespace" and each.name == item.namespace and each.labels.get("istio-injection") == "enabled"
        for each in objects
    )
    if not member and item.pod_labels.get("sidecar.istio.io/inject") != "true":
        return 0
    [injector] = [each for each in objects if each.key == "ConfigMap/istio-system/istio-sidecar-injector"]
    proxy = json.loads(injector.manifest["data"]["values"])["global"]["proxy"]
    return _mebibytes(proxy["resources"]["limits"]["memory"])


def _surge(item: Object) -> int:
    """Pods more during a rollout; one that recreates ends the old pod first."""
    return int(item.kind == "Deployment" and item.spec.get("strategy", {}).get("type") != "Recreate")


def _most_pods(item: Object, objects: list[Object]) -> int:
    for scaler in objects:
        if scaler.kind == "HorizontalPodAutoscaler" and scaler.spec["scaleTargetRef"]["name"] == item.name:
            return int(scaler.spec["maxReplicas"])
    return int(item.spec.get("replicas", 1))


def _needs(item: Object, objects: list[Object], made: SecretsMade) -> set[str]:
    needed: set[str] = set()
    if item.kind not in CLUSTER_WIDE and item.namespace:
        needed.add(f"Namespace//{item.namespace}")
    if item.kind == "RoleBinding":
        needed.add(f"Role/{item.namespace}/{item.manifest['roleRef']['name']}")
    if item.kind == "PersistentVolume":
        needed.add(f"StorageClass//{item.spec['storageClassName']}")
    if item.kind == "HorizontalPodAutoscaler":
        needed.add(f"{item.spec['scaleTargetRef']['kind']}/{item.namespace}/{item.spec['scaleTargetRef']['name']}")
    if item.is_workload:
        needed |= _needs_of_pod(item, objects)
        needed |= {made[place][0].key for name in _secrets(item) if (place := f"{item.namespace}/{name}") in made}
    return needed


def _needs_of_pod(item: Object, objects: list[Object]) -> set[str]:
    needed = {f"ServiceAccount/{item.namespace}/{item.pod['serviceAccountName']}"}
    if item.pod.get("priorityClassName"):
        needed.add(f"PriorityClass//{item.pod['priorityClassName']}")
    for volume in item.pod.get("volumes", []):
        if "configMap" in volume and not volume["configMap"].get("optional"):
            needed.add(f"ConfigMap/{item.namespace}/{volume['configMap']['name']}")
    for container in item.containers:
        for source in container.get("envFrom", []):
            needed.add(f"ConfigMap/{item.namespace}/{source['configMapRef']['name']}")
    if item.kind == "StatefulSet":
        claimed = {f"{claim['metadata']['name']}-{item.name}-0" for claim in item.spec["volumeClaimTemplates"]}
        needed |= {
            other.key
            for other in objects
            if other.kind == "PersistentVolume" and other.spec["claimRef"]["name"] in claimed
        }
    if item.kind == "Deployment":
        needed |= {other.key for other in objects if other.kind == "Job" and other.namespace == item.namespace}
    # A Job that writes Secrets needs its rights; one that calls a database needs the database.
    if item.annotations.get("slipway.local/reason-api-token"):
        needed |= {other.key for other in objects if other.kind == "RoleBinding" and _is_of(other, item)}
    if item.pod_labels.get("app.kubernetes.io/name") == "todo-app":
        needed |= {other.key for other in objects if other.kind == "StatefulSet"}
    return needed


def _is_of(binding: Object, item: Object) -> bool:
    return any(
        (subject["namespace"], subject["name"]) == (item.namespace, item.pod["serviceAccountName"])
        for subject in binding.manifest["subjects"]
    )


def _secrets(item: Object) -> list[str]:
    if not item.is_workload:
        return []
    found = [volume["secret"] for volume in item.pod.get("volumes", []) if "secret" in volume]
    return [secret["secretName"] for secret in found if not secret.get("optional")]


def _mebibytes(quantity: str) -> int:
    return int(quantity[:-2]) * UNITS[quantity[-2:]]


CHECKS = (declared_once, in_order, secrets_are_made, volumes_fit, namespaces_are_bounded, within_quota)
