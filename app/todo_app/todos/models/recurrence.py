"""Todos that come again, and the ledger of those that came."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Any, ClassVar
from zoneinfo import ZoneInfo

from django.conf import settings
from django.contrib.postgres.fields import ArrayField
from django.core.exceptions import ValidationError
from django.db import models

from todo_app.common.models import BaseModel, EventfulQuerySet, Row
from todo_app.todos.fields import RRuleField
from todo_app.todos.models.tag import TAG_MAX, TAGS_MAX, tags_judge, tags_normal
from todo_app.todos.models.todo import Priority
from todo_app.todos.rrule import Rule, RuleInvalid, fault, zone_named

BY_CLOCK = frozenset({"next_on", "skipped_count", "updated_on"})  # what the clock changes is not an edit


START_BACK, START_AHEAD = timedelta(days=366), timedelta(days=36_525)  # every expansion walks from the start on


class StartOutOfRange(ValidationError):
    """A start was set that is too long ago, or too far ahead."""

    def __init__(self) -> None:
        super().__init__({"starts_on": "Must be at most a year ago and at most a hundred years ahead."})


class RuleNeverOccurs(ValidationError):
    """The rule has no occurrence."""

    def __init__(self) -> None:
        super().__init__({"rule": "Must occur within twelve years of its start and before its end."})


class RecurrenceUnusable(ValidationError):
    """What is stored cannot run: `reason`."""

    def __init__(self, *, reason: str) -> None:
        super().__init__({"rule": f"Must be able to run: {reason}."})
        self.reason = reason


class RecurrenceQuerySet(EventfulQuerySet["Recurrence"]):
    """What recurrences are asked for."""

    def due(self, now: datetime) -> RecurrenceQuerySet:
        """Those whose time has come, the longest waiting first."""
        return self.filter(paused_on__isnull=True, next_on__lte=now).order_by("next_on", "pk")


class Recurrence(BaseModel):
    """What is to be done again and again. `next_on` is the next occurrence that has no todo yet."""

    owner = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="recurrences", db_index=False
    )
    title = models.CharField(max_length=200)
    description = models.TextField(max_length=10_000, blank=True, default="")
    tag_names = ArrayField(models.CharField(max_length=TAG_MAX), size=TAGS_MAX, blank=True, default=list)
    priority = models.PositiveSmallIntegerField(choices=Priority, default=Priority.NORMAL)
    rule = RRuleField(help_text="FREQ=WEEKLY;BYDAY=MO,TH;BYHOUR=9")
    time_zone = models.CharField(max_length=64, default="UTC", help_text="IANA name; the rule means its clock.")
    starts_on = models.DateTimeField(help_text="Gives the time of day, and is the first day of intervals.")
    next_on = models.DateTimeField(null=True, blank=True, editable=False)
    skipped_count = models.PositiveIntegerField(default=0, editable=False, help_text="Too old to be caught up with.")
    paused_on = models.DateTimeField(null=True, blank=True, editable=False)
    pause_reason = models.CharField(max_length=200, blank=True, default="", editable=False)
    version = models.PositiveIntegerField(default=1, editable=False)

    objects: ClassVar[RecurrenceQuerySet] = RecurrenceQuerySet.as_manager()  # type: ignore[assignment]  # a queryset's methods, a manager at run time

    class Meta:
        """Read by owner; run by time."""

        indexes = [
            models.Index(fields=["owner", "-id"], name="recurrence_by_owner"),
            models.Index(
                fields=["next_on", "id"],
                condition=models.Q(paused_on__isnull=True, next_on__isnull=False),
                name="recurrence_due",
            ),
        ]
        constraints = [
            models.CheckConstraint(condition=~models.Q(title=""), name="recurrence_title_not_empty"),
            models.CheckConstraint(condition=models.Q(priority__in=Priority.values), name="recurrence_priority_known"),
            models.CheckConstraint(
                condition=models.Q(paused_on__isnull=True, pause_reason="")
                | (models.Q(paused_on__isnull=False) & ~models.Q(pause_reason="")),
                name="recurrence_pause_agrees",
            ),
            models.CheckConstraint(
                condition=models.Q(next_on__isnull=True) | models.Q(next_on__gte=models.F("starts_on")),
                name="recurrence_next_after_start",
            ),
        ]

    def __str__(self) -> str:
        """Title and rule."""
        return f"{self.title} ({self.rule})"

    @property
    def zone(self) -> ZoneInfo:
        """The zone itself."""
        return ZoneInfo(self.time_zone)

    @property
    def fault(self) -> str:
        """Why it cannot run, or nothing."""
        return fault(str(self.rule), self.time_zone, self.starts_on.year)

    def after(self, moment: datetime | None) -> Iterable[datetime]:
        """The occurrences later than a moment."""
        rule: Rule = self.rule
        return rule.occurrences(starts_on=self.starts_on, zone=self.zone, after=moment)

    def schedule(self, now: datetime) -> None:
        """Set the next occurrence after now. Raises RuleNeverOccurs, StartOutOfRange, RecurrenceUnusable."""
        rule: Rule = self.rule
        self.judge()
        if "starts_on" in self.changed_fields and not now - START_BACK <= self.starts_on <= now + START_AHEAD:
            raise StartOutOfRange
        self.starts_on = self.starts_on.replace(microsecond=0)  # rules know whole seconds
        if not rule.occurs(starts_on=self.starts_on, zone=self.zone):
            raise RuleNeverOccurs
        self.next_on = next(iter(self.after(now)), None)

    def judge(self) -> None:
        """For what makes it go on. Raises RecurrenceUnusable."""
        if reason := self.fault:
            raise RecurrenceUnusable(reason=reason)

    def clean(self) -> None:
        """What save() refuses, in words for people."""
        changed = self.changed_fields
        try:
            # a zone that went later must not keep the recurrence from being paused
            if "time_zone" in changed:
                zone_named(self.time_zone)
        except RuleInvalid as error:
            raise ValidationError({"time_zone": str(error)}) from None
        if "tag_names" in changed:
            tags_judge(self.tag_names)

    def save(self, *, update_fields: Iterable[str] | None = None, **options: Any) -> None:  # noqa: ANN401 - BaseModel's options, passed on
        """Judge rule and zone, count edits; what the clock changes leaves the ETag as it is."""
        self.clean()
        self.rule = self._meta.get_field("rule").to_python(self.rule)  # type: ignore[union-attr]  # a field of ours
        self.tag_names = tags_normal(self.tag_names)
        changed = set(self.changed_fields)
        if not self._state.adding and changed - BY_CLOCK and "version" not in changed:
            self.version += 1
        super().save(update_fields=update_fields, **options)


class Firing(Row):
    """The ledger: an occurrence has at most one row, whoever runs it and however often."""

    recurrence = models.ForeignKey(Recurrence, on_delete=models.CASCADE, related_name="firings", db_index=False)
    occurs_on = models.DateTimeField()
    todo_id = models.UUIDField(help_text="The todo it made; it may be deleted since.")

    class Meta:
        """Its reason to be."""

        constraints = [models.UniqueConstraint(fields=["recurrence", "occurs_on"], name="firing_once")]

    def __str__(self) -> str:
        """When."""
        return f"{self.occurs_on}"
