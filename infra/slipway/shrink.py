"""Before a profile without sidecars: the rule that pods have them ends first, else it refuses what takes them away."""

import time

from infra.components.places import APP_NAMESPACES
from infra.lib.kube import Kube, KubeError
from infra.slipway.session import Session

API, KIND, NAME = "constraints.gatekeeper.sh/v1beta1", "MeshInjection", "mesh-injection"
INJECTION = "istio-injection"
FORGETS = 30.0  # seconds in which Gatekeeper has dropped a rule that is gone


def before(session: Session) -> bool:
    """Whether such a rule was there, and is no more."""
    kube = Kube(kubeconfig=session.cluster.kubeconfig(), context=session.cluster.context())
    try:
        return end_injection_rule(kube)
    finally:
        kube.close()


def end_injection_rule(kube: Kube) -> bool:
    """Whether there was such a rule; stack delivery makes it anew where the profile has one without sidecars."""
    rule = kube.get(API, KIND, "", NAME) if kube.kind(API, KIND) else None
    if not (rule and rule["spec"].get("parameters", {}).get("injected")):
        return False
    kube.delete(API, KIND, "", NAME)
    until = time.monotonic() + FORGETS
    while not _may_go(kube) and time.monotonic() < until:
        time.sleep(0.5)
    return True


def _may_go(kube: Kube) -> bool:
    """Whether the label of an app namespace could be taken away now."""
    body = {"metadata": {"labels": {INJECTION: None}}}
    try:
        for name in APP_NAMESPACES:
            path = f"/api/v1/namespaces/{name}"
            kube.request("PATCH", path, params={"dryRun": "All"}, body=body, media="application/merge-patch+json")
    except KubeError:
        return False
    return True
