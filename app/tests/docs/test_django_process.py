"""Examples of docs/django.md: threads and async."""

import asyncio
import threading
import time

import pytest
from django.core.exceptions import SynchronousOnlyOperation
from django.db import connection, connections

from todo_app.accounts.models import User

pytestmark = pytest.mark.integration


def test_threads_share_the_cpu_but_not_a_connection(user: User) -> None:
    # example: threads
    def ask(found: list[int]) -> None:
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_backend_pid(), pg_sleep(0.2)")  # the GIL is free while PostgreSQL works
            found.append(cursor.fetchone()[0])
            together.wait(30)  # until then nobody gives back what another could take
        connections.close_all()  # a thread of one's own gives back what it took from the pool

    found: list[int] = []
    together = threading.Barrier(4)
    threads = [threading.Thread(target=ask, args=(found,)) for _ in range(4)]
    begun = time.monotonic()
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(set(found)) == 4  # each thread has a connection of its own
    assert time.monotonic() - begun < 4 * 0.2 + 5  # they waited side by side; pure Python would have taken turns
    # end


def test_the_orm_refuses_the_event_loop_and_runs_in_a_thread_beside_it(user: User) -> None:
    # example: async
    async def wrong() -> bool:
        return bool(User.objects.filter(pk=user.pk).exists())  # would block every other request of the loop

    def read() -> bool:
        try:
            return bool(User.objects.filter(pk=user.pk).exists())
        finally:
            connections.close_all()

    async def right() -> bool:
        return await asyncio.to_thread(read)

    with pytest.raises(SynchronousOnlyOperation):
        asyncio.run(wrong())
    assert asyncio.run(right())
    # end
