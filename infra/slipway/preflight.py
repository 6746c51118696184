"""What would stop a later step of `up`, found before the first one starts and told all at once."""

from infra.cluster import checks
from infra.lib.errors import Exit, SlipwayError
from infra.lib.findings import Finding
from infra.lib.report import Report
from infra.slipway.doctor import tools
from infra.slipway.session import Session

# What `up` itself puts right is no reason to refuse it: leftovers, components that are down.
STOPS = frozenset({"permission", "programs", "packages", "cgroups", "disk", "memory", "port"})


def machine(session: Session) -> list[Finding]:
    """Permission, disk, memory, ports, control groups, leftovers, components."""
    return checks.findings(session.options.instance, port=session.options.port)


def run(session: Session, *, report: Report) -> str:
    """Raise with every failure that `up` cannot put right; warnings are said and do not stop."""
    if not session.options.embedded:
        return "a cluster that is there already"
    findings = [*machine(session), *tools.check()]
    for finding in findings:
        if finding.level == "warn" or (finding.level == "fail" and finding.subject not in STOPS):
            report(f"{finding.subject}: {finding.message}")
    if failed := [finding for finding in findings if finding.level == "fail" and finding.subject in STOPS]:
        raise refusal(failed)
    return f"{len(findings)} checks"


def refusal(failed: list[Finding]) -> SlipwayError:
    """All failures in one message, each followed by its remedy."""
    lines: list[str] = []
    for each in failed:
        lines.append(f"{each.subject}: {each.message}")
        lines += [f"    remedy: {each.remedy}"] if each.remedy else []
    several = len(failed) > 1
    return SlipwayError(
        f"{len(failed)} things of this machine are in the way" if several else lines[0],
        details=tuple(lines) if several else (),
        hint="make doctor" if several else failed[0].remedy,
        code=Exit.MISSING,
    )
