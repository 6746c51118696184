"""Find a workload by the name a user types."""

import re
from dataclasses import dataclass

from lightkube import Client
from lightkube.resources.apps_v1 import DaemonSet, Deployment, StatefulSet
from lightkube.resources.batch_v1 import Job
from lightkube.resources.core_v1 import Pod

from infra.lib.errors import Exit, SlipwayError

Resource = type[Deployment] | type[StatefulSet] | type[DaemonSet] | type[Job] | type[Pod]
KINDS: tuple[tuple[str, Resource], ...] = (
    ("deployment", Deployment),
    ("statefulset", StatefulSet),
    ("daemonset", DaemonSet),
    ("job", Job),
    ("pod", Pod),
)
NAME = re.compile(r"[a-z0-9]([-a-z0-9.]*[a-z0-9])?")  # RFC 1123, as Kubernetes names objects


@dataclass(frozen=True)
class Workload:
    """What kubectl calls `kind/name` in a namespace."""

    kind: str
    namespace: str
    name: str

    def __str__(self) -> str:
        return f"{self.kind}/{self.name}"


def find(api: Client, wanted: str) -> Workload:
    """The workload with that name, in whatever namespace; the first kind of KINDS wins."""
    namespace, _, name = wanted.rpartition("/")
    if not all(NAME.fullmatch(part) for part in (name, namespace or "default")):
        raise SlipwayError(
            f"{wanted!r} cannot be the name of a workload; want <name> or <namespace>/<name>",
            hint="make status",
            code=Exit.BAD_INPUT,
        )
    known: list[str] = []
    for kind, resource in KINDS:
        for item in api.list(resource, namespace=namespace or "*"):
            metadata = item.metadata
            if metadata is None or metadata.name is None:
                continue
            if metadata.name == name:
                return Workload(kind, metadata.namespace or "", name)
            if kind != "pod":
                known.append(metadata.name)
    raise SlipwayError(
        f"there is no workload {wanted}", details=(f"available: {', '.join(sorted(known))}",), code=Exit.BAD_INPUT
    )
