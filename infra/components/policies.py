"""The policies of `policies/` on a cluster: templates, their constraints for app namespaces, what they refer to."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Self

import pulumi
from pulumi_kubernetes.apiextensions import CustomResource

from infra.components import timeouts
from infra.components.labels import COMMON
from infra.components.todo_app_reach import Reach
from infra.lib import policies
from infra.settings.delivery import DeliverySettings

# The parameter that lists hosts outside the cluster.
HOSTS = "hosts"
# For the official engine; the direct one knows when a template is ready.
UNTIL_CREATED = {"pulumi.com/waitFor": "jsonpath={.status.created}=true"}


@dataclass(frozen=True, kw_only=True)
class PoliciesArgs:
    """The namespaces that every constraint is for, as Gatekeeper is called for them.

    `hosts` are outside the cluster and declared by settings, beside those that a constraint lists.
    """

    namespaces: pulumi.Input[list[str]]
    hosts: Sequence[str] = ()

    @classmethod
    def of(cls, platform: pulumi.StackReference, settings: DeliverySettings) -> Self:
        """For the namespaces that the platform stack says."""
        return cls(namespaces=platform.require_output("judged"), hosts=Reach.of(settings).outside)


class Policies(pulumi.ComponentResource):
    """Whoever depends on this component is judged by all of it."""

    names: pulumi.Output[list[str]]

    def __init__(self, name: str, args: PoliciesArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("slipway:delivery:Policies", name, None, opts)
        sync = CustomResource(
            name,
            api_version="syncset.gatekeeper.sh/v1alpha1",
            kind="SyncSet",
            metadata={"name": name, "labels": COMMON},
            spec={
                "gvks": [
                    {"group": group, "version": version, "kind": kind} for group, version, kind in policies.REFERRED
                ]
            },
            opts=pulumi.ResourceOptions(parent=self),
        )
        listed = policies.load()
        made = [self._policy(policy, args, after=sync) for policy in listed]
        self.names = pulumi.Output.all(*[item.id for item in made]).apply(lambda _: [each.name for each in listed])
        self.register_outputs({"names": self.names})

    def _policy(self, policy: policies.Policy, args: PoliciesArgs, *, after: pulumi.Resource) -> CustomResource:
        template, constraint = policy.template, policies.within(policy.constraint, args.namespaces)
        if HOSTS in constraint["spec"].get("parameters", {}):
            constraint["spec"]["parameters"][HOSTS] += args.hosts
        known = CustomResource(
            template["metadata"]["name"],
            api_version=template["apiVersion"],
            kind=template["kind"],
            metadata={
                "name": template["metadata"]["name"],
                "labels": COMMON,
                "annotations": {**policy.annotations, **UNTIL_CREATED, **timeouts.waits("ConstraintTemplate")},
            },
            spec=template["spec"],
            opts=pulumi.ResourceOptions(parent=self, depends_on=[after]),
        )
        return CustomResource(
            policy.name,
            api_version=constraint["apiVersion"],
            kind=constraint["kind"],
            metadata={"name": policy.name, "labels": COMMON, "annotations": timeouts.waits("Constraint")},
            spec=constraint["spec"],
            opts=pulumi.ResourceOptions(parent=self, depends_on=[known]),
        )
