"""Judge all stored todos and recurrences by the list as it is now.

Hits are flagged, never counted; nobody is banned for old texts.
"""

import uuid
from collections.abc import Callable
from datetime import datetime

from django.db import transaction

from todo_app.moderation.models import Flag, Rescan
from todo_app.moderation.selectors import words_version
from todo_app.moderation.word_list import matcher
from todo_app.todos.models import Recurrence, Todo
from todo_app.todos.moderated import parts

BATCH = 200  # texts judged in one transaction, in about 20 ms


def rescan(*, now: datetime, told: Callable[[int], None] = lambda _judged: None, batches: int | None = None) -> Rescan:
    """Go on where the run of this version of the list stopped; at most `batches` of them."""
    judge = matcher(seen_version=words_version())
    run, _ = Rescan.objects.get_or_create(words_version=judge.version, defaults={"created_on": now})
    while run.finished_on is None and batches != 0:
        with transaction.atomic():
            run = Rescan.objects.select_for_update().get(pk=run.pk)  # two runs share the work
            batch = _next(run.position)
            for row in batch:
                run.flagged += _judged(row, run=run, now=now)
            run.judged += len(batch)
            if batch:
                run.position = batch[-1].pk
            else:
                # of texts that are gone, or clean by this version
                Flag.objects.filter(words_version__lt=run.words_version).delete()
                run.finished_on = now
            run.save()
        told(run.judged)
        batches = None if batches is None else batches - 1
    return run


def texts() -> int:
    """How many there are."""
    return Todo.objects.count() + Recurrence.objects.count()


def _next(position: uuid.UUID | None) -> list[Todo | Recurrence]:
    """Both tables as one by key, of which none is in both; locked."""
    found: list[Todo | Recurrence] = []
    for table in (Todo.objects, Recurrence.objects):
        rows = table.select_for_update().order_by("pk")
        found += (rows.filter(pk__gt=position) if position else rows)[:BATCH]
    return sorted(found, key=lambda row: row.pk)[:BATCH]


def _judged(row: Todo | Recurrence, *, run: Rescan, now: datetime) -> bool:
    text, fields = parts(row)
    judge = matcher(seen_version=run.words_version)
    hits = judge.hits(text, seams=tuple(start - 1 for _, start in fields[1:]))
    if not hits:
        Flag.objects.filter(subject_id=row.pk).delete()
        return False
    found = {
        "user_id": row.owner_id,
        "words": list(dict.fromkeys(hit.word for hit in hits)),
        "severity": max(hit.severity for hit in hits),
        "text": text,
        "spans": [[hit.start, hit.end] for hit in hits],
        "words_version": run.words_version,
    }
    Flag.objects.update_or_create(subject_id=row.pk, defaults=found, create_defaults={**found, "created_on": now})
    return True
