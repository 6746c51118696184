"""One instance for all e2e tests of the cluster."""

import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from infra.cluster import NodeImages
from infra.cluster.embedded.cluster import EmbeddedCluster
from infra.lib.paths import Instance
from infra.lib.report import silent
from infra.tests.cluster.node import TEST_IMAGE, Node, archive, node_images
from infra.verify import leftovers
from infra.verify.leftovers import Snapshot


@dataclass(frozen=True)
class Bench:
    """A running instance and what is needed to start it again."""

    cluster: EmbeddedCluster
    instance: Instance
    node: Node
    images: NodeImages
    before: Snapshot
    extra: dict[str, Path]

    def start(self) -> None:
        self.cluster.start(silent, images=self.images)


@pytest.fixture(scope="session")
def bench(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Bench]:
    """An instance `t-clu`, deleted at the end whatever happened."""
    if os.geteuid() != 0:
        pytest.skip("not run: an embedded instance needs root")
    folder = tmp_path_factory.mktemp("images")
    images, extra = node_images(folder), {TEST_IMAGE: archive(folder)}
    instance = Instance.named("t-clu")
    cluster = EmbeddedCluster(instance)
    cluster.delete(silent)
    before = leftovers.take()
    try:
        cluster.start(silent, images=images)
        cluster.load_images(extra, silent)
        yield Bench(cluster, instance, Node(instance), images, before, extra)
    finally:
        cluster.delete(silent)
