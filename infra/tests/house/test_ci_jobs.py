"""CI runs make targets and nothing else, so a red job is repeated by typing its name."""

import re
from typing import Any

import yaml

from infra.lib.paths import REPOSITORY

RESERVED = {"workflow", "default", "variables", "stages", "include", "image", "cache"}
GATE = {"check", "integration", "e2e"}


def jobs() -> dict[str, dict[str, Any]]:
    loaded = yaml.safe_load((REPOSITORY / ".gitlab-ci.yml").read_text())
    return {name: job for name, job in loaded.items() if name not in RESERVED and not name.startswith(".")}


def make_targets() -> set[str]:
    return set(re.findall(r"^([a-z][a-z0-9-]*):", (REPOSITORY / "Makefile").read_text(), re.MULTILINE))


def test_every_job_is_the_make_target_of_its_name() -> None:
    assert {name: job["script"] for name, job in jobs().items()} == {name: [f"make {name}"] for name in jobs()}


def test_every_job_has_a_target() -> None:
    assert set(jobs()) <= make_targets()


def test_the_jobs_are_what_make_test_runs() -> None:
    recipe = re.search(r"^test:.*\n\t(.*)$", (REPOSITORY / "Makefile").read_text(), re.MULTILINE)

    assert recipe is not None
    assert set(recipe.group(1).split("ci.tiers")[1].split()) == set(jobs()) == GATE


def test_ci_run_is_make_test() -> None:
    lines = (REPOSITORY / ".ci" / "run").read_text().splitlines()

    assert lines[-1] == "exec make test"


def test_a_job_that_makes_a_cluster_is_not_cut_off_and_runs_alone() -> None:
    e2e = jobs()["e2e"]

    assert e2e["interruptible"] is False
    assert e2e["resource_group"]


def test_every_target_is_phony_and_explained() -> None:
    makefile = (REPOSITORY / "Makefile").read_text()
    phony = re.search(r"^\.PHONY: (.*)$", makefile, re.MULTILINE)
    explained = set(re.findall(r"^([a-z][a-z0-9-]*):.*## ", makefile, re.MULTILINE))

    assert phony is not None
    assert set(phony.group(1).split()) == make_targets() == explained
