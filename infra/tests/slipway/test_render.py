"""`render` clears only what it wrote itself; `preview` shows what would change."""

import io
import json
from pathlib import Path

import pytest
from rich.console import Console

from infra.engine.api import Action, ObjectResult, StackResult
from infra.lib.errors import Exit, SlipwayError
from infra.slipway import preview, render
from infra.tests.slipway import fakes

REFERENCES = {name: f"slipway.local/{name}:1" for name in ("postgresql", "redis", "secrets-init", "todo-app")}


@pytest.fixture(autouse=True)
def _references(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("infra.images.api.refs", lambda: REFERENCES)


def test_every_stack_is_rendered_in_order_and_again(tmp_path: Path) -> None:
    engine = fakes.FakeEngine()
    for _ in range(2):
        render.to(fakes.session(engine=engine), out=tmp_path / "out")

    assert engine.calls == ["render foundation", "render data", "render delivery"] * 2
    assert (tmp_path / "out" / "data").is_dir()


def test_a_folder_of_somebody_else_is_not_cleared(tmp_path: Path) -> None:
    (tmp_path / "thesis.tex").touch()

    with pytest.raises(SlipwayError, match="holds files that render did not write") as caught:
        render.to(fakes.session(), out=tmp_path)

    assert caught.value.code == Exit.BAD_INPUT
    assert (tmp_path / "thesis.tex").exists()


def test_a_folder_that_cannot_be_written_is_bad_input(tmp_path: Path) -> None:
    (tmp_path / "file").touch()

    for out in (Path("/proc/slipway"), tmp_path / "file", tmp_path / "file" / "below"):
        with pytest.raises(SlipwayError, match=f"--out {out}: cannot be written to") as caught:
            render.to(fakes.session(), out=out)
        assert caught.value.code == Exit.BAD_INPUT


def test_a_preview_lists_changes_with_their_diffs_and_not_what_stays() -> None:
    def item(name: str, action: Action, diff: str = "") -> ObjectResult:
        return ObjectResult(api_version="v1", kind="ConfigMap", namespace="a", name=name, action=action, diff=diff)

    result = StackResult(
        stack="data",
        environment="local",
        engine="direct",
        objects=(item("new", Action.CREATED), item("old", Action.UPDATED, "-x\n+y\n"), item("same", Action.UNCHANGED)),
    )
    console = Console(file=io.StringIO(), width=100)
    preview.show(console, result)
    shown = console.file.getvalue()  # type: ignore[attr-defined]  # the StringIO above

    assert "1 created, 1 updated, 1 unchanged" in shown
    assert "+ ConfigMap a/new" in shown
    assert "~ ConfigMap a/old" in shown
    assert "+y" in shown
    assert "same" not in shown


def test_a_preview_for_programs_is_one_object_a_stack(capsys: pytest.CaptureFixture[str]) -> None:
    preview.run(fakes.session(json=True))

    lines = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert [(line["stack"], line["counts"]["updated"]) for line in lines] == [
        ("foundation", 1),
        ("data", 1),
        ("delivery", 1),
    ]
