"""`logs` finds files of components and steps by name, and never leaves their folder."""

from pathlib import Path

import pytest
from lightkube import Client

from infra.cluster.api import ClusterInfo
from infra.lib import paths
from infra.lib.errors import Exit, SlipwayError
from infra.slipway import logs, workloads
from infra.slipway.session import Session
from infra.tests.slipway import fakes


@pytest.fixture
def session(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Session:
    monkeypatch.setattr(paths, "STATE_ROOT", tmp_path / "var")  # an instance of that name may run here
    (tmp_path / "logs").mkdir()
    (tmp_path / "logs" / "kubelet.log").write_text("".join(f"line {number}\n" for number in range(50)))
    (tmp_path / "secret.log").write_text("no\n")
    info = ClusterInfo(kind="embedded", running=False, logs=tmp_path / "logs")
    return fakes.session(cluster=fakes.FakeCluster(is_running=False, facts=info))


def test_the_last_lines_of_a_component_are_shown(session: Session, capsys: pytest.CaptureFixture[str]) -> None:
    logs.run(session, what="kubelet", follow=False, lines=2)

    assert capsys.readouterr().out.splitlines() == ["line 48", "line 49"]


@pytest.mark.parametrize("what", ["../secret", "nope"])
def test_what_has_no_log_is_told_with_what_has(what: str, session: Session) -> None:
    with pytest.raises(SlipwayError, match="no log is called") as caught:
        logs.run(session, what=what, follow=False, lines=2)

    assert caught.value.code == Exit.NOT_RUNNING
    assert any("kubelet" in line for line in caught.value.details)


@pytest.mark.parametrize("what", ["../secret", "todo/../x", "A B", "-", ""])
def test_what_cannot_be_a_name_is_not_asked_for(what: str) -> None:
    with pytest.raises(SlipwayError, match="cannot be the name of a workload") as caught:
        workloads.find(Client.__new__(Client), what)

    assert caught.value.code == Exit.BAD_INPUT
