"""A plain `up` keeps the profile of the last one; what would be lost is not lost by leaving a word out."""

from pathlib import Path

import pytest
from httpx2 import Response
from lightkube.core.exceptions import ApiError
from lightkube.models.meta_v1 import ObjectMeta
from lightkube.resources.core_v1 import Namespace

from infra.lib import paths
from infra.lib.errors import Exit, SlipwayError
from infra.slipway import kube, profile
from infra.slipway.options import Options, choose
from infra.tests.slipway import fakes


@pytest.fixture(autouse=True)
def _own_places(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(paths, "STATE_ROOT", tmp_path / "state")
    monkeypatch.setenv("SLIPWAY_CACHE", str(tmp_path / "cache"))


@pytest.mark.parametrize("cluster", ["embedded", "context:theirs"])
def test_what_was_last_is_kept_until_another_is_named_or_it_is_down(cluster: str) -> None:
    assert profile.remembered(choose(cluster=cluster)).profile == "mini"

    profile.remember(choose(cluster=cluster, profile="full"))

    again = profile.remembered(choose(cluster=cluster))
    assert (again.profile, again.profile_known) == ("full", True)
    assert profile.remembered(choose(cluster=cluster, profile="mini")).profile == "mini"
    profile.forget(again)
    assert profile.remembered(choose(cluster=cluster)).profile == "mini"


def test_each_instance_has_its_own() -> None:
    profile.remember(choose(instance="one", profile="standard"))

    assert profile.remembered(choose(instance="other")).profile == "mini"


def test_a_damaged_memory_is_told_and_a_named_profile_helps() -> None:
    chosen = choose()
    profile.remember(chosen)
    (chosen.home / profile.FILE).write_text("stand", encoding="utf-8")

    with pytest.raises(SlipwayError, match="'stand': want one of mini, standard, full") as refused:
        profile.remembered(chosen)

    assert refused.value.code is Exit.BAD_INPUT
    assert profile.remembered(choose(profile="standard")).profile == "standard"


class Answers:
    """A client that has one namespace, or none."""

    def __init__(self, labels: dict[str, str] | None) -> None:
        self.labels = labels

    def get(self, _: type[Namespace], name: str) -> Namespace:
        if self.labels is None:
            raise ApiError(response=Response(404, json={"code": 404, "message": "no such namespace"}))
        return Namespace(metadata=ObjectMeta(name=name, labels=self.labels))


OURS = dict([profile.OURS])


@pytest.mark.parametrize(
    ("chosen", "labels", "refused"),
    [
        (choose(cluster="context:theirs"), OURS, True),
        (choose(cluster="context:theirs", profile="mini"), OURS, False),
        (choose(cluster="context:theirs"), {"app.kubernetes.io/managed-by": "Helm"}, False),
        (choose(cluster="context:theirs"), None, False),
        (choose(), OURS, False),
    ],
)
def test_what_another_machine_made_is_not_removed_by_a_plain_up(
    chosen: Options, labels: dict[str, str] | None, *, refused: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(kube, "client", lambda _: Answers(labels))
    session = fakes.session()
    object.__setattr__(session, "options", chosen)

    if not refused:
        profile.require_known(session)
        return
    with pytest.raises(SlipwayError, match="mini would remove them, and nobody named a profile") as told:
        profile.require_known(session)
    assert told.value.code is Exit.BAD_INPUT
