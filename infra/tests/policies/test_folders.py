"""A policy's folder is whole, its suite looks at both sides, and what is generated is what is there."""

import re
from datetime import UTC, date, datetime
from pathlib import Path

import pytest

from infra.lib import policies
from infra.lib.errors import SlipwayError
from infra.lib.policies import POLICIES, Policy
from infra.verify.policies import write
from infra.verify.policies.suites import Case, cases, read

ALL = policies.load()
FEWEST = 16  # what issue 5 lists
each = pytest.mark.parametrize("policy", ALL, ids=lambda policy: str(policy.name))


def one_sided(found: list[Case]) -> list[str]:
    """Which of allow, deny and boundary a suite lacks; the boundary is a second case of each verdict."""
    allowed = [case for case in found if case.refused is None]
    denied = [case for case in found if case.refused]
    return [word for word, side in (("allow", allowed), ("deny", denied)) if len(side) < 2]


def expired(policy: Policy, today: date) -> list[str]:
    """Exemptions of a constraint whose date has passed."""
    exempt = policy.constraint["spec"].get("parameters", {}).get("exempt", [])
    return [", ".join(entry["names"]) for entry in exempt if date.fromisoformat(entry["until"]) < today]


def test_there_are_as_many_as_were_asked_for() -> None:
    assert len(ALL) >= FEWEST


@each
def test_names_follow_from_the_folder(policy: Policy) -> None:
    kind = "".join(word.capitalize() for word in policy.name.split("-"))

    assert policy.template["spec"]["crd"]["spec"]["names"]["kind"] == kind
    assert policy.constraint["kind"] == kind
    assert policy.template["metadata"]["name"] == kind.lower()
    assert policy.constraint["metadata"]["name"] == policy.name
    assert re.match(rf"package {kind.lower()}\n", policy.modules["policy"])


@each
def test_the_rego_is_of_version_1(policy: Policy) -> None:
    [target] = policy.template["spec"]["targets"]

    assert [(code["engine"], code["source"]["version"]) for code in target["code"]] == [("Rego", "v1")]


@each
def test_the_suite_allows_denies_and_looks_at_the_boundary(policy: Policy) -> None:
    assert one_sided(list(cases(policy))) == []


def test_a_suite_without_a_refusal_is_noticed() -> None:
    found = [case for case in cases(ALL[0]) if case.refused is None]

    assert one_sided(found) == ["deny"]


@each
def test_every_sample_is_used(policy: Policy) -> None:
    suite = read(policy.folder / "suite.yaml")
    used = {test["constraint"] for test in suite["tests"]}
    for test in suite["tests"]:
        for case in test["cases"]:
            used |= {case["object"], *case.get("inventory", [])}

    samples = {f"samples/{file.name}" for file in (policy.folder / "samples").iterdir()}
    assert samples - used == set()


@each
def test_no_exemption_has_run_out(policy: Policy) -> None:
    assert expired(policy, datetime.now(UTC).date()) == []


def test_an_exemption_that_has_run_out_is_noticed() -> None:
    [rbac] = [policy for policy in ALL if policy.name == "no-wildcard-rbac"]

    assert len(expired(rbac, date(2100, 1, 1))) == len(rbac.constraint["spec"]["parameters"]["exempt"])


def test_the_readme_and_the_libraries_are_what_is_generated() -> None:
    assert write.outdated() == {}, "run: python -m infra.verify.policies.write"


def test_a_new_policy_is_written_into_the_readme_and_gets_the_library(tmp_path: Path) -> None:
    """The recipe of CONTRIBUTING: one folder, then the command writes its line."""
    root = tmp_path / "policies"
    (root / "lib").mkdir(parents=True)
    (root / "lib" / "workload.rego").write_text("package lib.workload\n")
    folder = root / "my-policy"
    folder.mkdir()
    own = (POLICIES / "no-privileged" / "template.yaml").read_text().partition(write.LIBS)[0]
    (folder / "template.yaml").write_text(own)
    (folder / "constraint.yaml").write_text((POLICIES / "no-privileged" / "constraint.yaml").read_text())

    found = write.outdated(root)

    assert (
        "| [my-policy](my-policy/template.yaml) | No privileged container | whatever holds a pod |"
        in (found[root / "README.md"])
    )
    assert found[folder / "template.yaml"] == f"{own}{write.LIBS}              - |\n{' ' * 16}package lib.workload\n"


def test_a_folder_without_its_constraint_is_refused(tmp_path: Path) -> None:
    (tmp_path / "my-policy").mkdir()
    (tmp_path / "my-policy" / "template.yaml").write_text("kind: ConstraintTemplate\n")

    with pytest.raises(SlipwayError, match=r"my-policy: a policy needs constraint\.yaml"):
        policies.load(tmp_path)
