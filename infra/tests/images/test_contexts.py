"""What a build sees: the files its hash is made of and nothing else of the checkout."""

from pathlib import Path

import pytest

from infra.images import catalog, contexts, packages, references, sandbox
from infra.images.job import Build
from infra.lib import hashing
from infra.lib.errors import Exit, SlipwayError
from infra.lib.paths import REPOSITORY
from infra.lib.report import silent


def job(name: str, work: Path) -> Build:
    listed = catalog.load()
    return Build(name, listed.images[name], listed, references.reference(name, listed), work, work / "log", silent)


def relative(folder: Path) -> set[str]:
    return {str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file()}


def test_app_context_is_its_hashed_files(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[str] = []
    monkeypatch.setattr(packages, "install", lambda text, **_: asked.append(text))
    build = job("todo-app", tmp_path)
    staged = contexts.stage(build)
    dockerfile, *others = references.sources("todo-app", build.image)
    hashed = {str(file.relative_to(REPOSITORY / "app")) for path in others for file in hashing.files(path)}
    assert relative(staged.recipe) == {"Dockerfile", *hashed}
    assert (staged.recipe / "Dockerfile").read_bytes() == dockerfile.read_bytes()
    assert (staged.recipe / "entrypoint").stat().st_mode & 0o777 == 0o755
    assert staged.named == {"packages": tmp_path / "packages"}
    assert "--hash=sha256:" in asked[0]


def test_recipe_folder_is_copied_whole(tmp_path: Path) -> None:
    staged = contexts.stage(job("redis", tmp_path))
    assert relative(staged.recipe) == {"Dockerfile", "docker-entrypoint.sh"}
    assert (staged.recipe / "docker-entrypoint.sh").stat().st_mode & 0o111
    assert staged.named == {}


def test_missing_tool_is_named_with_its_package(tmp_path: Path) -> None:
    with pytest.raises(SlipwayError, match="no-such-tool is not installed") as refused:
        sandbox.run(["no-such-tool"], package="its-package", scratch=tmp_path, log=tmp_path / "log", deadline=1)
    assert refused.value.code is Exit.MISSING
    assert "apt-get install its-package" in refused.value.hint
