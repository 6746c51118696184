"""A content hash changes with what it names and with nothing else."""

from pathlib import Path

import pytest

from infra.lib.hashing import content_hash


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "a").mkdir()
    (tmp_path / "a" / "one").write_text("1")
    (tmp_path / "two").write_text("2")
    return tmp_path


def test_the_order_and_the_place_of_the_checkout_do_not_matter(
    folder: Path, tmp_path_factory: pytest.TempPathFactory
) -> None:
    other = tmp_path_factory.mktemp("other")
    (other / "a").mkdir()
    (other / "a" / "one").write_text("1")
    (other / "two").write_text("2")

    assert content_hash([folder / "a", folder / "two"], root=folder) == content_hash(
        [other / "two", other / "a"], root=other
    )


def test_bytes_names_modes_and_extra_inputs_matter(folder: Path) -> None:
    seen = {content_hash([folder], root=folder), content_hash([folder], root=folder, extra=["-s"])}
    (folder / "two").write_text("3")
    seen.add(content_hash([folder], root=folder))
    (folder / "two").chmod(0o755)
    seen.add(content_hash([folder], root=folder))
    (folder / "two").rename(folder / "three")
    seen.add(content_hash([folder], root=folder))

    assert len(seen) == 5


def test_what_python_leaves_behind_does_not_matter(folder: Path) -> None:
    before = content_hash([folder], root=folder)
    (folder / "a" / "__pycache__").mkdir()
    (folder / "a" / "__pycache__" / "x.pyc").write_text("x")

    assert content_hash([folder], root=folder) == before


def test_an_input_that_is_not_there_is_an_error(folder: Path) -> None:
    with pytest.raises(FileNotFoundError):
        content_hash([folder / "none"], root=folder)
