"""Traffic in the background of a block, counted by its sender."""

import asyncio
import contextlib
import json
import threading
from collections.abc import Iterator

from infra.verify.bed import Bed
from infra.verify.http1 import Request
from infra.verify.openloop import Plan, Tally, drive
from infra.verify.todo_api import PREFIX

MOST = 20_000


@contextlib.contextmanager
def traffic(bed: Bed, *, rate: float, writes: bool = False) -> Iterator[Tally]:
    """Lists of todos at `rate` requests a second for the length of the block; the tally is filled after it.

    With `writes` every tenth request is a new todo.
    """
    headers = {"Authorization": f"Bearer {bed.api().token}"}
    read = Request(path=f"{PREFIX}/todos", headers=headers)
    body = json.dumps({"title": "written under traffic"}).encode()
    write = Request(method="POST", path=f"{PREFIX}/todos", headers=headers, body=body)
    requests = [*[read] * 9, write] if writes else [read]
    plan = Plan(host="127.0.0.1", port=bed.port, requests=requests, rate=rate, count=int(rate), most=MOST, tls=bed.tls)
    over = threading.Event()
    found = Tally()

    def send() -> None:
        vars(found).update(vars(asyncio.run(drive(plan, go_on=lambda: not over.is_set()))))

    thread = threading.Thread(target=send, daemon=True)
    thread.start()
    try:
        yield found
    finally:
        over.set()
        thread.join(timeout=60)
