"""`make querycraft`, small; and the committed table."""

import json
import subprocess
import sys
from pathlib import Path

import pytest
from django.conf import settings

from tests.craft.query_craft import OUT, document


def test_the_table_says_what_the_file_says() -> None:
    result = json.loads((OUT / "query-craft.json").read_text(encoding="utf-8"))

    assert (OUT / "query-craft.md").read_text(encoding="utf-8") == document(result)


def test_every_place_that_the_table_names_exists() -> None:
    for row in json.loads((OUT / "query-craft.json").read_text(encoding="utf-8"))["rows"]:
        for word in row["where"].replace(",", " ").split():
            if word.endswith(".py"):
                assert (settings.BASE_DIR / word).exists() or (settings.BASE_DIR / "todo_app" / word).exists(), word


@pytest.mark.integration
def test_every_technique_is_measured_beside_what_it_replaces(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "tests.craft.query_craft", "--small", "--rounds", "2", "--out", str(tmp_path)]

    done = subprocess.run(command, capture_output=True, text=True, timeout=110, check=False, cwd=settings.BASE_DIR)

    assert done.returncode == 0, done.stderr[-2000:]
    rows = json.loads((tmp_path / "query-craft.json").read_text(encoding="utf-8"))["rows"]
    assert len(rows) >= 14
    assert all(row["used_us"] > 0 and row["without_us"] > 0 for row in rows)
