"""Fixtures of the engine tests: throw-away stacks, one direct engine, one real API a session."""

import sys
import textwrap
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import yaml

from infra.engine.api import StackRef
from infra.engine.direct.engine import DirectEngine
from infra.lib import gotool
from infra.lib.kube import Kube
from infra.lib.report import silent
from infra.tests.engine.apiserver import ApiServer

MakeStack = Callable[..., StackRef]
With = Callable[..., DirectEngine]


@pytest.fixture
def make_stack(tmp_path: Path) -> MakeStack:
    """`make_stack(program, name=, config=, values=)`: a Pulumi project in a folder of its own; again to change it."""

    def make(
        program: str,
        *,
        name: str = "sample",
        config: dict[str, object] | None = None,
        values: dict[str, object] | None = None,
        environment: str = "local",
    ) -> StackRef:
        folder = tmp_path / "stacks" / name
        folder.mkdir(parents=True, exist_ok=True)
        project = {"name": f"test-{name}", "runtime": "python", "config": config or {}}
        (folder / "Pulumi.yaml").write_text(yaml.safe_dump(project))
        (folder / f"Pulumi.{environment}.yaml").write_text(yaml.safe_dump({"config": values or {}}))
        (folder / "__main__.py").write_text(HEAD + textwrap.dedent(program))
        return StackRef(name=name, directory=folder, environment=environment)

    return make


HEAD = """\
import pulumi
from pulumi import ResourceOptions
from pulumi_kubernetes.apps.v1 import Deployment
from pulumi_kubernetes.batch.v1 import Job
from pulumi_kubernetes.core.v1 import ConfigMap, Namespace, Secret, Service
"""


@pytest.fixture(scope="session")
def offline(tmp_path_factory: pytest.TempPathFactory) -> Iterator[DirectEngine]:
    """An engine without a cluster."""
    engine = DirectEngine(log=tmp_path_factory.mktemp("offline") / "engine.log")
    yield engine
    engine.close()


@pytest.fixture(scope="session")
def api(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ApiServer]:
    """A real API server with its controllers."""
    root = tmp_path_factory.mktemp("api")
    server = ApiServer(root, gotool.ensure("node", report=silent, log=root / "build.log"))
    try:
        server.start()
        yield server
    finally:
        server.stop()


@pytest.fixture(scope="session")
def kube(api: ApiServer) -> Iterator[Kube]:
    """A client of that API."""
    client = Kube(kubeconfig=api.kubeconfig)
    yield client
    client.close()


@pytest.fixture(scope="session")
def engine(api: ApiServer, tmp_path_factory: pytest.TempPathFactory) -> Iterator[DirectEngine]:
    """An engine on that API."""
    found = DirectEngine(log=tmp_path_factory.mktemp("engine") / "engine.log", kubeconfig=api.kubeconfig)
    yield found
    found.close()


@pytest.fixture
def engine_with(api: ApiServer, tmp_path: Path) -> Iterator[With]:
    """`engine_with("force", …)`: an engine whose worker has these faults or defects."""
    made: list[DirectEngine] = []

    def make(*defects: str) -> DirectEngine:
        worker = (sys.executable, "-m", "infra.tests.engine.defects", *defects)
        made.append(DirectEngine(log=tmp_path / "faulty.log", kubeconfig=api.kubeconfig, worker=worker))
        return made[-1]

    yield make
    for engine in made:
        engine.close()
