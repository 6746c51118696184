"""`shell`: inside a container of the running service."""

import sys

from infra.slipway import kube, kubectl, workloads
from infra.slipway.session import Session

APP = "todo-app-web"
# Debian's sh: the images have no bash.
SHELL = ("sh",)
PYTHON = ("python", "manage.py", "shell")


def run(session: Session, *, workload: str) -> None:
    """Python with the app loaded, or sh in another workload."""
    session.require_running()
    found = workloads.find(kube.client(session), workload or APP)
    interactive = "-it" if sys.stdin.isatty() else "-i"
    kubectl.replace(
        session,
        "exec",
        interactive,
        "--namespace",
        found.namespace,
        str(found),
        "--",
        *(SHELL if workload else PYTHON),
    )
