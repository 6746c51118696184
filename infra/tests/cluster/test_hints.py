"""Hints are commands that can be typed in the checkout."""

import pytest

from infra.cluster import hints
from infra.lib.paths import REPOSITORY, Instance
from infra.lib.process import capture


def test_commands_name_the_instance_unless_it_is_the_default() -> None:
    assert hints.kubectl(Instance("slipway"), "get nodes") == ".venv/bin/slipway kubectl get nodes"
    assert hints.make(Instance("slipway"), "up") == "make up"
    assert hints.make(Instance("demo"), "up") == "SLIPWAY_INSTANCE=demo make up"


@pytest.mark.parametrize("target", ["up", "down"])
def test_targets_that_hints_name_exist(target: str) -> None:
    assert f"\n{target}:" in (REPOSITORY / "Makefile").read_text(encoding="utf-8")


def test_the_front_door_of_the_hints_takes_kubectl() -> None:
    assert "kubectl" in capture([str(REPOSITORY / hints.PROGRAM), "--help"])
