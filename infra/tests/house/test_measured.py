"""What a figure or a fault test was measured on is in the history, so that anybody can measure the same again."""

import json
import subprocess
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pytest

from infra.lib.paths import REPOSITORY

FILES = (REPOSITORY / "docs" / "performance" / "bench.json", REPOSITORY / "docs" / "reliability" / "faults.json")
# Commits of rows that cannot be measured again, each with the reason. An entry that no row has any more fails.
LOST: Mapping[str, str] = {}
Row = Mapping[str, Any]


def git(*words: str, root: Path = REPOSITORY) -> subprocess.CompletedProcess[str]:
    command = ["git", "-c", f"safe.directory={root}", *words]
    return subprocess.run(command, cwd=root, capture_output=True, text=True, timeout=60, check=False)


def without_history(root: Path = REPOSITORY) -> str:
    """Why ancestry cannot be told here, or ""."""
    try:
        told = git("rev-parse", "--is-shallow-repository", root=root)
    except FileNotFoundError:
        return "there is no git"
    if told.returncode:
        return "there is no Git history"
    return "the history is shallow" if told.stdout.strip() == "true" else ""


def rows() -> list[Row]:
    return [row for file in FILES for row in json.loads(file.read_text(encoding="utf-8"))["rows"]]


def lost(measured: Sequence[Row], *, root: Path = REPOSITORY) -> dict[str, list[str]]:
    """Commit → ids of its rows, where HEAD does not come from that commit."""
    found: dict[str, list[str]] = {}
    for row in measured:
        found.setdefault(row["commit"], []).append(row["id"])
    return {
        commit: ids
        for commit, ids in found.items()
        if git("merge-base", "--is-ancestor", commit, "HEAD", root=root).returncode
    }


def disagreements(found: Mapping[str, Sequence[str]], known: Mapping[str, str]) -> list[str]:
    """Losses that nobody knows of, and known ones that are none or have no reason."""
    new = [f"{commit} is lost: measure {', '.join(ids)} again" for commit, ids in found.items() if commit not in known]
    stale = [f"{commit} is listed and no row's loss" for commit in known if commit not in found]
    return new + stale + [f"{commit} is listed without a reason" for commit, why in known.items() if not why.strip()]


def test_every_row_was_measured_on_a_commit_of_this_history() -> None:
    if why := without_history():
        pytest.skip(f"not run: {why}")
    found = lost(rows())
    if found.keys() == {row["commit"] for row in rows()}:
        pytest.skip("not run: a copy with a history of its own")

    assert disagreements(found, LOST) == []


def test_an_unlisted_loss_a_stale_entry_and_one_without_reason_are_found() -> None:
    assert disagreements({"a": ["R35", "R37"], "b": ["R36"], "c": ["R39"]}, {"b": "rewritten", "c": " ", "d": "x"}) == [
        "a is lost: measure R35, R37 again",
        "d is listed and no row's loss",
        "c is listed without a reason",
    ]


@pytest.fixture
def history(tmp_path: Path) -> Path:
    """A repository of two commits and of a third that was rewritten."""
    who = ("-c", "user.name=x", "-c", "user.email=x@example.invalid", "-c", "commit.gpgsign=false")
    git("init", "-q", root=tmp_path)
    for message in ("one", "two", "three"):
        git(*who, "commit", "-q", "--allow-empty", "-m", message, root=tmp_path)
    (tmp_path / "third").write_text(git("rev-parse", "HEAD", root=tmp_path).stdout.strip(), encoding="ascii")
    git(*who, "commit", "-q", "--allow-empty", "--amend", "-m", "another", root=tmp_path)
    return tmp_path


def test_a_rewritten_and_an_unknown_commit_are_found(history: Path) -> None:
    first = git("rev-parse", "HEAD~2", root=history).stdout.strip()[:12]
    third = (history / "third").read_text(encoding="ascii")[:12]
    measured = [
        {"id": name, "commit": commit}
        for name, commit in (("a", first), ("b", third), ("c", third), ("d", "0" * 12), ("e", "unknown"))
    ]

    assert lost(measured, root=history) == {third: ["b", "c"], "0" * 12: ["d"], "unknown": ["e"]}


def test_a_history_that_is_not_whole_is_told(history: Path, tmp_path_factory: pytest.TempPathFactory) -> None:
    shallow = tmp_path_factory.mktemp("clone") / "shallow"
    git("clone", "-q", "--depth=1", f"file://{history}", str(shallow), root=history)

    assert without_history(history) == ""
    assert without_history(shallow) == "the history is shallow"
    assert without_history(tmp_path_factory.mktemp("bare")) == "there is no Git history"


def test_a_machine_without_git_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "")

    assert without_history() == "there is no git"
