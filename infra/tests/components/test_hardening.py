"""Figures that other figures follow from."""

import pytest

from infra.components.hardening import cpu_limit, resources


@pytest.mark.parametrize(("request_", "limit"), [("20m", "1000m"), ("250m", "2500m"), ("1", "10000m")])
def test_a_cpu_limit_leaves_room_for_a_burst(request_: str, limit: str) -> None:
    assert cpu_limit(request_) == limit


def test_memory_is_requested_by_half_unless_said() -> None:
    assert resources(cpu="10m", memory=128)["requests"] == {"cpu": "10m", "memory": "64Mi"}
