"""Why helm failed: its own last words and the objects of the release that are not ready."""

from pathlib import Path

from infra.engine.direct.chart import Chart
from infra.engine.direct.readiness import State, rule_for
from infra.engine.direct.reasons import not_ready
from infra.lib.errors import Exit, SlipwayError
from infra.lib.kube import Kube, Object

WORKLOADS = (("batch/v1", "Job"), ("apps/v1", "Deployment"), ("apps/v1", "StatefulSet"), ("apps/v1", "DaemonSet"))
DEADLINE_WORDS = ("context deadline exceeded", "timed out waiting", "not ready")
LINES = 5


def failure_of(kube: Kube, chart: Chart, log: Path, start: int, error: SlipwayError) -> SlipwayError:
    """The error told by the release's first object that is not ready, else by helm's last lines (from byte `start`)."""
    with log.open("rb") as file:
        file.seek(start)
        text = file.read().decode(errors="replace")
    said = tuple(f"helm: {line}" for line in text.splitlines() if line.startswith(("Error", "level=ERROR")))[-LINES:]
    late = error.code is Exit.DEADLINE or any(words in text for words in DEADLINE_WORDS)
    details: list[str] = list(said or error.details[-LINES:])
    hint = kube.command(f"-n {chart.namespace} get pods,jobs,events")
    for live in _workloads(kube, chart):
        verdict = rule_for(live).check(kube, live)
        if verdict.state is State.READY:
            continue
        told = not_ready(kube, live, verdict.why, seconds=chart.timeout, failed=verdict.state is State.FAILED)
        details += [told.message, *told.details]
        hint = told.hint
        break
    return SlipwayError(
        f"Helm release {chart.namespace}/{chart.name} "
        + (f"is not ready after {chart.timeout:.0f} s" if late else "was not installed"),
        details=tuple(details),
        hint=hint,
        code=Exit.DEADLINE if late else Exit.FAILED,
    )


def _workloads(kube: Kube, chart: Chart) -> list[Object]:
    """The release's own, by the annotation helm writes; a hook has none, so its instance label counts as well."""
    found = [live for version, kind in WORKLOADS for live in kube.find_all(version, kind, chart.namespace)]
    return [live for live in found if _of_release(live["metadata"], chart.name)]


def _of_release(metadata: Object, name: str) -> bool:
    annotations, labels = metadata.get("annotations") or {}, metadata.get("labels") or {}
    return name in {annotations.get("meta.helm.sh/release-name"), labels.get("app.kubernetes.io/instance")}
