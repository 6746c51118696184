"""Recurrences."""

import uuid
from datetime import UTC, datetime
from typing import Annotated

from pydantic import AfterValidator, BaseModel, Field

from todo_app.api.schemas.base import Description, In, Line, Page, Title
from todo_app.api.schemas.todos import Moment, Tags, optional
from todo_app.todos.models import Priority
from todo_app.todos.rrule import TEXT_MAX, Rule, zone_named


def _rule(text: str) -> str:
    return Rule.parse(text).text


def _zone(name: str) -> str:
    return zone_named(name).key


RuleText = Annotated[
    Line,
    Field(min_length=1, max_length=TEXT_MAX, examples=["FREQ=WEEKLY;BYDAY=MO,TH"], description="RFC 5545 RRULE value."),
    AfterValidator(_rule),
]
Zone = Annotated[
    Line,
    Field(min_length=1, max_length=64, examples=["Europe/Istanbul"], description="IANA name."),
    AfterValidator(_zone),
]


class RecurrenceIn(In):
    """What is to be done again and again; the rule means the clock of the zone."""

    title: Title
    description: Description = ""
    tags: Tags = []
    priority: Priority = Priority.NORMAL
    rule: RuleText
    time_zone: Zone = "UTC"
    starts_on: Moment


class RecurrencePatch(In):
    """What to change."""

    title: Title = Field(default="", json_schema_extra=optional)
    description: Description = Field(default="", json_schema_extra=optional)
    tags: Tags = Field(default=[], json_schema_extra=optional)
    priority: Priority = Field(default=Priority.NORMAL, json_schema_extra=optional)
    rule: RuleText = Field(default="", json_schema_extra=optional)
    time_zone: Zone = Field(default="", json_schema_extra=optional)
    starts_on: Moment = Field(default=datetime(1970, 1, 1, tzinfo=UTC), json_schema_extra=optional)


class RecurrenceOut(BaseModel):
    """A recurrence; `next_on` is null when it has ended."""

    id: uuid.UUID
    title: str
    description: str
    tags: list[str]
    priority: Priority
    rule: str
    time_zone: str
    starts_on: datetime
    next_on: datetime | None
    skipped_count: int
    paused_on: datetime | None
    pause_reason: str
    created_on: datetime
    updated_on: datetime
    version: int


class RecurrencePage(Page[RecurrenceOut]):
    """A page."""


class OccurrencesQuery(In):
    """How many."""

    limit: int = Field(default=10, ge=1, le=100)


class Occurrences(BaseModel):
    """The next times, in UTC."""

    data: list[datetime]
