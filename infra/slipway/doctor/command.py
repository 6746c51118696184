"""`doctor`: every check, one line each, with the remedy under what is wrong."""

import json
import sys
from collections.abc import Callable, Sequence
from datetime import UTC, datetime

from httpx2 import HTTPError
from lightkube.core.exceptions import ApiError
from lightkube.resources.core_v1 import Namespace, Node
from rich.console import Console
from typer import Exit as Leave

from infra.lib.errors import Exit, SlipwayError
from infra.lib.findings import Finding, Level
from infra.slipway import kube, kubectl, preflight
from infra.slipway.doctor import certificates, migrations, objects, tools
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
        show(Console(highlight=False, soft_wrap=True), findings)
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
        return [
            Finding("ok", "cluster", f"{session.name} answers"),
            *objects.nodes(api.list(Node)),
            *objects.namespaces(api.list(Namespace)),
            *objects.pods(facts),
            *migrations.check(facts, migrations.kubectl(_command(session))),
            *certificates.kubeconfig(session.cluster.kubeconfig(), now=now),
        ]
    except (ApiError, HTTPError, SlipwayError, OSError) as error:
        told = f"{session.name} does not answer ({error}): nothing else about it can be checked"
        return [Finding("fail", "cluster", told, "slipway logs kube-apiserver")]


def _command(session: Session) -> Callable[..., list[str]]:
    return lambda *arguments: kubectl.command(session, *arguments)
