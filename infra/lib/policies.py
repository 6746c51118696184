"""The policies of `policies/`: one folder each, a Gatekeeper template and its constraint."""

import copy
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from infra.lib.errors import Exit, SlipwayError
from infra.lib.paths import REPOSITORY

POLICIES = REPOSITORY / "policies"
Object = dict[str, Any]
# What policies look up besides the object under review; a kind the API does not have would stop all others.
REFERRED = (
    ("policy", "v1", "PodDisruptionBudget"),
    ("autoscaling", "v2", "HorizontalPodAutoscaler"),
    ("gateway.networking.k8s.io", "v1", "HTTPRoute"),
)


@dataclass(frozen=True)
class Policy:
    """One folder: `template` makes the kind that `constraint` is of."""

    folder: Path
    template: Object
    constraint: Object

    @property
    def name(self) -> str:
        """The folder's name, which is the constraint's as well."""
        return self.folder.name

    @property
    def annotations(self) -> dict[str, str]:
        """Title and description for readers."""
        return dict(self.template["metadata"]["annotations"])

    @property
    def modules(self) -> dict[str, str]:
        """Rego modules by what they are called: the policy's own and its libraries."""
        source = self.template["spec"]["targets"][0]["code"][0]["source"]
        return {"policy": source["rego"], **{f"lib{n}": text for n, text in enumerate(source.get("libs", []))}}


def folders(root: Path = POLICIES) -> list[Path]:
    """Every policy's folder, in the order of their names."""
    return sorted(file.parent for file in root.glob("*/template.yaml"))


def load(root: Path = POLICIES) -> list[Policy]:
    """All policies; raises BAD_INPUT for a folder without its constraint."""
    return [
        Policy(folder, _read(folder / "template.yaml"), _read(folder / "constraint.yaml")) for folder in folders(root)
    ]


def kinds(policies: Sequence[Policy]) -> dict[str, list[str]]:
    """API group → the kinds in it that some policy is about."""
    found: dict[str, set[str]] = {}
    for policy in policies:
        for entry in policy.constraint["spec"]["match"]["kinds"]:
            for group in entry["apiGroups"]:
                found.setdefault(group, set()).update(entry["kinds"])
    return {group: sorted(names) for group, names in sorted(found.items())}


def within(constraint: Object, namespaces: Any) -> Object:  # noqa: ANN401 - names, or a value that will be names
    """The constraint for these namespaces and what is in them: no other one is judged, none of them is left out."""
    limited = copy.deepcopy(constraint)
    limited["spec"]["match"]["namespaces"] = namespaces
    return limited


def _read(file: Path) -> Object:
    try:
        content = yaml.load(file.read_text(encoding="utf-8"), Loader=yaml.CSafeLoader)
    except FileNotFoundError as error:
        raise SlipwayError(f"{file.parent.name}: a policy needs {file.name}", code=Exit.BAD_INPUT) from error
    if not isinstance(content, dict):
        raise SlipwayError(f"{file}: is no object", code=Exit.BAD_INPUT)
    return content
