"""A folder of a Go module is what go.sum names, whole, and put right when it is damaged."""

import json
import zipfile
from pathlib import Path

import pytest

from infra.lib import gomodule, gotool
from infra.lib.errors import SlipwayError
from infra.lib.paths import REPOSITORY
from infra.lib.report import silent

MODULE, VERSION = "example.com/tool/v3", "v3.1.4"


def archive(folder: Path, content: str = "name: tool\n") -> Path:
    file = folder / f"{VERSION}.zip"
    with zipfile.ZipFile(file, "w") as made:
        made.writestr(f"{MODULE}@{VERSION}/charts/tool/Chart.yaml", content)
        made.writestr(f"{MODULE}@{VERSION}/charts/tool/templates/a.yaml", "a: b\n")
        made.writestr(f"{MODULE}@{VERSION}/main.go", "package main\n")
    return file


class Downloads:
    """Answers `go mod download -json` with an archive."""

    def __init__(self, file: Path) -> None:
        self.file = file
        self.number = 0

    def __call__(self, *_: object, **__: object) -> str:
        self.number += 1
        return json.dumps({"Zip": str(self.file)})


@pytest.fixture
def downloads(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Downloads:
    source = tmp_path / "repository" / "infra" / "go" / "tool"
    source.mkdir(parents=True)
    file = archive(tmp_path)
    (source / "go.mod").write_text(f"module x\n\nrequire (\n\t{MODULE} {VERSION}\n)\n")
    (source / "go.sum").write_text(f"{MODULE} {VERSION} {gomodule.hash_of(file)}\n{MODULE} {VERSION}/go.mod h1:x=\n")
    monkeypatch.setattr(gomodule, "REPOSITORY", tmp_path / "repository")
    monkeypatch.setattr(gotool, "compiler", lambda **_: Path("go"))
    monkeypatch.setenv("SLIPWAY_CACHE", str(tmp_path / "cache"))
    made = Downloads(file)
    monkeypatch.setattr(gomodule, "capture", made)
    return made


def folder(tmp_path: Path) -> Path:
    return gomodule.folder("tool", MODULE, "charts/tool", report=silent, log=tmp_path / "log")


def test_the_folder_alone_is_copied_and_fetched_once(tmp_path: Path, downloads: Downloads) -> None:
    first = folder(tmp_path)

    assert folder(tmp_path) == first
    assert downloads.number == 1
    assert {file.relative_to(first).as_posix() for file in first.rglob("*") if file.is_file()} == {
        "Chart.yaml",
        "templates/a.yaml",
    }


@pytest.mark.parametrize("damage", ["changed", "added", "removed"])
def test_damage_is_put_right(damage: str, tmp_path: Path, downloads: Downloads) -> None:
    first = folder(tmp_path)
    file = first / ("new.yaml" if damage == "added" else "Chart.yaml")
    if damage == "removed":
        file.unlink()
    else:
        file.write_text("evil: true\n")

    assert (folder(tmp_path) / "Chart.yaml").read_text() == "name: tool\n"
    assert not (first / "new.yaml").exists()
    assert downloads.number == 2


def test_other_bytes_than_go_sum_names_are_refused(tmp_path: Path, downloads: Downloads) -> None:
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    downloads.file = archive(elsewhere, "name: evil\n")

    with pytest.raises(SlipwayError, match=r"what was fetched is not what infra/go/tool/go\.sum names"):
        folder(tmp_path)

    assert not list((tmp_path / "cache" / "modules").glob("*/Chart.yaml"))


def test_a_module_that_is_not_pinned_is_refused(tmp_path: Path, downloads: Downloads) -> None:
    with pytest.raises(SlipwayError, match=r"does not name example\.com/other"):
        gomodule.folder("tool", "example.com/other", "charts/x", report=silent, log=tmp_path / "log")
    assert downloads.number == 0


def test_the_hash_is_gos_own() -> None:
    """Of the module that is pinned for Gatekeeper, when the cache has it; Go computed that one."""
    source = REPOSITORY / "infra" / "go" / "gatekeeper"
    module = "github.com/open-policy-agent/gatekeeper/v3"
    version, wanted = gomodule.pinned(source, module)
    modules = Path(gotool.homes()["GOMODCACHE"])
    file = modules / "cache" / "download" / module / "@v" / f"{version}.zip"
    if not file.is_file():
        pytest.skip("the module is not in the cache yet")

    assert gomodule.hash_of(file) == wanted
