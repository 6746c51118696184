"""What would stop a later step of `up`, found before the first one starts and told all at once."""

import json
from collections.abc import Iterator, Mapping
from typing import Any

from pydantic import ValidationError

from infra.cluster import checks, ports
from infra.engine.direct import config
from infra.lib.errors import Exit, SlipwayError
from infra.lib.findings import Finding
from infra.lib.report import Report
from infra.settings.base import StackSettings
from infra.settings.data import DataSettings
from infra.settings.delivery import DeliverySettings
from infra.settings.foundation import FoundationSettings
from infra.settings.platform import PlatformSettings
from infra.slipway.doctor import tools
from infra.slipway.needs import needs
from infra.slipway.session import STACKS, Session

# What `up` itself puts right is no reason to refuse it: leftovers, components that are down.
STOPS = frozenset({"permission", "programs", "packages", "cgroups", "disk", "memory", "port"})
MODELS: Mapping[str, type[StackSettings]] = {
    "foundation": FoundationSettings,
    "platform": PlatformSettings,
    "data": DataSettings,
    "delivery": DeliverySettings,
}


def settings(session: Session, references: Mapping[str, str]) -> None:
    """Raise one BAD_INPUT error that names every wrong setting of every stack; nothing is run or contacted."""
    wrong: list[str] = []
    for name in STACKS:
        try:
            values = config.values(session.stack(name), session.overrides(name, references))
        except SlipwayError as error:
            wrong += [f"{name}: {line}" for line in error.details or (error.message,)]
        else:
            wrong += [f"{name}: {line}" for line in unfit(MODELS[name], values, session.options.environment)]
    if wrong:
        raise SlipwayError(
            f"{len(wrong)} wrong setting{'s' * (len(wrong) > 1)}; nothing was changed",
            details=tuple(wrong),
            hint="less infra/stacks/<stack>/Pulumi.yaml  # lists every setting of a stack",
            code=Exit.BAD_INPUT,
        )


def unfit(model: type[StackSettings], values: Mapping[str, Any], environment: str) -> Iterator[str]:
    """What the stack's program would say of these values as soon as it began."""
    try:
        model.model_validate({**{key: _spelt(value) for key, value in values.items()}, "env": environment})
    except ValidationError as error:
        for each in error.errors():
            path = ".".join(map(str, each["loc"]))
            meaning = model.model_fields[str(each["loc"][0])].description if path else ""
            said = each["msg"].removeprefix("Value error, ")
            yield f"{path} = {each['input']}: {said} ({meaning})" if path else said


def _spelt(value: object) -> object:
    """A list or mapping written as JSON text, as the Pulumi CLI writes it; any other value as it is."""
    if not isinstance(value, str) or not value.startswith(("[", "{")):
        return value
    try:
        return json.loads(value)
    except ValueError:
        return value


def machine(session: Session) -> list[Finding]:
    """Permission, disk, memory, ports, control groups, leftovers, components."""
    return checks.findings(session.options.instance, port=session.options.port, needs=needs(session))


def run(session: Session, *, report: Report) -> str:
    """Raise with every failure that `up` cannot put right; warnings are said and do not stop."""
    if not session.options.embedded:
        port = session.options.port
        if port not in session.cluster.info().exposed and not ports.free(port):
            raise ports.taken(port)
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
