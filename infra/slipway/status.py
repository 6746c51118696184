"""`status`: what runs, as a table or as JSON."""

import dataclasses
import json
import sys
from datetime import UTC, datetime
from typing import Any

from rich.console import Console
from rich.table import Table

from infra.cluster.api import ClusterInfo
from infra.slipway import front, kube, views
from infra.slipway.session import Session


def run(session: Session) -> None:
    """URLs, components, pods with their images; NOT_RUNNING when the cluster does not answer."""
    session.require_running()
    info = session.cluster.info()
    now = datetime.now(UTC)
    pods = kube.pods(kube.client(session), now=now)
    if session.options.json:
        sys.stdout.write(json.dumps(as_json(session, info, pods), indent=1) + "\n")
        return
    show(views.console(), session, info, pods, now=now)


def urls(info: ClusterInfo) -> dict[str, str]:
    """What can be opened, by name; only what really is exposed on this machine."""
    found = {service: front.url(port, service) for port, service in info.exposed.items()}
    if info.server:
        found["Kubernetes API"] = info.server
    return found


def as_json(session: Session, info: ClusterInfo, pods: list[kube.PodFact]) -> dict[str, Any]:
    """The same facts for programs; times in seconds, sizes in bytes."""
    return {
        "cluster": session.options.cluster,
        "instance": session.options.instance.name,
        "urls": urls(info),
        "components": [dataclasses.asdict(component) for component in info.components],
        "pods": [{**dataclasses.asdict(pod), "healthy": pod.healthy} for pod in pods],
        "healthy": all(pod.healthy for pod in pods) and all(c.state == "running" for c in info.components),
    }


def show(console: Console, session: Session, info: ClusterInfo, pods: list[kube.PodFact], *, now: datetime) -> None:
    """Three tables, widest last."""
    places = Table("what", "where", title=f"{session.name}", box=None, title_justify="left")
    for name, url in urls(info).items():
        places.add_row(name, url)
    console.print(places)
    if info.components:
        console.print(_components(info, now=now))
    console.print(_pods(pods))


def _components(info: ClusterInfo, *, now: datetime) -> Table:
    table = Table("component", "state", "pid", "restarts", "up for", "MiB", "", box=None)
    for component in info.components:
        style = "" if component.state == "running" else "yellow"
        age = duration(now.timestamp() - component.since) if component.since else ""
        memory = f"{component.memory / 2**20:.0f}" if component.memory else ""
        table.add_row(
            component.name,
            component.state,
            str(component.pid or ""),
            str(component.restarts),
            age,
            memory,
            component.message,
            style=style,
        )
    return table


def _pods(pods: list[kube.PodFact]) -> Table:
    table = Table("namespace", "pod", "ready", "phase", "restarts", "age", "image", "reason", box=None)
    for pod in pods:
        table.add_row(
            pod.namespace,
            pod.name,
            f"{pod.ready}/{pod.containers}",
            pod.phase,
            str(pod.restarts),
            duration(pod.age),
            ", ".join(image.rpartition("/")[2] for image in pod.images),
            pod.reason,
            style="" if pod.healthy else "yellow",
        )
    return table


def duration(seconds: float) -> str:
    """`47s`, `12m`, `3h`, `5d`, as kubectl rounds."""
    for limit, unit, name in ((120, 1, "s"), (7200, 60, "m"), (172800, 3600, "h")):
        if seconds < limit:
            return f"{int(seconds // unit)}{name}"
    return f"{int(seconds // 86400)}d"
