"""References: the same in every process, another as soon as anything the image is built from changes."""

import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from infra.images import references
from infra.images.catalog import Catalog
from infra.lib.errors import SlipwayError
from infra.lib.paths import REPOSITORY

COMMON = {"summary": "text", "licenses": "MIT", "user": "1:1"}
DATA = {
    "edition": "1",
    "source_date_epoch": 1,
    "debian": "bookworm",
    "images": {
        "base": {**COMMON, "base": "scratch"},
        "tool": {**COMMON, "base": "scratch", "go": "infra/images/recipes/tool/program"},
        "app": {**COMMON, "base": "base", "dockerfile": "app/Dockerfile", "context": ["app/code", "app/start"]},
    },
}
CATALOG = Catalog.model_validate(DATA)


@pytest.fixture
def repository(tmp_path: Path) -> Path:
    for path in (
        "infra/images/recipes/base/Dockerfile",
        "infra/images/recipes/tool/Dockerfile",
        "infra/images/recipes/tool/program/main.go",
        "app/Dockerfile",
        "app/code/a.py",
        "app/start",
        "app/tests/test_a.py",
    ):
        file = tmp_path / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(path, encoding="utf-8")
    return tmp_path


def hashes(repository: Path, catalog: Catalog = CATALOG) -> dict[str, str]:
    return {name: references.image_hash(name, catalog, repository=repository) for name in catalog.images}


def append(path: str) -> Callable[[Path], None]:
    def change(repository: Path) -> None:
        file = repository / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(file.read_text("utf-8") + "\n" if file.exists() else "new", encoding="utf-8")

    return change


@pytest.mark.parametrize(
    ("change", "changed"),
    [
        (append("infra/images/recipes/base/Dockerfile"), {"base", "app"}),
        (append("infra/images/recipes/base/added.sh"), {"base", "app"}),
        (append("infra/images/recipes/tool/program/main.go"), {"tool"}),
        (append("app/Dockerfile"), {"app"}),
        (append("app/code/a.py"), {"app"}),
        (append("app/code/deeper/b.py"), {"app"}),
        (lambda repository: (repository / "app/start").chmod(0o755), {"app"}),
        (lambda repository: (repository / "app/code/a.py").rename(repository / "app/code/c.py"), {"app"}),
        (append("app/tests/test_a.py"), set()),
        (append("app/code/__pycache__/a.pyc"), set()),
        (append("README.md"), set()),
        (lambda repository: os.utime(repository / "app/code/a.py", (1, 1)), set()),
    ],
)
def test_hash_changes_with_what_is_built_from_and_only_then(
    repository: Path, change: Callable[[Path], None], changed: set[str]
) -> None:
    before = hashes(repository)
    change(repository)
    after = hashes(repository)
    assert {name for name in before if before[name] != after[name]} == changed


def test_new_edition_renames_every_image_and_prose_about_upstream_none(repository: Path) -> None:
    before = hashes(repository)
    edition = hashes(repository, Catalog.model_validate({**DATA, "edition": "2"}))
    assert all(before[name] != edition[name] for name in before)
    upstream = {"reference": "docker.io/library/x:1", "digest_unknown": "test"}
    images = {**CATALOG.model_dump()["images"]}
    images["base"] = {**images["base"], "upstream": upstream, "differences": [{"path": "x", "reason": "y"}]}
    assert hashes(repository, Catalog.model_validate({**DATA, "images": images})) == before


def test_missing_context_is_named(repository: Path) -> None:
    (repository / "app/start").unlink()
    with pytest.raises(SlipwayError, match="image app: app/start named in"):
        references.image_hash("app", CATALOG, repository=repository)


def test_locked_packages_carry_hashes_and_leave_the_project_out() -> None:
    text = references.requirements("slipway-todo-app")
    assert "--hash=sha256:" in text
    assert "django==" in text
    assert "slipway-todo-app" not in text
    assert "ruff" not in text


def test_references_are_the_same_in_every_process_and_folder(tmp_path: Path) -> None:
    program = "import json; from infra.images.api import refs; print(json.dumps(refs()))"
    answers = []
    for seed, folder in (("1", tmp_path), ("2", REPOSITORY)):
        done = subprocess.run(
            [sys.executable, "-c", program],
            cwd=folder,
            env={**os.environ, "PYTHONHASHSEED": seed, "PYTHONPATH": str(REPOSITORY)},
            capture_output=True,
            text=True,
            check=True,
        )
        answers.append(json.loads(done.stdout))
    assert answers[0] == answers[1]
    assert all(value.startswith(f"slipway.local/{name}:") for name, value in answers[0].items())
