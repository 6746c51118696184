"""Nothing foreign is touched and no data is deleted without a yes."""

from pathlib import Path

import pytest
import yaml

from infra.cluster.api import ClusterInfo
from infra.lib.errors import Exit, SlipwayError
from infra.slipway import confirm, down, session
from infra.tests.slipway import fakes

FOREIGN = fakes.FakeCluster(facts=ClusterInfo(kind="context:x", running=True, server="https://prod.example:6443"))


def test_a_context_is_printed_and_refused_without_a_yes(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SlipwayError, match=r"context:x \(https://prod.example:6443\), environment local") as caught:
        confirm.confirm_context(fakes.session(cluster=FOREIGN, cluster_choice="context:x"), verb="apply the stacks to")

    assert caught.value.code == Exit.BAD_INPUT
    assert "--yes" in caught.value.hint


def test_a_yes_is_printed_with_what_it_confirms(capsys: pytest.CaptureFixture[str]) -> None:
    confirm.confirm_context(fakes.session(cluster=FOREIGN, cluster_choice="context:x", yes=True), verb="apply to")

    said = " ".join(capsys.readouterr().err.split())
    assert "apply to context:x (https://prod.example:6443), environment local: confirmed by --yes" in said


def test_the_embedded_cluster_needs_no_yes_to_be_made_but_one_to_be_deleted() -> None:
    confirm.confirm_context(fakes.session(), verb="apply the stacks to")

    with pytest.raises(SlipwayError, match="delete instance slipway with its data: not confirmed"):
        confirm.confirm_loss(fakes.session())


def test_a_context_of_an_instance_of_ours_needs_no_yes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "demo").mkdir()
    config = {"clusters": [{"name": "demo", "cluster": {"server": "https://prod.example:6443"}}]}
    (tmp_path / "demo" / "kubeconfig").write_text(yaml.safe_dump(config))
    monkeypatch.setattr(session, "STATE_ROOT", tmp_path)

    one = fakes.session(cluster=FOREIGN, cluster_choice="context:x")
    confirm.confirm_context(one, verb="apply the stacks to")

    # Without the node's volumes the stacks would prune the volumes of that very instance.
    assert one.overrides("foundation", {})["volume_root"] == session.NODE_VOLUMES


def test_a_damaged_kubeconfig_of_ours_makes_nothing_ours(tmp_path: Path) -> None:
    (tmp_path / "demo").mkdir()
    (tmp_path / "demo" / "kubeconfig").write_text("clusters: 3")

    assert session.own_servers(tmp_path) == set()


def test_a_loss_is_asked_for_on_every_cluster(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(session, "own_servers", lambda _: {"https://prod.example:6443"})
    one = fakes.session(cluster=FOREIGN, cluster_choice="context:x")
    assert one.ours

    for each in (one, fakes.session()):
        with pytest.raises(SlipwayError, match=r"with (its|their) data: not confirmed"):
            down.run(each)
