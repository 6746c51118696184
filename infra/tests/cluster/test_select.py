"""CLUSTER=… → a cluster."""

import pytest

from infra.cluster import select
from infra.cluster.context import ContextCluster
from infra.cluster.embedded.cluster import EmbeddedCluster
from infra.lib.errors import Exit, SlipwayError
from infra.lib.paths import Instance


def test_both_kinds_are_found() -> None:
    assert isinstance(select("embedded", Instance("demo")), EmbeddedCluster)
    assert isinstance(select("context:kind-dev", Instance("demo")), ContextCluster)


@pytest.mark.parametrize("choice", ["", "kind", "context:", "Embedded", "context"])
def test_anything_else_is_refused_by_name(choice: str) -> None:
    with pytest.raises(SlipwayError) as refusal:
        select(choice, Instance("demo"))

    assert repr(choice) in refusal.value.message
    assert refusal.value.code is Exit.BAD_INPUT


def test_instance_named_like_the_folder_of_volumes_is_refused() -> None:
    with pytest.raises(SlipwayError):
        select("embedded", Instance("volumes"))
