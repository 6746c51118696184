"""`doctor`: every check, one line each, with the remedy under what is wrong."""

import json
import sys
from collections.abc import Callable, Sequence
from datetime import UTC, datetime

from httpx2 import HTTPError
from lightkube import Client
from lightkube.core.exceptions import ApiError
from lightkube.resources.apps_v1 import DaemonSet, Deployment, StatefulSet
from lightkube.resources.batch_v1 import CronJob
from lightkube.resources.core_v1 import Namespace, Node, Service
from lightkube.resources.discovery_v1 import EndpointSlice
from rich.console import Console
from typer import Exit as Leave

from infra.lib.errors import Exit, SlipwayError
from infra.lib.findings import Finding, Level
from infra.lib.kube import Kube
from infra.slipway import front, kube, kubectl, preflight
from infra.slipway.doctor import (
    certificates,
    cron_jobs,
    gateway,
    mesh,
    migrations,
    network,
    objects,
    policies,
    service,
    tools,
    vault,
)
from infra.slipway.front import Door
from infra.slipway.session import Session

MARKS = {"ok": ("✓", "green"), "warn": ("!", "yellow"), "fail": ("✗", "red")}


def run(session: Session) -> None:
    """Print what was found; exit 1 when something is wrong enough to stop work."""
    findings = [*preflight.machine(session), *tools.check(), *cluster(session, now=datetime.now(UTC))]
    if session.options.json:
        for finding in findings:
            told = {"level": finding.level, "subject": finding.subject, "message": finding.message}
            sys.stdout.write(json.dumps({**told, "remedy": finding.remedy}) + "\n")
    else:
        show(Console(emoji=False, highlight=False, soft_wrap=True), findings)
    if any(finding.level == "fail" for finding in findings):
        raise Leave(Exit.FAILED)


def show(console: Console, findings: Sequence[Finding]) -> None:
    """One line a finding, worst last, so that it is on the screen."""
    order = list(MARKS)
    for finding in sorted(findings, key=lambda each: order.index(each.level)):
        mark, style = MARKS[finding.level]
        console.print(f"{mark} {finding.subject}: {finding.message}", style=style, markup=False)
        if finding.remedy and finding.level != "ok":
            console.print(f"    remedy: {finding.remedy}", markup=False)
    failed = sum(finding.level == "fail" for finding in findings)
    warned = sum(finding.level == "warn" for finding in findings)
    console.print(f"{len(findings)} checks, {failed} failed, {warned} warnings")


def cluster(session: Session, *, now: datetime) -> list[Finding]:
    """What the cluster itself says; a cluster that is not there is no failure of an idle machine."""
    if not session.cluster.running():
        level: Level = "ok" if session.options.embedded and not session.options.instance.state.is_dir() else "fail"
        told = "does not run" if level == "ok" else "does not answer: nothing else about it can be checked"
        return [Finding(level, "cluster", f"{session.name} {told}", "make up")]
    try:
        api = kube.client(session)
        facts = kube.pods(api, now=now)
        run_in, in_proxy = (migrations.kubectl(_command(session), container=name) for name in ("", kube.PROXY))
        return [
            Finding("ok", "cluster", f"{session.name} answers"),
            *objects.nodes(api.list(Node)),
            *objects.namespaces(api.list(Namespace), now=now),
            *objects.pods(facts),
            *_service(session, api, now=now),
            *cron_jobs.check(api.list(CronJob, namespace="*"), now=now),
            *migrations.check(facts, run_in),
            *network.check(facts, run_in, in_proxy, embedded=session.options.embedded),
            *certificates.kubeconfig(session.cluster.kubeconfig(), now=now),
        ]
    except (ApiError, HTTPError, SlipwayError, OSError) as error:
        told = f"{session.name} does not answer ({error}): nothing else about it can be checked"
        return [Finding("fail", "cluster", told, ".venv/bin/slipway logs kube-apiserver")]


def _service(session: Session, api: Client, *, now: datetime) -> list[Finding]:
    place = service.NAMESPACE
    found = any(s.metadata and s.metadata.name == service.SERVICE for s in api.list(Service, namespace=place))
    plain = Kube(kubeconfig=session.cluster.kubeconfig(), context=session.cluster.context())
    try:
        inventories = plain.find_all("v1", "ConfigMap", "slipway-system", labels="slipway/inventory")
        recorded = service.inventories(inventories, lambda *ref: _exists(plain, *ref))
        asked = (policies.check, gateway.check, mesh.check, vault.check)
        judged = [found for ask in asked for found in ask(plain, now=now)]
    finally:
        plain.close()
    return [
        *service.controllers(
            [
                *api.list(Deployment, namespace="*"),
                *api.list(StatefulSet, namespace="*"),
                *api.list(DaemonSet, namespace="*"),
            ]
        ),
        *recorded,
        *judged,
        *service.endpoints(
            exists=found,
            slices=api.list(EndpointSlice, namespace=place, labels={"kubernetes.io/service-name": service.SERVICE}),
        ),
        *service.page(_door(session), port=session.options.port),
    ]


def _door(session: Session) -> Door | None:
    return front.door(session) if session.options.port in session.cluster.info().exposed else None


def _exists(plain: Kube, api_version: str, kind: str, namespace: str, name: str) -> bool:
    """Whether it is there; what is no kind of the API (a Helm release) cannot be asked for and counts as there."""
    return plain.kind(api_version, kind) is None or plain.get(api_version, kind, namespace, name) is not None


def _command(session: Session) -> Callable[..., list[str]]:
    return lambda *arguments: kubectl.command(session, *arguments)
