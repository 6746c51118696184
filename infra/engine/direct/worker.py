"""The process that runs programs: it imports the SDK once and forks for each task.

The SDK keeps global state, so every program gets a process; a fork of this warmed one costs
milliseconds, a new interpreter a second. Tasks come as JSON lines on standard input, events go
as JSON lines to standard output; what a program prints goes to standard error, the step's log.
When the front door is gone (its end of the pipe closes) everything here ends at once: the objects
are recorded before they are made, so the next `up` converges, and no orphan goes on writing.
"""

import gc
import json
import os
import select
import sys
import threading
import traceback
from typing import Any, TextIO

# The parts of the SDK every program needs; imported before the first fork.
import pulumi  # noqa: F401 - warms the process
import pulumi_kubernetes.apps.v1
import pulumi_kubernetes.batch.v1
import pulumi_kubernetes.core.v1
import pulumi_kubernetes.helm.v3
import pulumi_kubernetes.networking.v1
import pulumi_kubernetes.policy.v1
import pulumi_kubernetes.rbac.v1  # noqa: F401 - warms the process

from infra.engine.direct.task import Task, perform
from infra.lib.errors import SlipwayError


def main() -> None:
    """Serve tasks until standard input ends."""
    gc.freeze()
    events = os.fdopen(os.dup(sys.stdout.fileno()), "w", encoding="utf-8", buffering=1)
    os.dup2(sys.stderr.fileno(), sys.stdout.fileno())
    while line := sys.stdin.readline():
        if (child := os.fork()) == 0:
            _leave_with_parent()
            _serve(line, events)
            events.flush()
            sys.stderr.flush()
            os._exit(0)
        _, status = os.waitpid(child, 0)
        if status != 0:
            _send(events, {"error": {"message": f"the engine's process ended unexpectedly (status {status})"}})


def _serve(line: str, events: TextIO) -> None:
    lock = threading.Lock()

    def report(message: str, /, *, done: float | None = None) -> None:
        with lock:
            _send(events, {"report": message, "done": done})

    try:
        result = perform(Task(**json.loads(line)), report)
        with lock:
            _send(events, {"result": result.as_json()})
    except SlipwayError as error:
        with lock:
            _send(events, {"error": _error(error)})
    except BaseException as error:  # noqa: BLE001 - told to the front door, traceback in the log
        traceback.print_exc()
        with lock:
            _send(events, {"error": {"message": f"{type(error).__name__}: {error}"}})


def _error(error: SlipwayError) -> dict[str, Any]:
    return {"message": error.message, "hint": error.hint, "code": int(error.code), "details": list(error.details)}


def _send(events: TextIO, event: dict[str, Any]) -> None:
    events.write(json.dumps(event) + "\n")


def _leave_with_parent() -> None:
    """End this process when the other end of standard input closes; nothing is read from it."""
    poll = select.poll()
    poll.register(sys.stdin.fileno(), 0)  # only a hang-up

    def watch() -> None:
        poll.poll()
        os._exit(1)

    threading.Thread(target=watch, daemon=True).start()
