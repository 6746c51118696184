"""Secrets are read again when their file changes."""

from pathlib import Path

import pytest

from config.secret_files import SecretFiles, SecretMissing


def test_a_changed_file_is_read_again(tmp_path: Path) -> None:
    (tmp_path / "name").write_text("old\n", encoding="utf-8")
    secrets = SecretFiles(tmp_path)
    assert secrets.read("name") == "old"

    (tmp_path / "name").write_text("newer", encoding="utf-8")

    assert secrets.read("name") == "newer"


def test_a_swapped_folder_is_noticed_as_kubernetes_does_it(tmp_path: Path) -> None:
    for version in ("one", "two"):
        (tmp_path / version).mkdir()
        (tmp_path / version / "name").write_text(version, encoding="utf-8")
    (tmp_path / "data").symlink_to("one")
    (tmp_path / "name").symlink_to("data/name")
    secrets = SecretFiles(tmp_path)
    assert secrets.read("name") == "one"

    (tmp_path / "next").symlink_to("two")
    (tmp_path / "next").rename(tmp_path / "data")

    assert secrets.read("name") == "two"


def test_an_unchanged_file_is_read_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "name").write_text("value", encoding="utf-8")
    secrets = SecretFiles(tmp_path)
    secrets.read("name")
    monkeypatch.setattr(Path, "read_text", lambda *_a, **_k: pytest.fail("read again"))

    assert secrets.read("name") == "value"


def test_a_missing_or_empty_file_is_named(tmp_path: Path) -> None:
    (tmp_path / "empty").write_text("\n", encoding="utf-8")

    with pytest.raises(SecretMissing, match="absent"):
        SecretFiles(tmp_path).read("absent")
    with pytest.raises(SecretMissing, match="it is empty"):
        SecretFiles(tmp_path).read("empty")
