"""Gatekeeper's own command line: the suites, and objects against all constraints."""

import copy
import json
import re
import subprocess
import tempfile
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

import yaml

from infra.lib import gotool
from infra.lib.errors import SlipwayError
from infra.lib.kinds import CLUSTER_WIDE
from infra.lib.paths import REPOSITORY, cache_dir
from infra.lib.policies import Object, Policy, within
from infra.lib.report import Report

DEADLINE = 120.0
CANARY = "canary-of-gator"
EVERYWHERE = "-everywhere"


@dataclass(frozen=True, order=True)
class Refusal:
    """One message of one policy about one object."""

    policy: str
    kind: str
    namespace: str
    name: str
    message: str

    def __str__(self) -> str:
        return f"{self.policy}: {self.kind} {self.namespace}/{self.name}: {self.message}"


def program(*, report: Report) -> Path:
    """Gator, built beside Gatekeeper from the same modules."""
    log = cache_dir() / "logs" / "gatekeeper.log"
    return gotool.ensure("gatekeeper", report=report, log=log).with_name("gator")


def verify(gator: Path, folder: Path) -> list[str]:
    """Problems of a policy's suite; gator passes over what it does not take for one, and says nothing of it."""
    done = _run([str(gator), "verify", f"{folder}/..."])
    passed = re.search(r"^ok\t.*/suite\.yaml", done.stdout, re.MULTILINE)
    if not done.returncode and passed:
        return []
    return [f"{folder.name}: gator passed no suite of it", *(done.stdout + done.stderr).splitlines()]


def judge(
    gator: Path, policies: Sequence[Policy], objects: Iterable[Object], *, namespaces: Sequence[str]
) -> set[Refusal]:
    """What all policies say against the objects, which also make the inventory.

    Gator says the same of objects that are fine and of none at all: one that is refused goes along.
    """
    documents = [policy.template for policy in policies]
    documents += [within(policy.constraint, list(namespaces)) for policy in policies]
    documents += [made for policy in policies if (made := _everywhere(policy.constraint))]
    with tempfile.NamedTemporaryFile("w", suffix=".yaml", encoding="utf-8") as file:
        for number, item in enumerate([*documents, _canary(namespaces[0]), *objects]):
            file.write("" if number == 0 else "---\n")
            file.write(json.dumps(item) + "\n")
        file.flush()
        done = _run([str(gator), "test", f"--filename={file.name}", "--output=json"])
    refusals = {_refusal(entry) for entry in _found(done.stdout)}
    judged = {refusal for refusal in refusals if refusal.name != CANARY}
    if judged == refusals:
        raise SlipwayError("gator judged nothing", details=tuple((done.stdout + done.stderr).splitlines()[-20:]))
    return judged


def _everywhere(constraint: Object) -> Object | None:
    """The constraint for its cluster-wide kinds alone, where it has some.

    Gatekeeper judges such an object by a constraint that names namespaces; gator 3.23 takes it for one of a namespace
    without a name, and passes over it.
    """
    made = copy.deepcopy(constraint)
    entries = made["spec"]["match"]["kinds"]
    for entry in entries:
        entry["kinds"] = [kind for kind in entry["kinds"] if kind in CLUSTER_WIDE - {"Namespace"}]
    made["spec"]["match"]["kinds"] = [entry for entry in entries if entry["kinds"]]
    made["metadata"]["name"] += EVERYWHERE
    return made if made["spec"]["match"]["kinds"] else None


def _found(text: str) -> list[Object]:
    try:
        found = json.loads(text)
    except ValueError:
        return []
    return found if isinstance(found, list) else []


def _canary(namespace: str) -> Object:
    """A pod with nothing that a pod should have."""
    metadata = {"name": CANARY, "namespace": namespace}
    containers = [{"name": "canary", "securityContext": {"privileged": True}}]
    return {"apiVersion": "v1", "kind": "Pod", "metadata": metadata, "spec": {"containers": containers}}


def _refusal(entry: Object) -> Refusal:
    metadata = entry["violatingObject"]["metadata"]
    return Refusal(
        policy=entry["constraint"]["metadata"]["name"].removesuffix(EVERYWHERE),
        kind=entry["violatingObject"]["kind"],
        namespace=metadata.get("namespace", ""),
        name=metadata.get("name", metadata.get("generateName", "")),
        message=entry["msg"],
    )


def rendered(folder: Path) -> list[Object]:
    """Every manifest that `slipway render` wrote."""
    found: list[Object] = []
    for file in sorted(folder.rglob("*.yaml")):
        found += [item for item in yaml.load_all(file.read_text(encoding="utf-8"), Loader=yaml.CSafeLoader) if item]
    return found


def _run(command: list[str]) -> subprocess.CompletedProcess[str]:
    return subprocess.run(command, cwd=REPOSITORY, capture_output=True, text=True, timeout=DEADLINE, check=False)
