"""Look for stored texts that the list of banned words refuses by now."""

import time

from django.core.management.base import BaseCommand
from django.utils import timezone

from todo_app.common.shards import each_shard
from todo_app.todos.rescan import rescan, texts


class Command(BaseCommand):
    """Ends with 0. Stopped half-way, the next run goes on where this one was."""

    help = "Flag stored texts that hold banned words; for after a change of the list. Counts and bans nothing."

    def handle(self, *_args: object, **_options: object) -> None:
        """In batches, with progress on standard error."""
        for shard in each_shard():
            total, begin = texts(), time.monotonic()
            first: list[int] = []

            def told(judged: int, total: int = total, begin: float = begin, first: list[int] = first) -> None:
                first.append(judged)
                elapsed, done = time.monotonic() - begin, judged - first[0]
                left = elapsed / done * max(total - judged, 0) if done else 0.0
                self.stderr.write(f"{judged} of {total} texts, {elapsed:.0f} s elapsed, about {left:.0f} s remaining")

            run = rescan(now=timezone.now(), told=told)
            self.stdout.write(
                f"{shard}: {run.judged} texts judged by version {run.words_version}, {run.flagged} flagged"
            )
