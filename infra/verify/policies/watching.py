"""A policy that only watches for a while: how a defect gets past it, and how it is shown that it refuses."""

import contextlib
import json
from collections.abc import Iterator

from infra.lib import policies
from infra.lib.kube import Kube
from infra.lib.policies import Object
from infra.verify.bed import Bed
from infra.verify.policies import admission

# Seconds until Gatekeeper judges by a constraint that was changed.
HEARD = 30.0


@contextlib.contextmanager
def watching(bed: Bed, name: str, refused: Object) -> Iterator[None]:
    """The policy of this name refuses nothing for the block.

    `refused` is an object that nothing else refuses: asked about, and never stored, it tells what Gatekeeper has heard.
    """
    kube = Kube(kubeconfig=bed.instance.kubeconfig)
    kind = next(policy.constraint["kind"] for policy in policies.load() if policy.name == name)

    def act(action: str | None) -> None:
        change = json.dumps({"spec": {"enforcementAction": action}})
        bed.kubectl("patch", f"{kind.lower()}.constraints.gatekeeper.sh", name, "--type=merge", "-p", change)
        wanted = action is not None
        bed.wait(f"{name} heard", lambda: admission.ask(kube, refused).admitted is wanted, deadline=HEARD)

    try:
        act("dryrun")
        try:
            yield
        finally:
            act(None)
    finally:
        kube.close()
