"""Banned words and the log of violations."""

from collections.abc import Iterable
from typing import ClassVar, Self

import pghistory
from django.conf import settings
from django.contrib.postgres.fields import ArrayField
from django.core.exceptions import ValidationError
from django.db import models
from django.db.models.base import ModelBase

from todo_app.common.models import BaseModel, Row
from todo_app.moderation.entries import FOLDED_MAX, EntryInvalid, word_key

WORDS_REVISION = "banned-words"


class Severity(models.IntegerChoices):
    """How bad a word is."""

    LOW = 1, "Low"
    MEDIUM = 2, "Medium"
    HIGH = 3, "High"


class Kind(models.TextChoices):
    """How a word is looked for."""

    LITERAL = "literal", "Literal"
    PATTERN = "pattern", "RE2 pattern"


AUDITED = ("word", "kind", "severity")


@pghistory.track(
    pghistory.InsertEvent(),
    pghistory.UpdateEvent(condition=pghistory.AnyChange(*AUDITED)),
    pghistory.DeleteEvent(),
    fields=list(AUDITED),
    model_name="BannedWordAudit",
    context_field=pghistory.ContextJSONField(),
    context_id_field=None,  # type: ignore[arg-type]  # documented, typed too narrowly
    obj_field=pghistory.ObjForeignKey(related_name="audit"),
    attrs={"pgh_id": models.BigAutoField(primary_key=True)},
    append_only=True,
)
class BannedWord(BaseModel):
    """A literal word or phrase, whose look-alikes are caught by folding; or a pattern, for those who ask for one."""

    word = models.CharField(max_length=100)
    kind = models.CharField(max_length=7, choices=Kind, default=Kind.LITERAL, db_default=Kind.LITERAL)
    folded = models.CharField(max_length=FOLDED_MAX, unique=True, editable=False, help_text="What it is found by.")
    severity = models.PositiveSmallIntegerField(choices=Severity, default=Severity.MEDIUM)

    class Meta:
        """The permission is used by API and admin."""

        permissions = [("manage_words", "Can change the list of banned words")]
        constraints = [
            models.CheckConstraint(condition=models.Q(severity__in=Severity.values), name="word_severity_known"),
            models.CheckConstraint(condition=~models.Q(word=""), name="word_not_empty"),
            models.CheckConstraint(condition=~models.Q(folded=""), name="word_can_be_found"),
            models.CheckConstraint(condition=models.Q(kind__in=Kind.values), name="word_kind_known"),
        ]

    def __str__(self) -> str:
        """The word."""
        return self.word

    def clean(self) -> None:
        """For forms, which show what is wrong beside the field."""
        try:
            key = word_key(self.word or "", kind=self.kind)
        except EntryInvalid as error:
            raise ValidationError({"word": str(error)}) from None
        if taken := BannedWord.objects.filter(folded=key).exclude(pk=self.pk).first():
            raise ValidationError({"word": f"The list has it already, as: {taken.word}"})

    def save(
        self,
        *,
        force_insert: bool | tuple[ModelBase, ...] = False,
        force_update: bool = False,
        using: str | None = None,
        update_fields: Iterable[str] | None = None,
    ) -> None:
        """With the folded form, whoever saves. Raises EntryInvalid."""
        self.folded = word_key(self.word, kind=self.kind)
        fields = None if update_fields is None else {*update_fields, "folded"}
        super().save(force_insert=force_insert, force_update=force_update, using=using, update_fields=fields)


class Violation(Row):
    """One refused write. The refused row never existed, so its key is a plain column.

    The table is partitioned by month; its key in the database is (id, created_on), see docs/adr/0007. Triggers keep
    the counters below in the same transaction and refuse UPDATE.
    """

    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="violations")
    subject_id = models.UUIDField(help_text="Key of the todo that was refused.")
    words = ArrayField(models.CharField(max_length=100), help_text="Each banned word once.")
    severity = models.PositiveSmallIntegerField(choices=Severity)
    text = models.TextField(help_text="The refused text.")
    spans = models.JSONField(help_text="[start, end] of each hit in the text.")
    words_version = models.PositiveBigIntegerField(help_text="The version of the list that judged.")
    counted = models.BooleanField(default=True, help_text="False for admins: logged, never banned automatically.")

    objects: ClassVar[models.Manager[Self]] = models.Manager()

    class Meta:
        """Read by user and by time."""

        indexes = [models.Index(fields=["user", "-id"], name="violation_by_user")]
        constraints = [
            models.CheckConstraint(condition=models.Q(words__len__gt=0), name="violation_has_words"),
            models.CheckConstraint(condition=models.Q(severity__in=Severity.values), name="violation_severity_known"),
        ]

    def __str__(self) -> str:
        """The words."""
        return ", ".join(self.words)


class UserTotal(models.Model):
    """How many violations a user has in the log. Written by triggers only."""

    user = models.OneToOneField(
        settings.AUTH_USER_MODEL, primary_key=True, on_delete=models.DO_NOTHING, db_constraint=False, related_name="+"
    )
    total = models.PositiveBigIntegerField()

    class Meta:
        """Read by user, and the worst first."""

        indexes = [models.Index(fields=["-total", "user"], name="user_total_worst")]

    def __str__(self) -> str:
        """User and total."""
        return f"{self.user_id} {self.total}"


class UserWordCount(models.Model):
    """In how many of a user's violations a word stands. Written by triggers only."""

    pk = models.CompositePrimaryKey("user", "word")
    user = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.DO_NOTHING, db_constraint=False, db_index=False, related_name="+"
    )
    word = models.CharField(max_length=100)
    count = models.PositiveBigIntegerField()

    def __str__(self) -> str:
        """User, word and count."""
        return f"{self.user_id} {self.word} {self.count}"


class DayCount(models.Model):
    """Violations of one day (UTC) that hold a word; the empty word counts all. Written by triggers only.

    A day's count is spread over slots by user, so that writers of one day seldom wait for each other.
    """

    pk = models.CompositePrimaryKey("word", "day", "slot")
    word = models.CharField(max_length=100, blank=True)
    day = models.DateField()
    slot = models.PositiveSmallIntegerField()
    count = models.PositiveBigIntegerField()

    class Meta:
        """All words of some days are read by day."""

        indexes = [models.Index(fields=["day"], name="day_count_by_day")]

    def __str__(self) -> str:
        """Word, day and count."""
        return f"{self.word or 'all'} {self.day} {self.count}"


class Flag(Row):
    """A stored text that a later list refuses. Found by `rescan`; never counted."""

    subject_id = models.UUIDField(unique=True, help_text="Key of the todo.")
    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="flags")
    words = ArrayField(models.CharField(max_length=100), help_text="Each banned word once.")
    severity = models.PositiveSmallIntegerField(choices=Severity)
    text = models.TextField(help_text="The text as it was judged.")
    spans = models.JSONField(help_text="[start, end] of each hit in the text.")
    words_version = models.PositiveBigIntegerField(help_text="The version of the list that judged.")

    objects: ClassVar[models.Manager[Self]] = models.Manager()

    class Meta:
        """Read newest first."""

        constraints = [
            models.CheckConstraint(condition=models.Q(words__len__gt=0), name="flag_has_words"),
            models.CheckConstraint(condition=models.Q(severity__in=Severity.values), name="flag_severity_known"),
        ]

    def __str__(self) -> str:
        """The words."""
        return ", ".join(self.words)


class Rescan(Row):
    """One pass over all stored texts by one version of the list; `position` is where it goes on."""

    words_version = models.PositiveBigIntegerField(unique=True)
    position = models.UUIDField(null=True, help_text="The last key judged.")
    judged = models.PositiveBigIntegerField(default=0)
    flagged = models.PositiveBigIntegerField(default=0)
    finished_on = models.DateTimeField(null=True)

    objects: ClassVar[models.Manager[Self]] = models.Manager()

    def __str__(self) -> str:
        """Version and position."""
        return f"version {self.words_version}: {self.judged} judged"
