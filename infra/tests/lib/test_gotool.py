"""A Go tool is built once, kept whole, and rebuilt when its bytes or its sources change."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from infra.lib import gotool
from infra.lib.errors import Exit, SlipwayError
from infra.lib.report import silent


@pytest.fixture
def builds(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """A tool `demo` in a repository of its own; the list grows with every build."""
    source = tmp_path / "repository" / "infra" / "go" / "demo"
    source.mkdir(parents=True)
    (source / "go.mod").write_text("module demo\n")
    done: list[str] = []

    def build(command: Sequence[str | Path], *, env: dict[str, str], **_: Any) -> None:  # noqa: ANN401 - whatever `run` takes
        for name in ("GOCACHE", "GOTMPDIR"):
            assert Path(env[name]).is_relative_to(tmp_path / "cache" / "tools"), (
                f"{name} is not where a build's work is removed"
            )
        place, *packages = list(command)[list(command).index("-o") + 1 :]
        targets = [Path(place)] if packages == ["."] else [Path(place) / Path(name).name for name in packages]
        for target in targets:
            target.write_text(f"program {len(done)}")
            done.append(target.name)

    monkeypatch.setattr(gotool, "REPOSITORY", tmp_path / "repository")
    monkeypatch.setattr(gotool, "run", build)
    monkeypatch.setattr(gotool, "compiler", lambda **_: Path("go"))
    monkeypatch.setenv("SLIPWAY_CACHE", str(tmp_path / "cache"))
    return done


def ensure(tmp_path: Path) -> Path:
    return gotool.ensure("demo", report=silent, log=tmp_path / "log")


def test_the_second_call_takes_it_from_the_cache(tmp_path: Path, builds: list[str]) -> None:
    assert ensure(tmp_path) == ensure(tmp_path)
    assert builds == ["demo"]


def test_a_damaged_program_is_detected_and_rebuilt(tmp_path: Path, builds: list[str]) -> None:
    program = ensure(tmp_path)
    program.write_text("damage")

    assert ensure(tmp_path).read_text() == "program 1"
    assert len(builds) == 2


def test_changed_sources_are_another_program(tmp_path: Path, builds: list[str]) -> None:
    first = ensure(tmp_path)
    (tmp_path / "repository" / "infra" / "go" / "demo" / "main.go").write_text("package main\n")

    assert ensure(tmp_path) != first
    assert len(builds) == 2


def of_tools(tmp_path: Path, *packages: str) -> None:
    """Let the module name programs of other modules."""
    lines = "".join(f"\t{package}\n" for package in packages)
    (tmp_path / "repository" / "infra" / "go" / "demo" / "go.mod").write_text(f"module demo\n\ntool (\n{lines})\n")


def test_tools_of_a_module_are_built_beside_one_another(tmp_path: Path, builds: list[str]) -> None:
    of_tools(tmp_path, "example.com/demo", "example.com/demo/cmd/helper")

    program = ensure(tmp_path)

    assert ensure(tmp_path) == program
    assert builds == ["demo", "helper"]
    assert program.with_name("helper").read_text() == "program 1"


def test_a_damaged_tool_beside_the_program_is_rebuilt(tmp_path: Path, builds: list[str]) -> None:
    of_tools(tmp_path, "example.com/demo", "example.com/demo/cmd/helper")
    helper = ensure(tmp_path).with_name("helper")
    helper.write_text("damage")

    assert ensure(tmp_path).with_name("helper").read_text() == "program 3"
    assert builds == ["demo", "helper"] * 2


def test_a_program_gets_its_own_build_tags_and_another_name_by_them(
    tmp_path: Path, builds: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    of_tools(tmp_path, "example.com/demo", "example.com/demo/cmd/helper")
    before, run = gotool.path_of("demo"), vars(gotool)["run"]
    seen: dict[str, str] = {}

    def noting(command: Sequence[str | Path], **more: Any) -> None:  # noqa: ANN401 - whatever `run` takes
        [tags] = [str(word) for word in command if str(word).startswith("-tags=")]
        seen[tags] = str(command[-1])
        run(command, **more)

    monkeypatch.setattr(gotool, "run", noting)
    monkeypatch.setattr(gotool, "TAGS", {"helper": "agent"})

    assert ensure(tmp_path) != before
    assert seen == {"-tags=": "example.com/demo", "-tags=agent": "example.com/demo/cmd/helper"}
    assert builds == ["demo", "helper"]


def test_what_a_killed_build_left_is_removed_by_the_next(tmp_path: Path, builds: list[str]) -> None:
    left = tmp_path / "cache" / "tools" / ".demo-abc" / "cache"
    left.mkdir(parents=True)

    ensure(tmp_path)

    assert not left.parent.exists()


def test_a_tool_that_does_not_exist_is_refused() -> None:
    with pytest.raises(SlipwayError, match="there is no Go tool 'nonsense'") as caught:
        gotool.path_of("nonsense")

    assert caught.value.code == Exit.BAD_INPUT
