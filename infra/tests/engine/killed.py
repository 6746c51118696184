"""An `up` in a process of its own that is killed as a user's would be."""

import subprocess
import sys
import time
from pathlib import Path

import psutil

from infra.engine.api import StackRef
from infra.tests.engine.apiserver import ApiServer


def left_alive(stack: StackRef, api: ApiServer, folder: Path, until: str, *worker: str) -> list[psutil.Process]:
    """Kill an `up` once a report has the words `until`; what it started and is alive 3 s later."""
    code = (
        "import sys; from pathlib import Path; from infra.engine.api import StackRef\n"
        "from infra.engine.direct.engine import DirectEngine\n"
        "worker = (sys.executable, '-m', *sys.argv[4:])\n"
        "engine = DirectEngine(log=Path(sys.argv[3]), kubeconfig=Path(sys.argv[2]), worker=worker)\n"
        "stack = StackRef(name=Path(sys.argv[1]).name, directory=Path(sys.argv[1]), environment='local')\n"
        "engine.up(stack, report=lambda message, done=None: print(message, flush=True))"
    )
    command: list[str | Path] = [sys.executable, "-c", code, stack.directory, api.kubeconfig, folder / "log", *worker]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as front_door:
        assert front_door.stdout is not None
        assert any(until in line for line in front_door.stdout)
        time.sleep(1)  # until what was reported has begun
        workers = psutil.Process(front_door.pid).children(recursive=True)
        assert len(workers) >= 2, "the worker and its fork"
        front_door.kill()
    return psutil.wait_procs(workers, timeout=3)[1]
