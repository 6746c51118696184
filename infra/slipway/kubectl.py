"""`kubectl` on the chosen cluster: the node program's own, else the machine's."""

import os
import shutil
from typing import NoReturn

from infra.lib import gotool
from infra.lib.errors import Exit, SlipwayError
from infra.lib.paths import kubectl_homes
from infra.slipway.session import Session

# `--` on its way through our own option parser, which would drop it.
DASHES, KEPT = "--", "\0--"


def command(session: Session, *arguments: str) -> list[str]:
    """The command line with this cluster's credentials."""
    node = gotool.path_of("node")
    if node.is_file():
        program = [str(node), "kubectl"]
    elif own := shutil.which("kubectl"):
        program = [own]
    else:
        raise SlipwayError("there is no kubectl yet", hint="make tools", code=Exit.MISSING)
    context = session.cluster.context()
    place = ["--kubeconfig", str(session.cluster.kubeconfig()), *(["--context", context] if context else [])]
    return [*program, *place, *arguments]


def replace(session: Session, *arguments: str) -> NoReturn:
    """Become kubectl: its terminal, signals and exit code are the caller's."""
    session.require_running()
    words = command(session, *arguments)
    env = {**kubectl_homes(), **os.environ}
    os.execve(words[0], words, env)  # noqa: S606 - an argument list; no shell is wanted
