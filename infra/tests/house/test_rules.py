"""House rules that no linter knows (CONTRIBUTING.md lists them)."""

import re
from pathlib import Path

import pytest

from infra.lib.paths import REPOSITORY
from infra.tests.house.sources import files, text_of

CODE = {".py", ".go", ".sh", ".tf"}
LIMIT = 300
SUPPRESSION = re.compile(r"#\s*(noqa|type:\s*ignore)\b(?P<rest>.*)$")
MACHINE_PATH = re.compile(r"(?<![\w./-])/(work|root|home/\w+)/")
UNFINISHED = re.compile(r"\b(TODO|FIXME|XXX|NotImplementedError)\b")
THIS_FILE = Path(__file__)


def code() -> list[Path]:
    return [path for path in files() if path.suffix in CODE and "migrations" not in path.parts]


def names(paths: list[str]) -> str:
    return "\n".join(paths)


def too_long(paths: list[Path]) -> list[str]:
    counted = [(path, len(text_of(path).splitlines())) for path in paths]
    return [f"{path.relative_to(REPOSITORY)}: {lines} lines" for path, lines in counted if lines > LIMIT]


def without_reason(text: str) -> list[str]:
    """Lines whose suppression is bare, names no rule or gives no reason."""
    found = []
    for line in text.splitlines():
        if (match := SUPPRESSION.search(line)) is None:
            continue
        rest = match["rest"]
        named = re.match(r"\s*:\s*[A-Z]+\d+|\s*\[[\w-]+", rest)
        reason = re.search(r"(?:\s-|#)\s*[^\s#]", rest)
        if not (named and reason):
            found.append(line.strip())
    return found


def test_no_file_is_longer_than_300_lines() -> None:
    assert names(too_long(code())) == ""


def test_every_suppression_names_its_rule_and_carries_a_reason() -> None:
    found = [
        f"{path.relative_to(REPOSITORY)}: {line}"
        for path in code()
        if path != THIS_FILE and path.suffix == ".py"
        for line in without_reason(text_of(path))
    ]

    assert names(found) == ""


@pytest.mark.parametrize(
    "line", ["x = 1  # noqa", "x = 1  # noqa: S101", "x = f()  # type: ignore", "x()  # type: ignore[arg]"]
)
def test_a_suppression_without_rule_or_reason_is_found(line: str) -> None:
    assert without_reason(line) == [line]


@pytest.mark.parametrize("line", ["x()  # noqa: S310 - loopback only", "x()  # type: ignore[arg-type]  # mock"])
def test_a_suppression_with_both_is_not(line: str) -> None:
    assert without_reason(line) == []


def test_no_file_names_a_path_of_the_machine_it_was_written_on() -> None:
    found = [
        f"{path.relative_to(REPOSITORY)}: {match.group(0)}"
        for path in files()
        if path != THIS_FILE and (match := MACHINE_PATH.search(text_of(path)))
    ]

    assert names(found) == ""


def test_nothing_is_left_to_do_in_code() -> None:
    found = [
        f"{path.relative_to(REPOSITORY)}: {match.group(0)}"
        for path in code()
        if path != THIS_FILE and (match := UNFINISHED.search(text_of(path)))
    ]

    assert names(found) == ""


def test_a_hint_names_no_program_that_the_machine_lacks() -> None:
    bare = re.compile(
        r"""(?:hint|remedy)\s*=\s*\(?\s*f?["'](?:[A-Z_]+=\S+ )*(kubectl|slipway|helm|uv|python|pytest)\b"""
    )
    chained = re.compile(r"""(?:hint|remedy)\s*=.*(?:&&|;|\|) *(kubectl|slipway|helm|uv|pytest)\b""")
    found = [
        f"{path.relative_to(REPOSITORY)}: {match.group()}"
        for path in code()
        if path.suffix == ".py" and "infra" in path.parts and "tests" not in path.parts
        for pattern in (bare, chained)
        for match in pattern.finditer(text_of(path))
    ]

    assert names(found) == ""
    assert bare.search('hint="kubectl get pods"')
    assert chained.search('hint=f"rm {archive} && slipway images"')
