"""What would stop a later step of `up`, found before the first one starts and told all at once."""

from infra.cluster import checks
from infra.lib.errors import Exit, SlipwayError
from infra.lib.findings import Finding
from infra.lib.report import Report
from infra.slipway.doctor import tools
from infra.slipway.session import Session


def machine(session: Session) -> list[Finding]:
    """Permission, disk, memory, ports, control groups, leftovers; only what this choice needs."""
    return checks.findings(session.options.instance, port=session.options.port)


def run(session: Session, *, report: Report) -> str:
    """Raise with every failure; warnings are said and do not stop."""
    if not session.options.embedded:
        return "a cluster that is there already"
    findings = [*machine(session), *tools.check()]
    for finding in findings:
        if finding.level == "warn":
            report(f"{finding.subject}: {finding.message}")
    if failed := [finding for finding in findings if finding.level == "fail"]:
        raise refusal(failed)
    return f"{len(findings)} checks"


def refusal(failed: list[Finding]) -> SlipwayError:
    """All failures in one message, each followed by its remedy."""
    lines = [(f"{each.subject}: {each.message}", f"    remedy: {each.remedy}") for each in failed]
    return SlipwayError(
        lines[0][0] if len(failed) == 1 else f"{len(failed)} things of this machine are in the way",
        details=() if len(failed) == 1 else tuple(line for pair in lines for line in pair if not line.endswith(": ")),
        hint=failed[0].remedy if len(failed) == 1 else "make doctor",
        code=Exit.MISSING,
    )
