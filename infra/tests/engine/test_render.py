"""What a program declares becomes the same files everywhere; what the engine does not know it refuses by name."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

from infra.engine.api import StackRef
from infra.engine.direct.engine import DirectEngine
from infra.lib.errors import Exit, SlipwayError
from infra.lib.hashing import content_hash
from infra.tests.engine.conftest import MakeStack

PROGRAM = """
    class Pair(pulumi.ComponentResource):
        def __init__(self, name, opts=None):
            super().__init__("test:index:Pair", name, None, opts)
            self.first = ConfigMap(f"{name}-1", metadata={"name": f"{name}-1", "namespace": "a"}, data={"k": "v"},
                                   opts=ResourceOptions(parent=self))
            self.register_outputs({})

    place = Namespace("a", metadata={"name": "a"})
    pair = Pair("pair", opts=ResourceOptions(depends_on=[place]))
    ConfigMap("last", metadata={"name": "last", "namespace": pair.first.metadata["namespace"]},
              opts=ResourceOptions(depends_on=[pair]))
    Deployment("web", metadata={"name": "web", "namespace": "a"}, spec={
        "replicas": 3, "selector": {"match_labels": {"app": "web"}},
        "template": {"metadata": {"labels": {"app": "web"}}, "spec": {"containers": [
            {"name": "web", "image": "web:1", "ports": [{"container_port": 8000}]}]}},
    })
    pulumi.export("first", pair.first.metadata["name"])
"""


class TestRender:
    def test_writes_a_file_an_object_with_whole_numbers(
        self, offline: DirectEngine, make_stack: MakeStack, tmp_path: Path
    ) -> None:
        result = offline.render(make_stack(PROGRAM), tmp_path / "out")

        web = (tmp_path / "out" / "sample" / "a" / "deployment-web.yaml").read_text()
        assert yaml.safe_load(web)["spec"]["template"]["spec"]["containers"][0]["ports"] == [{"containerPort": 8000}]
        assert "replicas: 3\n" in web
        assert result.counts["created"] == 4
        assert result.outputs == {"first": "pair-1"}

    def test_tells_the_order_and_what_needs_what(
        self, offline: DirectEngine, make_stack: MakeStack, tmp_path: Path
    ) -> None:
        offline.render(make_stack(PROGRAM), tmp_path)

        graph = {item["name"]: item for item in json.loads((tmp_path / "sample" / "graph.json").read_text())}
        assert {name: item["level"] for name, item in graph.items()} == {"a": 1, "pair-1": 2, "last": 3, "web": 1}
        assert [need["name"] for need in graph["pair-1"]["needs"]] == ["a"]
        assert "pair-1" in [need["name"] for need in graph["last"]["needs"]]
        assert graph["web"]["needs"] == []

    def test_gives_the_same_bytes_under_another_hash_seed_and_folder(
        self, offline: DirectEngine, make_stack: MakeStack, tmp_path: Path
    ) -> None:
        stack = make_stack(PROGRAM)
        offline.render(stack, tmp_path / "here" / "out")
        here = content_hash([tmp_path / "here" / "out"], root=tmp_path / "here")

        assert {_rendered(stack, tmp_path / seed, seed=seed) for seed in ("1", "77")} == {here}

        offline.render(make_stack(PROGRAM.replace('"v"', '"w"')), tmp_path / "here" / "out")
        assert content_hash([tmp_path / "here" / "out"], root=tmp_path / "here") != here

    def test_reads_another_stacks_outputs_and_asks_for_the_order(
        self, offline: DirectEngine, make_stack: MakeStack, tmp_path: Path
    ) -> None:
        first = make_stack('pulumi.export("place", "there")', name="first")
        second = make_stack(
            """
            other = pulumi.StackReference(f"organization/test-first/{pulumi.get_stack()}")
            ConfigMap("c", metadata={"name": "c", "namespace": other.require_output("place")})
            """,
            name="second",
        )
        with pytest.raises(SlipwayError, match="first is not rendered yet"):
            offline.render(second, tmp_path / "out")

        offline.render(first, tmp_path / "out")
        offline.render(second, tmp_path / "out")

        assert (tmp_path / "out" / "second" / "there" / "configmap-c.yaml").is_file()

    def test_decodes_yaml_files(self, offline: DirectEngine, make_stack: MakeStack, tmp_path: Path) -> None:
        (tmp_path / "crd.yaml").write_text(
            "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: from-file, namespace: x}\ndata: {n: '1'}\n"
        )
        program = f"""
            from pulumi_kubernetes.yaml import ConfigFile
            ConfigFile("file", file={str(tmp_path / "crd.yaml")!r})
        """
        offline.render(make_stack(program), tmp_path / "out")

        assert (tmp_path / "out" / "sample" / "x" / "configmap-from-file.yaml").is_file()

    def test_one_program_leaves_no_state_for_the_next(
        self, offline: DirectEngine, make_stack: MakeStack, tmp_path: Path
    ) -> None:
        offline.render(make_stack('pulumi.export("a", 1); import os; os.environ["X_LEAK"] = "1"', name="one"), tmp_path)

        result = offline.render(
            make_stack('import os; pulumi.export("b", "X_LEAK" in os.environ)', name="two"), tmp_path
        )

        assert result.outputs == {"b": False}


REFUSED = {
    "a secret value in an object": (
        'ConfigMap("c", metadata={"name": "c"}, data={"k": pulumi.Output.secret("hush")})',
        "passes a secret value",
    ),
    "a Secret with data": (
        'Secret("s", metadata={"name": "s"}, string_data={"password": "hush"})',
        "Secret 's' carries data",
    ),
    "a Patch": (
        'from pulumi_kubernetes.core.v1 import ConfigMapPatch\nConfigMapPatch("p", metadata={"name": "p"})',
        r"kubernetes:core/v1:ConfigMapPatch \('p'\)",
    ),
    "a List": (
        'from pulumi_kubernetes.core.v1 import ConfigMapList\nConfigMapList("l", items=[])',
        r"kubernetes:core/v1:ConfigMapList \('l'\)",
    ),
    "a name made up by the engine": ('ConfigMap("c", data={})', "no metadata.name"),
    "another provider": (
        'pulumi.CustomResource("random:index/randomString:RandomString", "r", {"length": 8})',
        "random:index/randomString:RandomString",
    ),
    "an explicit provider": (
        'from pulumi_kubernetes import Provider\nProvider("p", kubeconfig="x")',
        "pulumi:providers:kubernetes",
    ),
    "a component of the provider": (
        'from pulumi_kubernetes.yaml.v2 import ConfigGroup\nConfigGroup("g", yaml="")',
        "kubernetes:yaml/v2:ConfigGroup",
    ),
    "one object twice": (
        'ConfigMap("a", metadata={"name": "x"})\nConfigMap("b", metadata={"name": "x"})',
        "declares ConfigMap x twice",
    ),
    "an option it does not do": (
        'ConfigMap("a", metadata={"name": "x"}, opts=ResourceOptions(ignore_changes=["data"]))',
        "sets the option ignore_changes",
    ),
}


@pytest.mark.parametrize("case", REFUSED)
def test_refuses_by_name(offline: DirectEngine, make_stack: MakeStack, tmp_path: Path, case: str) -> None:
    program, words = REFUSED[case]

    with pytest.raises(SlipwayError, match=words) as caught:
        offline.render(make_stack(program), tmp_path / "out")

    assert caught.value.code is Exit.BAD_INPUT
    assert "hush" not in f"{caught.value.message} {caught.value.details}"
    assert not (tmp_path / "out").exists()


def test_a_service_account_token_secret_without_data_is_allowed(
    offline: DirectEngine, make_stack: MakeStack, tmp_path: Path
) -> None:
    program = 'Secret("s", metadata={"name": "s"}, type="kubernetes.io/service-account-token")'

    assert offline.render(make_stack(program), tmp_path).counts["created"] == 1


def test_a_broken_program_is_told_by_its_line(offline: DirectEngine, make_stack: MakeStack, tmp_path: Path) -> None:
    stack = make_stack("1 / 0")

    with pytest.raises(SlipwayError, match=rf"{stack.directory}/__main__.py:\d+: ZeroDivisionError"):
        offline.render(stack, tmp_path)


def _rendered(stack: StackRef, target: Path, *, seed: str) -> str:
    """The hash of a render by an interpreter of its own, from a folder of its own."""
    target.mkdir(exist_ok=True)
    code = (
        "import sys; from pathlib import Path; from infra.engine.api import StackRef\n"
        "from infra.engine.direct.engine import DirectEngine\n"
        "engine = DirectEngine(log=Path('log'))\n"
        "engine.render(StackRef(name='sample', directory=Path(sys.argv[1]), environment='local'), Path('out'))\n"
        "engine.close()"
    )
    environment = {**os.environ, "PYTHONHASHSEED": seed, "LC_ALL": "C", "TZ": "Asia/Tokyo"}
    subprocess.run([sys.executable, "-c", code, stack.directory], cwd=target, env=environment, check=True, timeout=60)
    return content_hash([target / "out"], root=target)
