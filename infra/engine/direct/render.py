"""`render`: the manifests of a stack in files, the same bytes on every machine; no cluster."""

import json
import shutil
import threading
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any

import yaml

from infra.engine.api import Action
from infra.engine.direct.chart import chart_of
from infra.engine.direct.config import PROJECT_FILE, project_of
from infra.engine.direct.declared import Declared, Ref, refuse
from infra.engine.direct.delete import result_of
from infra.engine.direct.helm import Helm, outputs_of
from infra.engine.direct.monitor import Registrar
from infra.lib.errors import Exit, SlipwayError
from infra.lib.kinds import CLUSTER_WIDE
from infra.lib.kube import Object

OUTPUTS, GRAPH = "outputs.json", "graph.json"
Loader: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
Dumper: Any = getattr(yaml, "CSafeDumper", yaml.SafeDumper)


class Renderer(Registrar):
    """Collects the objects; what only a cluster knows (an assigned address) is absent from the outputs."""

    def __init__(self, *, helm: Helm, directory: Path, root: Path) -> None:
        super().__init__()
        self._helm = helm
        self._directory = directory
        self._root = root
        self._collecting = threading.Lock()
        self.items: list[tuple[Declared, list[Object]]] = []

    def place(self, item: Declared) -> Mapping[str, Any]:
        """Keep the object; a release: what helm would install."""
        if item.is_release:
            bodies = list(_objects(self._helm.template(chart_of(item, self._directory)), item.ref.namespace))
            outputs = outputs_of(item.body, None)
        else:
            bodies, outputs = [item.body], item.body
        with self._collecting:
            self.items.append((item, bodies))
        return outputs

    def reference(self, project: str, environment: str) -> Mapping[str, Any]:
        """From the files of the stack rendered before."""
        for file in sorted(self._directory.parent.glob(f"*/{PROJECT_FILE}")):
            if project_of(file.parent).name == project:
                return _outputs(self._root / file.parent.name / OUTPUTS, environment)
        raise SlipwayError(f"StackReference: no stack beside {self._directory} has the project {project}")

    def read(self, ref: Ref) -> Mapping[str, Any]:
        """Refused: there is no cluster to read from."""
        raise refuse(f"reading {ref.kind}", ref.id, "rendering has no cluster to read from")

    def write(self, stack: str, environment: str, outputs: Mapping[str, Any]) -> None:
        """Replace `root/<stack>/` by today's files."""
        folder = self._root / stack
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir(parents=True)
        graph = []
        for item, bodies in sorted(self.items, key=lambda pair: (pair[0].level, pair[0].ref)):
            files = [_write(folder, item, body) for body in sorted(bodies, key=_sort_key)]
            needs = [asdict(need) for need in item.needs]
            graph.append({**asdict(item.ref), "level": item.level, "needs": needs, "files": files})
        _json(folder / GRAPH, graph)
        _json(folder / OUTPUTS, {"environment": environment, "outputs": dict(outputs)})

    def results(self) -> Iterable[Any]:
        """One row for each object and release."""
        ordered = sorted(self.items, key=lambda pair: (pair[0].level, pair[0].ref))
        return [result_of(item.ref, Action.CREATED) for item, _ in ordered]


def _objects(text: str, namespace: str) -> Iterator[Object]:
    for body in yaml.load_all(text, Loader=Loader):
        if body and body["kind"] not in CLUSTER_WIDE:
            body["metadata"].setdefault("namespace", namespace)
        if body:
            yield body


def _write(folder: Path, item: Declared, body: Object) -> str:
    ref = Ref.of(body)
    place = ref.namespace or "_cluster"
    below = Path(f"release-{item.ref.name}") if item.is_release else Path()
    file = below / place / f"{ref.kind.lower()}-{ref.name.replace(':', '-')}.yaml"
    target = folder / file
    if target.exists():  # two groups may have a kind of the same name
        file = file.with_name(f"{ref.kind.lower()}.{ref.api_version.replace('/', '.')}-{ref.name}.yaml")
        target = folder / file
    target.parent.mkdir(parents=True, exist_ok=True)
    text = yaml.dump(body, Dumper=Dumper, sort_keys=True, default_flow_style=False, allow_unicode=True, width=1000)
    target.write_text(text, encoding="utf-8")
    return file.as_posix()


def _sort_key(body: Object) -> tuple[str, str, str, str]:
    ref = Ref.of(body)
    return ref.kind, ref.namespace, ref.name, ref.api_version


def _outputs(file: Path, environment: str) -> Mapping[str, Any]:
    try:
        content = json.loads(file.read_text(encoding="utf-8"))
    except FileNotFoundError as error:
        raise SlipwayError(
            f"StackReference: {file.parent.name} is not rendered yet",
            hint="render the stacks in their order into the same folder",
            code=Exit.BAD_INPUT,
        ) from error
    if content["environment"] != environment:
        raise SlipwayError(f"{file} is of ENV={content['environment']}, not {environment}", code=Exit.BAD_INPUT)
    return dict(content["outputs"])


def _json(file: Path, content: Any) -> None:  # noqa: ANN401 - any JSON
    file.write_text(json.dumps(content, indent=1, sort_keys=True) + "\n", encoding="utf-8")
