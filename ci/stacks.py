"""Render every stack in every environment and profile without a cluster; validate each manifest's schema.

What smaller profiles have keeps to the policies, in Python; gator judges the largest (ci/policies.py).
"""

import sys
import tempfile
import time
from itertools import product
from pathlib import Path

import yaml
from kubernetes_validate import ValidationError, validate  # type: ignore[import-untyped]  # ships no types

from infra.lib.errors import SlipwayError
from infra.slipway import render
from infra.slipway.options import ENVIRONMENTS, PROFILES, choose
from infra.slipway.session import Session
from infra.verify.policies import gator, verdicts

KUBERNETES = "1.36"
# Kinds that are not Kubernetes' own and whose schema Gatekeeper's own program judges, in the part "policies".
JUDGED_BY_GATOR = "gatekeeper.sh"
# Kinds that istiod brings: the API server judges them by those; what is in them is tested in infra/tests/components.
OF_ISTIO = ("security.istio.io", "networking.istio.io", "gateway.networking.k8s.io")


def problems(folder: Path) -> list[str]:
    """What the Kubernetes schema says against the manifests of a folder."""
    found = []
    for file in sorted(folder.rglob("*.yaml")):
        for manifest in yaml.load_all(file.read_text(encoding="utf-8"), Loader=yaml.CSafeLoader):
            group = manifest["apiVersion"].rpartition("/")[0] if manifest else ""
            if not manifest or group.endswith(JUDGED_BY_GATOR) or group in OF_ISTIO:
                continue
            try:
                validate(manifest, KUBERNETES, strict=True)
            except ValidationError as error:
                found.append(f"{file.relative_to(folder)}: {error}")
    return found


def refusals(folder: Path) -> list[str]:
    """What the policies say against the objects of a folder."""
    objects = gator.rendered(folder)
    found = []
    for item in objects:
        metadata, names = item["metadata"], verdicts.refusing(item, objects)
        found += [
            f"{name}: {item['kind']} {metadata.get('namespace', '')}/{metadata['name']}" for name in sorted(names)
        ]
    return found


def main() -> int:
    """0 when all render and are valid."""
    failed = 0
    for environment, profile in product(ENVIRONMENTS, PROFILES):
        started = time.monotonic()
        with tempfile.TemporaryDirectory() as scratch:
            try:
                results = render.to(
                    Session(choose(environment=environment, profile=profile)), out=Path(scratch) / "out"
                )
            except SlipwayError as error:
                print(f"FAILED  {environment}, {profile}: {error.message}", *error.details, sep="\n  ")
                failed += 1
                continue
            told = problems(Path(scratch) / "out")
            told += refusals(Path(scratch) / "out") if profile != PROFILES[-1] else []
        number = sum(len(result.objects) for result in results)
        took = time.monotonic() - started
        print(
            f"{'FAILED' if told else 'ok'}  {environment}, {profile}: {number} objects in {took:.1f} s",
            *told,
            sep="\n  ",
        )
        failed += bool(told)
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
