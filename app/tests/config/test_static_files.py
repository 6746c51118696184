"""Collecting for tests happens once, and again when a source has changed."""

from pathlib import Path

from django.conf import settings
from django.test import override_settings

from tests import static_files


def test_it_is_done_once_and_again_for_another_source(tmp_path: Path) -> None:
    own = tmp_path / "own"
    own.mkdir()
    (own / "note.txt").write_text("one", encoding="utf-8")
    collected, only = tmp_path / "collected", ["django.contrib.staticfiles.finders.FileSystemFinder"]
    changed = {"STATICFILES_DIRS": [own], "STATICFILES_FINDERS": only, "STATIC_ROOT": collected}
    with override_settings(**changed, STORAGES=settings.STORAGES):
        assert [static_files.collect(), static_files.collect()] == [True, False]
        (own / "note.txt").write_text("two", encoding="utf-8")
        assert static_files.collect()
    assert (collected / "note.txt").read_text(encoding="utf-8") == "two"
