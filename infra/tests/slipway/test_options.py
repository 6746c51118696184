"""Choices: defaults, empty values, and all bad values told at once with the valid ones."""

import pytest

from infra.lib.errors import Exit, SlipwayError
from infra.slipway.options import PROFILES, choose


def test_nothing_chosen_is_the_embedded_mini_local_instance() -> None:
    chosen = choose()

    assert (chosen.cluster, chosen.profile, chosen.engine, chosen.environment) == ("embedded", "mini", "auto", "local")
    assert (chosen.instance.name, chosen.url) == ("slipway", "http://127.0.0.1:8080/")
    assert choose(profile="standard").url == "https://127.0.0.1:8080/"


def test_every_bad_value_is_told_at_once_with_the_valid_ones() -> None:
    with pytest.raises(SlipwayError) as caught:
        choose(cluster="kind", profile="tiny", engine="helm", environment="prod", instance="Ä", port="0")

    told = "\n".join(caught.value.details)
    assert caught.value.code == Exit.BAD_INPUT
    assert "6 settings are wrong" in caught.value.message
    for expected in (
        "CLUSTER=kind: unknown; want embedded or context:<name",
        "PROFILE=tiny: unknown; want one of mini",
        "ENGINE=helm: unknown; want one of auto, pulumi, direct",
        "ENV=prod: unknown; want one of local, dev, staging, production",
        "SLIPWAY_INSTANCE='Ä'",
        "SLIPWAY_PORT=0: want a number from 1 to 65535",
    ):
        assert expected in told


@pytest.mark.parametrize("profile", PROFILES)
def test_every_profile_can_be_chosen(profile: str) -> None:
    assert choose(profile=profile).profile == profile


@pytest.mark.parametrize("cluster", ["context:", "context", "context:a b", "Embedded"])
def test_a_context_needs_a_name(cluster: str) -> None:
    with pytest.raises(SlipwayError, match="want embedded or context:"):
        choose(cluster=cluster)


def test_a_context_is_not_ours() -> None:
    assert not choose(cluster="context:kind-dev").embedded


@pytest.mark.parametrize("port", ["70000", "-1", "80a", "²"])
def test_a_port_is_a_number_in_range(port: str) -> None:
    with pytest.raises(SlipwayError, match="want a number from 1 to 65535"):
        choose(port=port)
