"""Which engine runs: the one chosen, or for `auto` the official one where the Pulumi CLI is on PATH."""

import shutil
from pathlib import Path

from infra.engine.api import Engine
from infra.engine.direct.engine import DirectEngine
from infra.engine.pulumi.engine import PulumiEngine
from infra.lib.errors import Exit, SlipwayError

CHOICES = ("auto", "pulumi", "direct")


def select(
    choice: str, *, log: Path, state: Path, kubeconfig: Path | None = None, context: str | None = None
) -> Engine:
    """The engine for one cluster; without `kubeconfig` it can only render.

    `log` gets what programs, helm and the CLI print; `state` keeps what the CLI must remember.
    An inventory made by the other engine is refused by the first call that reads it (exit 2).
    """
    if choice not in CHOICES:
        raise SlipwayError(f"ENGINE={choice!r} is no engine; available: {', '.join(CHOICES)}", code=Exit.BAD_INPUT)
    official = choice == "pulumi" or (choice == "auto" and shutil.which("pulumi") is not None)
    if official and shutil.which("pulumi") is None:
        raise SlipwayError(
            "ENGINE=pulumi, and there is no `pulumi` on PATH",
            hint="install it (pulumi.com/docs/install), or ENGINE=direct",
            code=Exit.MISSING,
        )
    if official:
        return PulumiEngine(log=log, state=state / "pulumi", kubeconfig=kubeconfig, context=context)
    return DirectEngine(log=log, kubeconfig=kubeconfig, context=context)
