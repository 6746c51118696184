"""The official engine: what it tells the CLI and what it reads from its answers (recorded shapes, no CLI here)."""

import json
import os
import stat
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
import yaml

from infra.engine import select
from infra.engine.api import Action
from infra.engine.direct.engine import DirectEngine
from infra.engine.pulumi.engine import PulumiEngine
from infra.engine.pulumi.events import events_of, failure_of, object_of, preview_rows
from infra.engine.pulumi.workspace import Workspace
from infra.lib.errors import Exit, SlipwayError
from infra.tests.engine.apiserver import ApiServer
from infra.tests.engine.conftest import MakeStack

RECORDED = Path(__file__).parent / "recorded"

# Stands in for the CLI: notes its arguments and environment, answers as recorded.
FAKE = """#!{python}
import json, os, sys
with open({seen!r}, "a") as seen:
    kept = {{key: value for key, value in os.environ.items() if key.startswith(("PULUMI_", "KUBECONFIG"))}}
    seen.write(json.dumps({{"words": sys.argv[1:], "environment": kept}}) + "\\n")
if sys.argv[1] in ("up", "destroy"):
    print("a line that is no JSON")
    print(open({answer!r}).read(), end="")
    sys.exit({code})
if sys.argv[1:3] == ["stack", "output"]:
    print(json.dumps({{"place": "there"}}))
"""


class TestEvents:
    def test_rows_are_the_kubernetes_objects_of_finished_steps(self) -> None:
        lines = (RECORDED / "up.jsonl").read_text().splitlines()

        rows = [row for event in events_of(["noise", *lines]) if (row := object_of(event))]

        assert [(str(row), row.action, row.note) for row in rows] == [
            ("ConfigMap default/official", Action.CREATED, ""),
            ("Deployment default/web", Action.UPDATED, "changes: spec.replicas"),
            ("Release todo/app", Action.DELETED, ""),
        ]

    def test_a_preview_is_read_from_its_digest(self) -> None:
        rows = preview_rows(json.loads((RECORDED / "preview.json").read_text()))

        assert [(str(row), row.action, row.note) for row in rows] == [
            ("ConfigMap a/c", Action.UPDATED, "changes: data.k"),
            ("Namespace n", Action.CREATED, ""),
        ]

    def test_a_pending_operation_is_told_with_the_way_out(self) -> None:
        events = list(events_of((RECORDED / "pending.jsonl").read_text().splitlines()))

        error = failure_of(events, "data", hint_prefix="pulumi --cwd x")

        assert "1 pending operations" in error.details[0]
        assert "<{%" not in "".join(error.details)
        assert error.hint == (
            "pulumi --cwd x cancel --yes; pulumi --cwd x refresh --yes --clear-pending-creates; then again"
        )


class TestWorkspace:
    def test_leaves_the_checkout_alone_and_merges_the_overrides(self, make_stack: MakeStack, tmp_path: Path) -> None:
        stack = make_stack("", name="official", config={"a": 1, "images": {"type": "object"}}, values={"a": 2})
        before = {file: file.read_bytes() for file in stack.directory.iterdir()}
        workspace = Workspace(tmp_path / "state", stack, Path(sys.prefix))

        workspace.prepare(overrides={"images": {"x": "y"}}, context="there")

        project = yaml.safe_load((workspace.folder / "Pulumi.yaml").read_text())
        assert project["main"] == str(stack.directory)
        assert project["name"] == "test-official"
        assert yaml.safe_load(workspace.config_file.read_text())["config"] == {
            "test-official:a": 2,
            "test-official:images": {"x": "y"},
            "kubernetes:context": "there",
        }
        assert before == {file: file.read_bytes() for file in stack.directory.iterdir()}

    def test_keeps_the_passphrase_and_what_the_cli_wrote(self, make_stack: MakeStack, tmp_path: Path) -> None:
        workspace = Workspace(tmp_path, make_stack(""), Path(sys.prefix))
        workspace.prepare(overrides={}, context=None)
        secret = tmp_path / "passphrase"
        first = secret.read_text()
        workspace.config_file.write_text("encryptionsalt: v1:abc\nconfig: {}\n")

        workspace.prepare(overrides={}, context=None)

        assert secret.read_text() == first
        assert stat.S_IMODE(secret.stat().st_mode) == 0o600
        assert yaml.safe_load(workspace.config_file.read_text())["encryptionsalt"] == "v1:abc"


class TestSelect:
    def test_auto_takes_the_cli_where_it_is_on_path(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv("PATH", str(tmp_path))
        assert select("auto", log=tmp_path / "log", state=tmp_path).name == "direct"
        with pytest.raises(SlipwayError, match="no `pulumi` on PATH") as caught:
            select("pulumi", log=tmp_path / "log", state=tmp_path)
        assert caught.value.code is Exit.MISSING

        _fake_cli(tmp_path, answer=RECORDED / "up.jsonl")
        assert select("auto", log=tmp_path / "log", state=tmp_path).name == "pulumi"
        assert select("direct", log=tmp_path / "log", state=tmp_path).name == "direct"

    def test_an_unknown_engine_is_refused(self, tmp_path: Path) -> None:
        with pytest.raises(SlipwayError, match="available: auto, pulumi, direct"):
            select("terraform", log=tmp_path / "log", state=tmp_path)


@pytest.fixture
def official(api: ApiServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[PulumiEngine]:
    """The official engine on the real API, with `tmp_path` first on PATH."""
    monkeypatch.setenv("PATH", f"{tmp_path}:{os.environ['PATH']}")
    found = PulumiEngine(log=tmp_path / "log", state=tmp_path / "state", kubeconfig=api.kubeconfig)
    yield found
    found.close()


@pytest.mark.integration
class TestWithAFakeCli:
    def test_up_and_down_drive_the_cli_and_mark_the_cluster(
        self, api: ApiServer, official: PulumiEngine, engine: DirectEngine, make_stack: MakeStack, tmp_path: Path
    ) -> None:
        stack = make_stack("", name="official")
        seen = _fake_cli(tmp_path, answer=RECORDED / "up.jsonl")

        result = official.up(stack)

        assert (result.counts["created"], result.counts["updated"], result.counts["deleted"]) == (1, 1, 1)
        assert result.outputs == {"place": "there"}
        assert official.outputs(stack) == {"place": "there"}
        with pytest.raises(SlipwayError, match="made by ENGINE=pulumi, not direct"):
            engine.up(stack)
        official.down(stack)
        assert engine.down(stack).counts["deleted"] == 0
        calls = [json.loads(line) for line in seen.read_text().splitlines()]
        assert [" ".join(call["words"][:3]) for call in calls] == [
            "stack select --create",
            "up --yes --skip-preview",
            "stack output --json",
            "stack select --create",
            "destroy --yes --skip-preview",
            "stack rm --yes",
        ]
        folder = str(tmp_path / "state" / "projects" / "official")
        assert all(call["words"][-4:] == ["--stack", "local", "--cwd", folder] for call in calls)
        assert calls[0]["environment"]["PULUMI_BACKEND_URL"] == f"file://{tmp_path}/state/backend"
        assert calls[0]["environment"]["KUBECONFIG"] == str(api.kubeconfig)

    def test_a_stack_of_the_direct_engine_is_refused(
        self, official: PulumiEngine, engine: DirectEngine, make_stack: MakeStack, tmp_path: Path
    ) -> None:
        stack = make_stack('Namespace("n", metadata={"name": "t-mixed"})', name="mixed")
        engine.up(stack)
        seen = _fake_cli(tmp_path, answer=RECORDED / "up.jsonl")

        with pytest.raises(SlipwayError, match="made by ENGINE=direct, not pulumi") as caught:
            official.up(stack)

        assert caught.value.code is Exit.BAD_INPUT
        assert not seen.exists(), "the CLI was run"

    def test_a_failed_update_is_told(self, official: PulumiEngine, make_stack: MakeStack, tmp_path: Path) -> None:
        _fake_cli(tmp_path, answer=RECORDED / "pending.jsonl", code=255)

        with pytest.raises(SlipwayError, match=r"stack pending: pulumi reports 1 error"):
            official.up(make_stack("", name="pending"))


def _fake_cli(folder: Path, *, answer: Path, code: int = 0) -> Path:
    """A program `pulumi` in the folder; the file it notes its calls in."""
    seen, program = folder / "seen.jsonl", folder / "pulumi"
    program.write_text(FAKE.format(python=sys.executable, seen=str(seen), answer=str(answer), code=code))
    program.chmod(0o755)
    return seen
