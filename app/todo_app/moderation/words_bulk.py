"""Many words at once: few statements, yet for each word one event and one audit row, and one new version in all."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import islice

from django.db import IntegrityError, transaction
from django.db.models import QuerySet

from todo_app.moderation.models import BannedWord
from todo_app.moderation.services import words_changed
from todo_app.outbox.services import events_append

BATCH = 1000  # words of one statement; a statement may take 10 s
COLUMNS = sorted(field.attname for field in BannedWord._meta.concrete_fields)  # noqa: SLF001 - _meta is Django's documented API


@dataclass(frozen=True, slots=True)
class WordLine:
    """A word as it should stand on the list; `key` is its `word_key`."""

    key: str
    word: str
    kind: str
    severity: int


def words_put(*, lines: Sequence[WordLine], now: datetime, told: Callable[[int, int], None]) -> tuple[int, int]:
    """Add what is missing, change severities that differ. Returns how many of each. `told` hears how far it is."""
    try:
        return _put(lines, now, told)
    except IntegrityError:  # somebody added one of them meanwhile: now it is seen
        return _put(lines, now, told)


@transaction.atomic
def _put(lines: Sequence[WordLine], now: datetime, told: Callable[[int, int], None]) -> tuple[int, int]:
    added = changed = done = 0
    for batch in _batches(sorted(lines, key=lambda line: line.key)):  # in one order, so that two imports only queue
        stored = {row.folded: row for row in _locked([line.key for line in batch])}
        added += _add([line for line in batch if line.key not in stored], now)
        changed += _change([(stored[line.key], line.severity) for line in batch if line.key in stored], now)
        told(done := done + len(batch), len(lines))
    if added or changed:
        words_changed()
    return added, changed


def _locked(keys: list[str]) -> "QuerySet[BannedWord, BannedWord]":
    return BannedWord.objects.select_for_update().filter(folded__in=keys).order_by("folded")


def _add(lines: list[WordLine], now: datetime) -> int:
    everything: QuerySet[BannedWord] = QuerySet(BannedWord)  # not the manager's: the events follow
    rows = [
        BannedWord(
            word=line.word, kind=line.kind, folded=line.key, severity=line.severity, created_on=now, updated_on=now
        )
        for line in lines
    ]
    everything.bulk_create(rows)
    _tell("created", rows, COLUMNS, now)
    return len(rows)


def _change(pairs: list[tuple[BannedWord, int]], now: datetime) -> int:
    differing = [(row, severity) for row, severity in pairs if row.severity != severity]
    for wanted in sorted({severity for _, severity in differing}):
        keys = [row.pk for row, severity in differing if severity == wanted]
        QuerySet(BannedWord).filter(pk__in=keys).update(severity=wanted, updated_on=now)  # as in _add
    _tell("updated", [row for row, _ in differing], ["severity"], now)
    return len(differing)


def _tell(action: str, rows: list[BannedWord], changed: list[str], now: datetime) -> None:
    """What saving each row would have appended."""
    keys = [str(row.pk) for row in rows]
    events_append(events=[(f"bannedword.{action}", key, {"id": key, "changed": changed}) for key in keys], now=now)


def _batches(lines: list[WordLine]) -> Iterator[list[WordLine]]:
    rest = iter(lines)
    while batch := list(islice(rest, BATCH)):
        yield batch
