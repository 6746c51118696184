"""One request of the engine, done in a process of its own: up, preview, render or down of one stack."""

import time
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from infra.engine.api import ObjectResult, StackResult
from infra.engine.direct.config import project_of
from infra.engine.direct.delete import delete_all
from infra.engine.direct.deploy import Deployer
from infra.engine.direct.helm import Helm
from infra.engine.direct.inventory import Header, Inventory
from infra.engine.direct.monitor import Registrar
from infra.engine.direct.preview import Previewer
from infra.engine.direct.program import evaluate
from infra.engine.direct.render import Renderer
from infra.lib.errors import Exit, SlipwayError
from infra.lib.kube import Kube
from infra.lib.report import Report

ENGINE = "direct"


@dataclass(frozen=True, kw_only=True)
class Task:
    """What is asked for; travels to the worker as JSON."""

    verb: str
    stack: str
    directory: str
    environment: str
    log: str
    config: Mapping[str, str] = field(default_factory=dict)
    kubeconfig: str = ""
    context: str = ""
    target: str = ""  # the folder to render into
    known: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)  # project → outputs of stacks only previewed


def perform(task: Task, report: Report) -> StackResult:
    """Do it; raises SlipwayError only."""
    start = time.monotonic()
    objects, outputs = VERBS[task.verb](task, report)
    ordered = sorted(objects, key=lambda item: (item.kind, item.namespace, item.name))
    return StackResult(
        stack=task.stack,
        environment=task.environment,
        engine=ENGINE,
        objects=tuple(ordered),
        outputs=outputs,
        seconds=round(time.monotonic() - start, 3),
    )


Outcome = tuple[list[ObjectResult], Mapping[str, Any]]


def _up(task: Task, report: Report) -> Outcome:
    kube, helm, inventory = _cluster(task, report)
    deployer = Deployer(kube=kube, helm=helm, inventory=inventory, directory=Path(task.directory), report=report)
    outputs = _evaluate(task, deployer)
    pruned = deployer.prune()
    inventory.finish(deployer.entries.values(), outputs)
    return [*deployer.results, *pruned], outputs


def _preview(task: Task, report: Report) -> Outcome:
    kube, helm, inventory = _cluster(task, report)
    previewer = Previewer(kube=kube, helm=helm, inventory=inventory, directory=Path(task.directory), known=task.known)
    outputs = _evaluate(task, previewer, preview=True)
    return [*previewer.results, *previewer.pruned()], outputs


def _render(task: Task, report: Report) -> Outcome:
    helm = Helm(kube=None, log=Path(task.log), report=report)
    renderer = Renderer(helm=helm, directory=Path(task.directory), root=Path(task.target))
    outputs = _evaluate(task, renderer)
    renderer.write(task.stack, task.environment, outputs)
    return list(renderer.results()), outputs


def _down(task: Task, report: Report) -> Outcome:
    kube, helm, inventory = _cluster(task, report)
    if not inventory.exists:
        return [], {}
    results = delete_all(kube, helm, inventory.entries.values(), report=report)
    inventory.remove()
    return results, {}


def _outputs(task: Task, report: Report) -> Outcome:
    _, _, inventory = _cluster(task, report)
    return [], inventory.outputs


VERBS = {"up": _up, "preview": _preview, "render": _render, "down": _down, "outputs": _outputs}


def _evaluate(task: Task, registrar: Registrar, *, preview: bool = False) -> dict[str, Any]:
    return evaluate(
        directory=Path(task.directory),
        project=project_of(Path(task.directory)).name,
        environment=task.environment,
        config=task.config,
        registrar=registrar,
        preview=preview,
    )


def _cluster(task: Task, report: Report) -> tuple[Kube, Helm, Inventory]:
    if not task.kubeconfig:
        raise SlipwayError(f"`{task.verb}` needs a cluster", hint="make up", code=Exit.NOT_RUNNING)
    kube = Kube(kubeconfig=Path(task.kubeconfig), context=task.context or None)
    header = Header(ENGINE, project_of(Path(task.directory)).name, task.environment)
    inventory = Inventory.load(kube, header=header, stack=task.stack)
    return kube, Helm(kube=kube, log=Path(task.log), report=report), inventory


def as_message(task: Task) -> dict[str, Any]:
    """The task as JSON."""
    return asdict(task)
