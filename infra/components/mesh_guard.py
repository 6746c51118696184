"""In profile full the API server itself looks that app namespaces and their pods stay in the mesh.

Who may end the rule may take a namespace out of the mesh: a smaller profile begins with that label, and needs no step
before it.
"""

import json
from collections.abc import Sequence
from typing import Any

import pulumi

from infra.components.guard import guard, namespaces
from infra.components.labels import COMMON

INJECTION = "istio-injection"
MEMBER, SIDECAR = "slipway-mesh-member", "slipway-sidecar"
# What the injector adds, and the words its containers begin with.
ADDED = {"istio-validation": ("istio-iptables",), "istio-proxy": ("proxy", "sidecar")}


def guards(members: Sequence[str], image: str, opts: pulumi.ResourceOptions) -> list[pulumi.CustomResource]:
    """Both rules with their bindings; `image` is the proxy's, of any version."""
    return [
        *guard(MEMBER, member_spec(members), COMMON, opts),
        *guard(SIDECAR, sidecar_spec(members, image), COMMON, opts),
    ]


def member_spec(members: Sequence[str]) -> Any:  # noqa: ANN401 - mypy compares the SDK's typed dicts for 20 GB
    """The label that has pods injected stays on these namespaces, unless its rule could be ended by the same hand."""
    ender = (
        "authorizer.group('admissionregistration.k8s.io').resource('validatingadmissionpolicies')"
        f".name('{MEMBER}').check('delete').allowed()"
    )
    return {
        "failure_policy": "Fail",
        "match_constraints": namespaces(members),
        "validations": [
            {
                "expression": f"{_meshed('object')} || (oldObject != null && !{_meshed('oldObject')}) || {ender}",
                "message": f"without the label {INJECTION}=enabled its pods would have no sidecars",
            }
        ],
    }


def sidecar_spec(members: Sequence[str], image: str) -> Any:  # noqa: ANN401 - as above
    """A pod in a meshed namespace has the injector's containers, and keeps them; one of an earlier life may end."""
    repository = image.partition("@")[0]
    folder, slash, last = repository.rpartition("/")
    repository = f"{folder}{slash}{last.partition(':')[0]}"
    return {
        "failure_policy": "Fail",
        "match_constraints": {
            # By its name, which nobody can take off.
            "namespace_selector": {
                "match_expressions": [{"key": "kubernetes.io/metadata.name", "operator": "In", "values": list(members)}]
            },
            "resource_rules": [
                {
                    "api_groups": [""],
                    "api_versions": ["*"],
                    "operations": ["CREATE", "UPDATE"],
                    "resources": ["pods"],
                }
            ],
        },
        "variables": [
            {"name": "has", "expression": _added("object", repository)},
            {"name": "had", "expression": f"oldObject == null || {_added('oldObject', repository)}"},
        ],
        "validations": [
            {
                "expression": f"!{_meshed('namespaceObject')} || variables.has || !variables.had",
                "message": f"a pod here has the mesh's sidecar: {' and '.join(ADDED)} of {repository}",
            }
        ],
    }


def _meshed(what: str) -> str:
    return (
        f"(has({what}.metadata.labels) && '{INJECTION}' in {what}.metadata.labels"
        f" && {what}.metadata.labels['{INJECTION}'] == 'enabled')"
    )


def _added(pod: str, repository: str) -> str:
    """CEL: each container is there, first or beside the others, runs the proxy's image and no command of its own."""
    places = f"((has({pod}.spec.initContainers) ? {pod}.spec.initContainers : []) + {pod}.spec.containers)"
    each = [
        f"c.name == '{name}' && !has(c.command) && has(c.args) && c.args.size() >= {len(words)}"
        f" && [{', '.join(f'c.args[{n}]' for n in range(len(words)))}] == {json.dumps(list(words))}"
        f" && (c.image.startsWith('{repository}:') || c.image.startsWith('{repository}@'))"
        for name, words in ADDED.items()
    ]
    return "(" + " && ".join(f"{places}.exists(c, {one})" for one in each) + ")"
