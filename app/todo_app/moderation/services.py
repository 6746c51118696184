"""Recording violations, changing the list."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime

from django.conf import settings
from django.db import IntegrityError, transaction
from django.db.models import F

from todo_app.accounts.access import admit
from todo_app.accounts.bans import user_ban
from todo_app.accounts.models import Role, User
from todo_app.common.idempotency import outcome_keep
from todo_app.common.metrics import VIOLATIONS
from todo_app.common.models import Revision
from todo_app.moderation.checks import Refusal, TextRefused
from todo_app.moderation.entries import PATTERNS_BY_ADMINS, PatternRefused, word_key
from todo_app.moderation.models import WORDS_REVISION, BannedWord, Kind, Violation
from todo_app.outbox.services import event_append


@contextmanager
def refusals_recorded(*, user: User, now: datetime) -> Iterator[None]:
    """Around the outermost transaction of a write: a refusal leaves it, is recorded by itself, and goes on up."""
    try:
        yield
    except TextRefused as refused:
        violation_record(user=user, refusal=refused.refusal, now=now)
        raise


@transaction.atomic(durable=True)  # inside another transaction the row would be lost with it; durable refuses that
def violation_record(*, user: User, refusal: Refusal, now: datetime) -> Violation:
    """Log one violation and ban on the one that reaches the threshold.

    Raises AccountBanned, logging nothing, when another request has banned the user meanwhile.
    """
    locked = admit(User.objects.select_for_update().get(pk=user.pk))  # two requests must not both see 14
    counted = not locked.is_admin
    violation = Violation(
        user=locked,
        subject_id=refusal.subject_id,
        words=refusal.words,
        severity=max(hit.severity for hit in refusal.hits),
        text=refusal.text,
        spans=[[hit.start, hit.end] for hit in refusal.hits],
        words_version=refusal.words_version,
        counted=counted,
        created_on=now,
    )
    violation.save(force_insert=True)
    payload = {"id": str(violation.pk), "user_id": str(locked.pk), "words": refusal.words, "counted": counted}
    event_append(type="violation.recorded", key=str(locked.pk), payload=payload, now=now)
    if counted:
        locked.violation_count += 1
        if locked.violation_count >= settings.BAN_THRESHOLD:
            reason = f"{locked.violation_count} refused texts with banned words"
            user_ban(locked=locked, reason=reason, actor=None, now=now)
        else:
            locked.save()
    outcome_keep(TextRefused(refusal))
    transaction.on_commit(lambda: VIOLATIONS.labels(str(counted).lower()).inc())
    return violation


class WordTaken(Exception):
    """The word is on the list already, maybe in another spelling: `existing`."""

    def __init__(self, existing: str) -> None:
        super().__init__(f"the list has it already, as: {existing}")
        self.existing = existing


def word_add(
    *, word: str, severity: int, kind: str = Kind.LITERAL, now: datetime, by: User | None = None
) -> BannedWord:
    """Put a word on the list; every process judges by it from its next request on. Without `by` an operator does it.

    Raises WordTaken, WordUnmatchable, PatternRefused.
    """
    if kind == Kind.PATTERN and not patterns_by(by):
        raise PatternRefused(word, PATTERNS_BY_ADMINS)
    key = word_key(word, kind=kind)
    row = BannedWord(word=word, severity=severity, kind=kind, created_on=now, updated_on=now)
    try:
        with transaction.atomic():
            row.save()
    except IntegrityError:
        existing = BannedWord.objects.filter(folded=key).values_list("word", flat=True).first()
        raise WordTaken(existing or word) from None  # or: removed again meanwhile
    return row


def patterns_by(user: User | None) -> bool:
    """Whether the user may add patterns: the permission to manage words is not enough."""
    return user is None or user.role == Role.ADMIN


def word_delete(*, word: BannedWord) -> None:
    """Take a word off the list."""
    word.delete()


def words_changed(**_signal: object) -> None:
    """Raise the list's version in the transaction that changes a word; writers of the list queue here."""
    Revision.objects.filter(name=WORDS_REVISION).update(number=F("number") + 1)
