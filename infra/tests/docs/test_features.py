"""Every feature in docs/features.md names code and a test that exist."""

import re
from pathlib import Path

from infra.lib.paths import REPOSITORY

DOCUMENT = REPOSITORY / "docs" / "features.md"
SECTIONS = 12
PATH = re.compile(r"`((?:app|charts|infra|contracts)/[\w./-]+)`")
NAME = re.compile(r"`(test_\w+)`")


def sections(text: str) -> dict[int, list[list[str]]]:
    """Number of a section → the cells of its rows."""
    found: dict[int, list[list[str]]] = {}
    for part in re.split(r"^## ", text, flags=re.MULTILINE)[1:]:
        rows = [line.strip("|").split("|") for line in part.splitlines() if line.startswith("| ")]
        found[int(part.partition(".")[0])] = [[cell.strip() for cell in row] for row in rows[1:]]
    return found


def faults(cells: list[str], root: Path = REPOSITORY) -> list[str]:
    """What a row names that does not exist, or names too little."""
    if len(cells) != 3:
        return [f"{cells[0]}: {len(cells)} cells instead of 3"]
    feature, code, tests = cells
    missing = [path for path in PATH.findall(code + tests) if not (root / path).exists()]
    files = [root / path for path in PATH.findall(tests) if (root / path).is_file()]
    text = "\n".join(file.read_text(encoding="utf-8") for file in files)
    missing += [name for name in NAME.findall(tests) if f"def {name}(" not in text]
    if not PATH.findall(code):
        missing.append("code")
    if "def test_" not in text:
        missing.append("a test")
    return [f"{feature}: {name} is missing" for name in missing]


def test_every_feature_names_code_and_a_test_that_exist() -> None:
    found = [
        fault
        for rows in sections(DOCUMENT.read_text(encoding="utf-8")).values()
        for row in rows
        for fault in faults(row)
    ]

    assert found == []


def test_every_part_of_the_service_has_features() -> None:
    found = sections(DOCUMENT.read_text(encoding="utf-8"))

    assert [*found] == [*range(1, SECTIONS + 1)]
    assert min(len(rows) for rows in found.values()) >= 3


def test_what_is_missing_is_found(tmp_path: Path) -> None:
    (tmp_path / "app").mkdir()
    (tmp_path / "app/test_a.py").write_text("def test_one() -> None: ...\n")

    assert faults(["Good", "`app/test_a.py`", "`app/test_a.py`: `test_one`"], tmp_path) == []
    assert faults(["Bad", "`app/gone.py`", "`app/test_a.py`: `test_two`"], tmp_path) == [
        "Bad: app/gone.py is missing",
        "Bad: test_two is missing",
    ]
    assert faults(["Bare", "words", "`app/test_a.py`"], tmp_path) == ["Bare: code is missing"]
    assert faults(["Short", "`app/test_a.py`"], tmp_path) == ["Short: 2 cells instead of 3"]
