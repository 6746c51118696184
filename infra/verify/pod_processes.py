"""Processes of pods, as this machine numbers them: a container's control group is named after its pod's uid."""

import contextlib
import os
import signal
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any

from infra.verify.bed import BedError


def processes_of(pods: Iterable[dict[str, Any]]) -> Iterator[int]:
    """All of these pods'."""
    uids = [str(pod["metadata"]["uid"]) for pod in pods]
    for file in Path("/proc").glob("[0-9]*/cgroup"):
        with contextlib.suppress(OSError):
            groups = file.read_text(encoding="utf-8").replace("_", "-")
            if any(f"pod{uid}" in groups for uid in uids):
                yield int(file.parent.name)


def process_of(pod: dict[str, Any]) -> int:
    """One of a pod; BedError when it has none."""
    found = next(processes_of([pod]), None)
    if found is None:
        raise BedError(f"pod {pod['metadata']['name']} has no process on this machine")
    return found


@contextlib.contextmanager
def stopped(processes: Sequence[int]) -> Iterator[None]:
    """They are there and do nothing for the block."""
    try:
        for number in processes:
            os.kill(number, signal.SIGSTOP)
        yield
    finally:
        for number in processes:
            with contextlib.suppress(ProcessLookupError):
                os.kill(number, signal.SIGCONT)
