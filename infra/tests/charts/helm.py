"""The pinned helm, run on the chart; without a cluster."""

import subprocess
import tempfile
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any

import yaml

from infra.lib import gotool
from infra.lib.paths import REPOSITORY
from infra.lib.report import silent

CHART = REPOSITORY / "charts" / "todo-app"
Manifest = dict[str, Any]


class HelmError(AssertionError):
    """helm refused; the message is its standard error."""


@cache
def _node() -> Path:
    """The program that holds helm; built on first use, minutes on an empty cache."""
    return gotool.ensure("node", report=silent, log=Path(tempfile.gettempdir()) / "slipway-helm-build.log")


def helm(*arguments: str | Path, stdin: str = "") -> str:
    """Standard output of helm; raises HelmError with its standard error."""
    done = subprocess.run(
        [str(_node()), "helm", *map(str, arguments)],
        input=stdin,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    if done.returncode != 0:
        raise HelmError(done.stderr + done.stdout)
    return done.stdout


def template(
    values: Mapping[str, Any], *, name: str = "todo-app", namespace: str = "todo", chart: Path = CHART
) -> list[Manifest]:
    """The chart's objects under these values, hooks and tests included."""
    text = helm("template", name, chart, "--namespace", namespace, "--values", "-", stdin=yaml.safe_dump(dict(values)))
    return [manifest for manifest in yaml.safe_load_all(text) if manifest]


def scenario(name: str) -> dict[str, Any]:
    """The values of `ci/<name>-values.yaml`."""
    content: dict[str, Any] = yaml.safe_load((CHART / "ci" / f"{name}-values.yaml").read_text(encoding="utf-8"))
    return content


def scenarios() -> list[str]:
    """All scenario names."""
    return sorted(path.name.removesuffix("-values.yaml") for path in (CHART / "ci").glob("*-values.yaml"))


def one(manifests: list[Manifest], kind: str, name: str) -> Manifest:
    """The only object of a kind and name."""
    found = [item for item in manifests if item["kind"] == kind and item["metadata"]["name"] == name]
    assert len(found) == 1, f"{len(found)} of {kind} {name}"
    return found[0]
