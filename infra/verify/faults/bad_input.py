"""What the user got wrong: unknown choices, misspelt settings, the other engine."""

import contextlib
import json
import os
from collections.abc import Iterator
from pathlib import Path

import yaml

from infra.lib.paths import REPOSITORY
from infra.slipway.session import NOT_IN_MINI, STACKS
from infra.verify.faults.fault import Fault, Site, hold, told

ANSWER = 15.0
# Environment, and what the answer has to say.
CHOICES: tuple[tuple[dict[str, str], tuple[str, ...]], ...] = (
    ({"PROFILE": "huge"}, ("PROFILE=huge", "mini")),
    ({"PROFILE": "Full"}, ("PROFILE=Full", "mini", "full")),
    ({"ENV": "prod"}, ("ENV=prod", "local", "production")),
    ({"ENGINE": "terraform"}, ("ENGINE=terraform", "direct", "pulumi")),
    ({"CLUSTER": "minikube"}, ("CLUSTER=minikube", "embedded", "context:")),
    ({"SLIPWAY_PORT": "99999"}, ("SLIPWAY_PORT=99999",)),
    ({"SLIPWAY_INSTANCE": "No_Name"}, ("No_Name",)),
    ({"PROFILE": "huge", "ENV": "prod"}, ("PROFILE=huge", "ENV=prod")),
)


def unknown_choice(site: Site) -> None:
    """`up` with a value nobody knows."""
    env, texts = CHOICES[site.number % len(CHOICES)]
    done = site.bed.call("up", "--yes", env=env, via=site.defect, deadline=60)
    told(done, *texts, code=2, within=ANSWER)
    hold(not site.bed.instance.state.exists(), f"{site.bed.instance.state} was made")


def misspelt(word: str, site: Site) -> str:
    """A key with one letter lost."""
    at = site.random.randrange(1, len(word))
    return word[:at] + word[at + 1 :]


def known_keys(stack: str) -> list[str]:
    """Settings of the stack that are long enough to lose a letter."""
    project = yaml.safe_load((REPOSITORY / "infra" / "stacks" / stack / "Pulumi.yaml").read_text(encoding="utf-8"))
    return [key for key in project["config"] if len(key) > 5]


def setting_misspelt(site: Site) -> None:
    """Even rounds: `up`, keys of two stacks; odd ones: `render`, two keys of one stack."""
    if site.number % 2 == 0:
        _misspelt_for_up(site)
    else:
        _misspelt_for_render(site)


def _misspelt_for_up(site: Site) -> None:
    """All named, with what was meant, although the first stack's own key is fine, before anything is contacted.

    The context does not exist, so that `up` with the defect ends there instead of making a cluster.
    """
    wrong = {stack: misspelt(site.random.choice(known_keys(stack)), site) for stack in ("data", "delivery")}
    words = [word for stack, key in wrong.items() for word in ("--set", f"{stack}.{key}=1")]
    env = {"CLUSTER": "context:nowhere", "KUBECONFIG": str(site.folder / "no-kubeconfig")}
    done = site.bed.call("up", "--yes", "--set", "foundation.owner=bob", *words, env=env, via=site.defect, deadline=60)
    told(done, *wrong, *wrong.values(), "did you mean", code=2, within=ANSWER)


def _misspelt_for_render(site: Site) -> None:
    """Both named, with what was meant, before anything is written."""
    stack = site.random.choice([name for name in STACKS if name not in NOT_IN_MINI])
    wrong = [misspelt(key, site) for key in site.random.sample(known_keys(stack), 2)]
    out = site.folder / "out"
    words = [word for key in wrong for word in ("--set", f"{stack}.{key}=1")]
    done = site.bed.call("render", "--out", str(out), *words, via=site.defect, deadline=60)
    told(done, *wrong, "did you mean", code=2, within=ANSWER)
    hold(not (out / stack).exists(), f"{stack} was rendered")


def other_engine(site: Site) -> None:
    """ENGINE=pulumi on what the direct engine made: refused with the way to hand over, nothing written."""
    _fake_pulumi(site.folder)
    mark = site.bed.audit.mark()
    path = f"{site.folder}{os.pathsep}{os.environ['PATH']}"
    with _inventory_kept(site):
        done = site.bed.call("up", "--yes", env={"ENGINE": "pulumi", "PATH": path}, via=site.defect, deadline=120)
        told(done, "ENGINE=direct", "hand over", code=2, within=60)
        hold(not site.bed.audit.writes(since=mark, user="slipway"), "something was written to the cluster")
        hold(not (site.folder / "called-with-up").exists(), "the other engine was let at the stack")


@contextlib.contextmanager
def _inventory_kept(site: Site) -> Iterator[None]:
    """The defect lets the other engine sign the inventory: put it back as it was, or no later `up` is let in."""
    before = site.folder / "inventory.json"
    maps = site.bed.objects("configmaps", "-n", "slipway-system", "-l", "slipway/inventory")
    hold(maps, "there is no inventory: the test has no subject")
    for each in maps:
        each["metadata"].pop("resourceVersion")
    before.write_text(json.dumps({"apiVersion": "v1", "kind": "List", "items": maps}), encoding="utf-8")
    try:
        yield
    finally:
        if site.defect:
            site.bed.kubectl("replace", "-f", str(before))


def _fake_pulumi(folder: Path) -> None:
    """A stand-in for the CLI: answers its version, and leaves a mark when it is asked to change something."""
    program = folder / "pulumi"
    program.write_text(
        f'#!/bin/sh\ncase "$1" in version) echo v3.272.0;; up|refresh|destroy) touch {folder}/called-with-up;; esac\n',
        encoding="utf-8",
    )
    program.chmod(0o755)


UNKNOWN_CHOICE = Fault(
    id="unknown-choice",
    title="unknown profile, environment, engine, cluster, port, instance",
    promise="exit 2, the value and the valid ones named, nothing made",
    tier="unit",
    defect="traceback-shown",
    probe=unknown_choice,
)
SETTING_MISSPELT = Fault(
    id="setting-misspelt",
    title="stack settings misspelt",
    promise="exit 2, every bad key of every stack named with the nearest good one, nothing changed or rendered",
    tier="unit",
    defect="settings-unchecked",
    probe=setting_misspelt,
)
OTHER_ENGINE = Fault(
    id="other-engine",
    title="the other engine on an existing inventory",
    promise="exit 2, the hand-over command, 0 writes",
    tier="bed",
    defect="engine-forgotten",
    probe=other_engine,
)
