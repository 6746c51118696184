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
from todo_app.moderation.matcher import entry_key

WORDS_REVISION = "banned-words"
FOLDED_MAX = 200  # characters; a word of 100 grows when ligatures come apart


class Severity(models.IntegerChoices):
    """How bad a word is."""

    LOW = 1, "Low"
    MEDIUM = 2, "Medium"
    HIGH = 3, "High"


AUDITED = ("word", "severity")


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
    """A literal word or phrase; look-alikes are caught by folding, not by more rows."""

    word = models.CharField(max_length=100)
    folded = models.CharField(max_length=FOLDED_MAX, unique=True, editable=False, help_text="What it is found by.")
    severity = models.PositiveSmallIntegerField(choices=Severity, default=Severity.MEDIUM)

    class Meta:
        """The permission is used by API and admin."""

        permissions = [("manage_words", "Can change the list of banned words")]
        constraints = [
            models.CheckConstraint(condition=models.Q(severity__in=Severity.values), name="word_severity_known"),
            models.CheckConstraint(condition=~models.Q(word=""), name="word_not_empty"),
            models.CheckConstraint(condition=~models.Q(folded=""), name="word_can_be_found"),
        ]

    def __str__(self) -> str:
        """The word."""
        return self.word

    def clean(self) -> None:
        """For forms, which show what is wrong beside the field."""
        key = entry_key(self.word or "")
        if not 0 < len(key) <= FOLDED_MAX:
            raise ValidationError({"word": "Nothing of this could ever be found in a text."})
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
        """With the folded form, whoever saves."""
        self.folded = entry_key(self.word)
        fields = None if update_fields is None else {*update_fields, "folded"}
        super().save(force_insert=force_insert, force_update=force_update, using=using, update_fields=fields)


class Violation(Row):
    """One refused write. The refused row never existed, so its key is a plain column."""

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
