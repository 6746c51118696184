"""A rule that the API server itself keeps: no webhook is asked, so none can be away."""

from collections.abc import Mapping, Sequence
from typing import Any

import pulumi
from pulumi_kubernetes.admissionregistration.v1 import ValidatingAdmissionPolicy, ValidatingAdmissionPolicyBinding


def namespaces(names: Sequence[str]) -> dict[str, Any]:
    """What it looks at: each way in which their labels change. Gatekeeper is asked about the first alone."""
    rule = {
        "api_groups": [""],
        "api_versions": ["*"],
        "operations": ["CREATE", "UPDATE"],
        "resources": ["namespaces", "namespaces/status", "namespaces/finalize"],
        "resource_names": list(names),
    }
    return {"resource_rules": [rule]}


def guard(
    name: str,
    spec: Any,  # noqa: ANN401 - mypy compares the SDK's typed dicts for 20 GB
    labels: Mapping[str, str],
    opts: pulumi.ResourceOptions,
) -> list[pulumi.CustomResource]:
    """The rule and its binding, which has it refuse."""
    metadata: Any = {"name": name, "labels": {**labels}}
    policy = ValidatingAdmissionPolicy(name, metadata=metadata, spec=spec, opts=opts)
    bound = pulumi.ResourceOptions.merge(opts, pulumi.ResourceOptions(depends_on=[policy]))
    binding: Any = {"policy_name": name, "validation_actions": ["Deny"]}
    return [policy, ValidatingAdmissionPolicyBinding(name, metadata=metadata, spec=binding, opts=bound)]
