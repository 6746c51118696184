"""`make profile`, small."""

import pstats
import subprocess
import sys
from pathlib import Path

import pytest
from django.conf import settings


@pytest.mark.integration
def test_profiles_are_written_for_every_viewer_and_the_hottest_functions_printed(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "tests.craft.profile", "--rounds", "3", "--out", str(tmp_path)]

    done = subprocess.run(command, capture_output=True, text=True, timeout=110, check=False, cwd=settings.BASE_DIR)

    assert done.returncode == 0, done.stderr[-2000:]
    for name in ("list", "create", "moderate"):
        assert f"{name}, 3 requests" in done.stdout
        assert pstats.Stats(str(tmp_path / f"{name}.prof")).total_calls > 1000  # type: ignore[attr-defined]  # typeshed leaves it out
        assert "events: " in (tmp_path / f"{name}.callgrind").read_text(encoding="utf-8")
    lines = (tmp_path / "lines.txt").read_text(encoding="utf-8")
    assert "def hits" in lines
    assert "def event_append" in lines
