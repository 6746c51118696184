"""The engine's worker with something done to it, for fault tests: `python -m infra.tests.engine.defects <what>…`.

`kill:<file>`            the process is killed at its n-th write to the cluster; the file says `<n> before|after`
`record-late`            a defect: objects are recorded in the inventory after they are made
`no-claim`               a defect: an object somebody else made is taken over
`force`                  a defect: fields of other managers are taken
`own-all`                a defect: nobody else owns a field, whatever the ownership map says
`always-write`           a defect: an object is applied without looking whether it differs
`no-wait`                a defect: nothing is waited for
`edits-unseen`           a defect: an object of a release that somebody edited counts as it was
`hash-only`              a defect: a release counts as deployed by its label, whatever became of its objects
`outlive`                a defect: the worker goes on when the front door is gone
"""

import contextlib
import itertools
import os
import signal
import sys
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any, TextIO

from infra.engine.direct import apply as applying
from infra.engine.direct import deploy, standing, worker
from infra.engine.direct.inventory import Inventory
from infra.engine.direct.standing import Standing
from infra.lib.kube import Kube, Object
from infra.lib.ownership import Ownership


def always(*, answer: Any) -> Callable[..., Any]:  # noqa: ANN401 - stands in for any function
    """A function that takes anything and gives this."""
    return lambda *_, **__: answer


def kill(file: str) -> None:
    """SIGKILL at the n-th write, counted over all threads; the task's process reads the file at its first write."""
    count = itertools.count(1)
    lock = threading.Lock()
    request = Kube.request

    def counted(self: Kube, method: str, path: str, **options: Any) -> Any:  # noqa: ANN401 - as the original
        if method == "GET" or "dryRun" in (options.get("params") or {}):
            return request(self, method, path, **options)
        position, moment = Path(file).read_text().split()
        with lock:
            mine = next(count) == int(position)
            if mine and moment == "before":
                os.kill(os.getpid(), signal.SIGKILL)
            answer = request(self, method, path, **options)
            if mine:
                os.kill(os.getpid(), signal.SIGKILL)
            return answer

    Kube.request = counted  # type: ignore[method-assign] # the point of this module


def record_late() -> None:
    """Claim without writing; the final write of the run records everything."""
    Inventory._record = always(answer=None)  # type: ignore[method-assign] # the point of this module


def no_claim() -> None:
    """Everything counts as ours."""
    from infra.engine.direct import inventory

    inventory._ours = always(answer=True)


def force() -> None:
    """Every apply takes what it sets."""
    applying._forced = always(answer=True)


def own_all() -> None:
    """Every field is sent."""

    def sent(self: Ownership, body: Object, live: Object) -> Object:
        return body

    Ownership.yielded = sent  # type: ignore[method-assign] # the point of this module


def always_write() -> None:
    """No comparison."""
    applying.same = always(answer=False)  # type: ignore[attr-defined] # imported there


def no_wait() -> None:
    """Ready at once."""

    def at_once(_: Kube, live: Object, **options: object) -> Object:
        return live

    deploy.until_ready = at_once  # type: ignore[attr-defined,assignment] # the point of this module


def hash_only() -> None:
    """Nobody looks for the objects of a release."""
    deploy.standing_of = always(answer=Standing())  # type: ignore[attr-defined] # imported there


def edits_unseen() -> None:
    """Nobody compares the objects of a release with its manifest."""
    standing._edited = always(answer=False)


def outlive() -> None:
    """Nobody watches the pipe, and a broken one stops nobody."""
    worker._leave_with_parent = always(answer=None)
    send = worker._send

    def regardless(events: TextIO, event: dict[str, Any]) -> None:
        with contextlib.suppress(OSError):
            send(events, event)

    worker._send = regardless


DEFECTS: dict[str, Callable[..., None]] = {
    "kill": kill,
    "record-late": record_late,
    "no-claim": no_claim,
    "force": force,
    "own-all": own_all,
    "always-write": always_write,
    "no-wait": no_wait,
    "edits-unseen": edits_unseen,
    "hash-only": hash_only,
    "outlive": outlive,
}

if __name__ == "__main__":
    for word in sys.argv[1:]:
        name, *arguments = word.split(":")
        DEFECTS[name](*arguments)
    worker.main()
