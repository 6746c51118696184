"""Migrations that the running code has and the database has not: requests fail on missing columns."""

import os
import subprocess
from collections.abc import Callable, Iterable, Sequence

from infra.lib.findings import Finding
from infra.lib.paths import kubectl_homes
from infra.slipway.kube import PodFact

PREFIX = "todo-app-web-"
REMEDY = "make up"
VERDICT = "Planned operations"
DEADLINE = 60.0

# Runs a command in a pod: (namespace, pod, command) → exit code and output.
Exec = Callable[[str, str, Sequence[str]], tuple[int, str]]


def check(facts: Iterable[PodFact], run_in: Exec) -> list[Finding]:
    """Ask Django in a running web pod; no such pod is another check's finding."""
    pod = next((f for f in facts if f.name.startswith(PREFIX) and f.phase == "Running"), None)
    if pod is None:
        return []
    code, output = run_in(pod.namespace, pod.name, ("python", "manage.py", "migrate", "--check", "--plan"))
    if code == 0:
        return [Finding("ok", "migrations", "all are applied")]
    # kubectl adds a line of its own about the exit code.
    lines = [line.strip() for line in output.splitlines() if line.strip() and not line.startswith("command terminated")]
    last = lines[-1] if lines else ""
    # `--plan` lists what is unapplied under this line, `--check` then ends with 1; all else is a failure to ask.
    if code != 1 or VERDICT not in output:
        look = f".venv/bin/slipway logs {PREFIX.rstrip('-')}"
        return [Finding("fail", "migrations", f"could not be asked for (exit {code}): {last or 'no output'}", look)]
    told = f"pending ({last}): requests fail on what the database does not have yet"
    return [Finding("fail", "migrations", told, REMEDY)]


def kubectl(command: Callable[..., list[str]], *, container: str = "") -> Exec:
    """An Exec by `kubectl exec`; `command` puts the cluster's credentials before the arguments.

    `container` "" is the pod's first.
    """
    where = (f"--container={container}",) if container else ()

    def run_in(namespace: str, pod: str, words: Sequence[str]) -> tuple[int, str]:
        try:
            done = subprocess.run(
                command("exec", "--quiet", "--namespace", namespace, pod, *where, "--", *words),
                stdin=subprocess.DEVNULL,
                capture_output=True,
                text=True,
                timeout=DEADLINE,
                check=False,
                env={**os.environ, **kubectl_homes()},
            )
        except (OSError, subprocess.TimeoutExpired) as error:
            return 1, str(error)
        return done.returncode, done.stdout + done.stderr

    return run_in
