"""Pending migrations are found by asking Django in a running pod."""

from collections.abc import Sequence
from pathlib import Path

import pytest

from infra.slipway.doctor import migrations
from infra.slipway.kube import PodFact

WEB = PodFact(namespace="todo", name="todo-app-web-abc", phase="Running", ready=1, containers=1, restarts=0, age=9)


class Pod:
    def __init__(self, code: int, output: str = "") -> None:
        self.asked: list[tuple[str, str, tuple[str, ...]]] = []
        self._answer = code, output

    def __call__(self, namespace: str, pod: str, command: Sequence[str]) -> tuple[int, str]:
        self.asked.append((namespace, pod, tuple(command)))
        return self._answer


def test_unapplied_migrations_are_told() -> None:
    (finding,) = migrations.check(
        [WEB], Pod(1, "Planned operations:\ntodos.0002_x\ncommand terminated with exit code 1\n")
    )

    assert (finding.level, finding.remedy) == ("fail", "make up")
    assert "todos.0002_x" in finding.message


def test_a_command_that_failed_is_not_called_pending() -> None:
    (finding,) = migrations.check([WEB], Pod(1, "Traceback\nOperationalError: no route\n"))

    assert finding.level == "fail"
    assert "pending" not in finding.message
    assert "OperationalError: no route" in finding.message
    assert finding.remedy == ".venv/bin/slipway logs todo-app-web"


def test_applied_migrations_are_fine() -> None:
    pod = Pod(0)

    (finding,) = migrations.check([WEB], pod)

    assert finding.level == "ok"
    assert pod.asked == [("todo", "todo-app-web-abc", ("python", "manage.py", "migrate", "--check", "--plan"))]


def test_nobody_is_asked_where_no_web_pod_runs() -> None:
    pod = Pod(1)

    assert migrations.check([], pod) == []
    assert pod.asked == []


def test_a_command_that_cannot_run_says_why() -> None:
    run_in = migrations.kubectl(lambda *_: ["/no/such/kubectl"])

    code, output = run_in("todo", "x", ("true",))

    assert code == 1
    assert "No such file" in output


def test_what_kubectl_remembers_goes_into_our_cache(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("SLIPWAY_CACHE", str(tmp_path))
    asks = migrations.kubectl(lambda *_: ["sh", "-c", "echo $KUBECACHEDIR"])

    assert asks("todo", "todo-app-web-1", ["x"]) == (0, f"{tmp_path}/kube\n")
