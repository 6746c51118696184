"""What is changed in a mutant: each kind of change once, and nothing twice."""

import pytest

from infra.verify.policies.changes import changes, narrower, wider

REGO = """\
package sample

# A word about it.
bad if {
    not good
    input.kind in {"A", "B"}
    regex.match(`^(x|y)$`, input.name)
}

bad if input.wide
"""


def test_every_rule_and_expression_is_left_out_once() -> None:
    lines = REGO.splitlines()
    left_out = [(change.what, change.of(lines)) for change in changes(lines) if "left out" in change.what]

    assert [what for what, _ in left_out] == ["rule left out", "left out", "left out", "left out", "rule left out"]
    assert "not good" not in left_out[1][1]
    assert left_out[4][1].rstrip().endswith("}")
    assert all("# A word about it." in text for _, text in left_out)


def test_operators_words_and_branches_are_changed_where_they_stand() -> None:
    lines = REGO.splitlines()
    told = {change.what for change in changes(lines)}

    assert {"not turned", "in turned", 'without "A"', 'without "B"', "without x", "without y"} <= told
    assert {"without ^ at its beginning", "without $ at its end"} <= told
    assert all(change.of(lines).count("\n") >= REGO.count("\n") - 5 for change in changes(lines))


@pytest.mark.parametrize(
    ("pattern", "kept"),
    [
        ("a|b", ["b", "a"]),
        ("^(a|b)c$", ["^(b)c$", "^(a)c$"]),
        ("(a(b|c)|d)", ["(a(c)|d)", "(a(b)|d)", "(d)", "(a(b|c))"]),
        (r"(?i:a|\||[|)])", [r"(?i:\||[|)])", "(?i:a|[|)])", r"(?i:a|\|)"]),
        ("no branch", []),
        (r"\(a\|b\)", []),
    ],
)
def test_a_pattern_loses_one_branch_of_one_group(pattern: str, kept: list[str]) -> None:
    assert [text for _, text in narrower(pattern)] == kept


@pytest.mark.parametrize(
    ("pattern", "free"), [("^a$", ["a$", "^a"]), (r"a\$", []), ("[$]", []), ("a|b", []), ("(^|a)$", ["(^|a)"])]
)
def test_a_pattern_loses_each_end_that_holds_it(pattern: str, free: list[str]) -> None:
    assert [text for _, text in wider(pattern)] == free
