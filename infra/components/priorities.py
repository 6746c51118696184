"""Who gives way when a node is full: batch before services, services before data."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType

import pulumi
from pulumi_kubernetes.scheduling.v1 import PriorityClass

from infra.components.labels import COMMON

DATA, SERVICE, BATCH = "slipway-data", "slipway-service", "slipway-batch"
DEFAULTS = MappingProxyType({DATA: 100_000, SERVICE: 10_000, BATCH: 1_000})


@dataclass(frozen=True, kw_only=True)
class PrioritiesArgs:
    """Class name → value; far below the system classes, above the default of 0."""

    values: Mapping[str, int] = field(default_factory=lambda: DEFAULTS)


class Priorities(pulumi.ComponentResource):
    """The priority classes that workloads name."""

    names: pulumi.Output[list[str]]

    def __init__(self, name: str, args: PrioritiesArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("slipway:kube:Priorities", name, None, opts)
        classes = [
            PriorityClass(
                class_name,
                metadata={
                    "name": class_name,
                    "labels": COMMON,
                },
                value=value,
                preemption_policy="PreemptLowerPriority",
                opts=pulumi.ResourceOptions(parent=self),
            )
            for class_name, value in args.values.items()
        ]
        self.names = pulumi.Output.all(*[item.metadata["name"] for item in classes])
        self.register_outputs({"names": self.names})
