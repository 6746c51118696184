"""Judge all stored todos by the list as it is now. Hits are flagged, never counted; nobody is banned for old texts."""

from collections.abc import Callable
from datetime import datetime

from django.db import transaction

from todo_app.moderation.models import Flag, Rescan
from todo_app.moderation.selectors import words_version
from todo_app.moderation.word_list import matcher
from todo_app.todos.models import Todo
from todo_app.todos.moderated import parts

BATCH = 200  # todos locked at once, for about 20 ms


def rescan(*, now: datetime, told: Callable[[int], None] = lambda _judged: None, batches: int | None = None) -> Rescan:
    """Go on where the run of this version of the list stopped; at most `batches` of them."""
    judge = matcher(seen_version=words_version())
    run, _ = Rescan.objects.get_or_create(words_version=judge.version, defaults={"created_on": now})
    while run.finished_on is None and batches != 0:
        with transaction.atomic():
            run = Rescan.objects.select_for_update().get(pk=run.pk)  # two runs share the work
            rows = Todo.objects.select_for_update().order_by("pk")
            rows = rows.filter(pk__gt=run.position) if run.position else rows
            batch = list(rows[:BATCH])
            for todo in batch:
                run.flagged += _judged(todo, run=run, now=now)
            run.judged += len(batch)
            if batch:
                run.position = batch[-1].pk
            else:
                # of todos that are gone, or clean by this version
                Flag.objects.filter(words_version__lt=run.words_version).delete()
                run.finished_on = now
            run.save()
        told(run.judged)
        batches = None if batches is None else batches - 1
    return run


def _judged(todo: Todo, *, run: Rescan, now: datetime) -> bool:
    text, fields = parts(todo)
    judge = matcher(seen_version=run.words_version)
    hits = judge.hits(text, seams=tuple(start - 1 for _, start in fields[1:]))
    if not hits:
        Flag.objects.filter(subject_id=todo.pk).delete()
        return False
    found = {
        "user_id": todo.owner_id,
        "words": list(dict.fromkeys(hit.word for hit in hits)),
        "severity": max(hit.severity for hit in hits),
        "text": text,
        "spans": [[hit.start, hit.end] for hit in hits],
        "words_version": run.words_version,
    }
    Flag.objects.update_or_create(subject_id=todo.pk, defaults=found, create_defaults={**found, "created_on": now})
    return True
