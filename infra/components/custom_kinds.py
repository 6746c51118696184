"""CustomResourceDefinitions of an upstream release: its published files, or the same files out of its Go module."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pulumi
import yaml
from pulumi_kubernetes.apiextensions import CustomResource
from pulumi_kubernetes.yaml import v2

from infra.components import timeouts

KINDS = frozenset({"CustomResourceDefinition", "ValidatingAdmissionPolicy", "ValidatingAdmissionPolicyBinding"})


@dataclass(frozen=True, kw_only=True)
class CustomKindsArgs:
    """`folders` of manifests; none: the addresses `published`, which the official engine fetches."""

    folders: Sequence[str]
    published: Sequence[str]


class CustomKinds(pulumi.ComponentResource):
    """Whoever depends on it can declare objects of these kinds."""

    names: pulumi.Output[list[str]]

    def __init__(self, name: str, args: CustomKindsArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("slipway:platform:CustomKinds", name, None, opts)
        child = pulumi.ResourceOptions(parent=self)
        if not args.folders:
            v2.ConfigGroup(name, files=list(args.published), opts=child)
        made = [_made(item, child) for folder in args.folders for item in manifests(Path(folder))]
        self.names = pulumi.Output.all(*[each.id for each in made]).apply(lambda ids: [str(each) for each in ids])
        self.register_outputs({"names": self.names})


def manifests(folder: Path) -> Iterator[dict[str, Any]]:
    """Every object of the kinds that belong to it in a folder's files, in the order of their names."""
    for file in sorted(folder.glob("*.yaml")):
        for item in yaml.load_all(file.read_text(encoding="utf-8"), Loader=yaml.CSafeLoader):
            if isinstance(item, dict) and item.get("kind") in KINDS:
                yield item


def _made(item: dict[str, Any], opts: pulumi.ResourceOptions) -> CustomResource:
    metadata = {**item["metadata"]}
    metadata["annotations"] = {**metadata.get("annotations", {}), **timeouts.waits("CustomResourceDefinition")}
    return CustomResource(
        f"{metadata['name']}-{item['kind'].lower()}" if item["kind"].endswith("Binding") else metadata["name"],
        api_version=item["apiVersion"],
        kind=item["kind"],
        metadata=metadata,
        spec=item["spec"],
        opts=opts,
    )
