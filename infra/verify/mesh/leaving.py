"""Ways out of the mesh that no policy of Gatekeeper judges: the namespace's label, another sidecar (R36)."""

import contextlib
import json
from collections.abc import Iterator
from typing import Any

from infra.components.gatekeeper import GUARD
from infra.components.mesh_guard import INJECTION, MEMBER, SIDECAR
from infra.verify.bed import Bed, BedError
from infra.verify.mesh.jobs import WHO
from infra.verify.mesh.pods import image_of, manifest

# Somebody who may change namespaces and make pods, and owns neither the mesh nor its rules.
NAME = "mesh-leaver"
RULES = [
    {"apiGroups": [""], "resources": ["namespaces", "namespaces/status", "namespaces/finalize"], "verbs": ["*"]},
    {"apiGroups": [""], "resources": ["pods"], "verbs": ["*"]},
]
NAMESPACE = "todo"
# Two rules of it refuse: which is named is nobody's promise.
API_SERVER = "ValidatingAdmissionPolicy 'slipway-"
POLICY = "mesh-injection"


@contextlib.contextmanager
def somebody(bed: Bed) -> Iterator[None]:
    """Such a person, for the block."""
    api = {"apiVersion": "rbac.authorization.k8s.io/v1", "metadata": {"name": NAME}}
    role = {"apiGroup": "rbac.authorization.k8s.io", "kind": "ClusterRole", "name": NAME}
    whom = [{"apiGroup": "rbac.authorization.k8s.io", "kind": "User", "name": NAME}]
    items = [
        {**api, "kind": "ClusterRole", "rules": RULES},
        {**api, "kind": "ClusterRoleBinding", "roleRef": role, "subjects": whom},
    ]
    bed.kubectl("apply", "-f", "-", given=json.dumps({"apiVersion": "v1", "kind": "List", "items": items}))
    try:
        yield
    finally:
        bed.kubectl("delete", "clusterrole,clusterrolebinding", NAME, "--ignore-not-found")


def got_out(bed: Bed) -> Iterator[str]:
    """Attempts that were admitted, or refused by somebody else; and what should be admitted and was not."""
    for what, words, given, by in (*_of_the_namespace(bed), *_of_pods(bed)):
        said = _said(bed, *words, given=given)
        if by not in said:
            yield f"{what}: want a refusal by {by}, have {said or 'admitted'}"
    for what, words in (
        ("its owner takes the label off", ("label", "namespace", NAMESPACE, f"{INJECTION}-")),
        ("somebody adds another label", ("label", "namespace", NAMESPACE, "slipway.local/tried=x", f"--as={NAME}")),
    ):
        if said := _said(bed, *words):
            yield f"{what}: {said}"


Attempt = tuple[str, tuple[str, ...], str, str]


def _of_the_namespace(bed: Bed) -> Iterator[Attempt]:
    me = f"--as={NAME}"
    named = ("namespace", NAMESPACE)
    change = json.dumps({"metadata": {"labels": {INJECTION: None}}})
    yield "the label taken off", ("label", *named, f"{INJECTION}-", me), "", MEMBER
    yield "another value", ("label", *named, f"{INJECTION}=off", "--overwrite", me), "", MEMBER
    yield "a revision instead", ("label", *named, f"{INJECTION}-", "istio.io/rev=default", me), "", MEMBER
    for by in ("merge", "strategic"):
        yield f"by a {by} patch", ("patch", *named, f"--type={by}", "-p", change, me), "", MEMBER
    status = ("patch", *named, "--subresource=status", "--type=merge", "-p", change, me)
    yield "beside its status", status, "", API_SERVER
    loose = json.dumps({"metadata": {"labels": {"pod-security.kubernetes.io/enforce": "privileged"}}})
    yield "Pod Security beside its status", (*status[:-2], loose, me), "", GUARD
    whole = json.loads(bed.kubectl("get", *named, "-o", "json"))
    del whole["metadata"]["labels"][INJECTION]
    yield "replaced without it", ("replace", "-f", "-", me), json.dumps(whole), MEMBER
    raw = f"/api/v1/namespaces/{NAMESPACE}/finalize?dryRun=All"
    yield "beside its finalizers", ("replace", f"--raw={raw}", "-f", "-", me), json.dumps(whole), API_SERVER


def _of_pods(bed: Bed) -> Iterator[Attempt]:
    app, proxy = image_of(bed)
    me = f"--as={NAME}"
    create = ("create", "-f", "-", me)
    yield "a pod that asks for none", create, _pod((app, proxy), labels={"sidecar.istio.io/inject": "false"}), SIDECAR
    own = {"name": "istio-proxy", "image": app, "restartPolicy": "Always", "command": ["sleep", "9"]}
    yield "a pod with its own", create, _pod((app, proxy), init=own), SIDECAR
    claims = {"sidecar.istio.io/status": json.dumps({"initContainers": ["istio-proxy", "istio-validation"]})}
    asks = {"sidecar.istio.io/inject": "false"}
    yield "one that says it has one", create, _pod((app, proxy), labels=asks, annotations=claims), SIDECAR
    fake = {"name": "istio-proxy", "image": proxy, "restartPolicy": "Always", "args": ["proxy", "sidecar"]}
    yield "one with half of it", create, _pod((app, proxy), labels=asks, init=fake), SIDECAR
    bare = {"name": "istio-proxy", "image": proxy, "env": [{"name": "PROXY_CONFIG", "value": "{}"}]}
    yield "one that changes its settings", create, _pod((app, proxy), init=bare), POLICY
    [web, *_] = bed.objects("pods", "-n", NAMESPACE, "-l", "app.kubernetes.io/component=web")
    images = [{"name": "istio-proxy", "image": app}]
    change = json.dumps({"spec": {"initContainers": images}})
    running = ("-n", NAMESPACE, "patch", "pod", web["metadata"]["name"], "-p", change, me)
    yield "a running one given another image", running, "", SIDECAR


def _pod(
    images: tuple[str, str],
    *,
    labels: dict[str, str] | None = None,
    annotations: dict[str, str] | None = None,
    init: dict[str, Any] | None = None,
) -> str:
    pod = manifest(WHO, images, annotations=annotations)
    pod["metadata"] |= {"name": NAME, "labels": {**pod["metadata"]["labels"], **(labels or {})}}
    if init:
        pod["spec"]["initContainers"] = [{**pod["spec"]["containers"][0], "command": None, **init}]
    return json.dumps(pod)


def _said(bed: Bed, *words: str, given: str = "") -> str:
    """Why it was refused; nothing changes."""
    dry = () if any(word.startswith("--raw") for word in words) else ("--dry-run=server",)
    try:
        bed.kubectl(*words, *dry, given=given)
    except BedError as error:
        return str(error)[-600:]
    return ""
