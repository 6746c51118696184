"""Todos."""

import uuid
from datetime import UTC, datetime
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, AwareDatetime, BaseModel, BeforeValidator, ConfigDict, Field

from todo_app.api.schemas.base import Description, In, Line, Page, PageQuery, Title
from todo_app.todos.models import Priority, Status
from todo_app.todos.models.tag import TAG_MAX, TAGS_MAX, tags_normal

ORDERS = Literal["-created", "created", "-due", "due", "-priority", "priority", "-updated", "updated"]


def _near(moment: datetime) -> datetime:
    # PostgreSQL and Python both have an end of time; a zone must not push a date over it
    if not 1900 <= moment.year <= 9000:
        raise ValueError("must lie between the years 1900 and 9000")
    return moment.astimezone(UTC)


def _tag(name: str) -> str:
    if "," in name:
        raise ValueError("must not contain a comma")
    normal = tags_normal([name])
    if not normal or len(normal[0]) > TAG_MAX:
        raise ValueError(f"must be 1 to {TAG_MAX} characters when written in lower case")
    return normal[0]


def _split(text: object) -> object:
    return text.split(",") if isinstance(text, str) else text


def optional(schema: dict[str, Any]) -> None:
    """A member that may be left out, though its default is never used."""
    schema.pop("default", None)


Moment = Annotated[AwareDatetime, AfterValidator(_near)]
TagName = Annotated[Line, Field(min_length=1, max_length=TAG_MAX), AfterValidator(_tag)]
Tags = Annotated[list[TagName], Field(max_length=TAGS_MAX), AfterValidator(tags_normal)]


class TodoIn(In):
    """A new todo."""

    title: Title
    description: Description = ""
    tags: Tags = []
    priority: Priority = Priority.NORMAL
    assignee_id: uuid.UUID | None = None
    due_on: Moment | None = None


class TodoPatch(In):
    """What to change; null clears what can be empty."""

    title: Title = Field(default="", json_schema_extra=optional)
    description: Description = Field(default="", json_schema_extra=optional)
    tags: Tags = Field(default=[], json_schema_extra=optional)
    priority: Priority = Field(default=Priority.NORMAL, json_schema_extra=optional)
    assignee_id: uuid.UUID | None = Field(default=None, json_schema_extra=optional)
    due_on: Moment | None = Field(default=None, json_schema_extra=optional)


class TodoWanted(In):
    """Which todos. `tag` holds one or more, separated by commas; a todo with any of them fits."""

    scope: Literal["owned", "assigned", "all"] = "owned"
    status: Status | None = None
    priority: Priority | None = None
    tag: Annotated[Tags, BeforeValidator(_split, json_schema_input_type=str)] | None = None
    assignee: uuid.UUID | None = None
    due_before: Moment | None = None
    due_after: Moment | None = None
    overdue: bool | None = None
    q: Annotated[Line, Field(min_length=1, max_length=200)] | None = None


class TodoQuery(TodoWanted, PageQuery):
    """Which todos, in which order."""

    cursor: str | None = Field(default=None, max_length=200)
    order: ORDERS = "-created"


class TodoOut(BaseModel):
    """A todo."""

    model_config = ConfigDict(from_attributes=True)
    id: uuid.UUID
    owner_id: uuid.UUID
    assignee_id: uuid.UUID | None
    title: str
    description: str
    status: Status
    priority: Priority
    tags: list[str]
    due_on: datetime | None
    started_on: datetime | None
    completed_on: datetime | None
    created_on: datetime
    updated_on: datetime
    version: int


class TodoPage(Page[TodoOut]):
    """A page."""


class TagOut(BaseModel):
    """A tag of the caller's todos."""

    name: str
    todo_count: int


class TagList(BaseModel):
    """All of them, by name."""

    data: list[TagOut]
