"""Todos."""

import uuid
from datetime import datetime

from pydantic import BaseModel, ConfigDict

from todo_app.api.schemas.base import Description, In, Page, PageQuery, Title
from todo_app.todos.models import Status


class TodoIn(In):
    """A new todo."""

    title: Title
    description: Description = ""


class TodoPatch(In):
    """What to change."""

    title: Title | None = None
    description: Description | None = None


class TodoQuery(PageQuery):
    """Which todos."""

    status: Status | None = None


class TodoOut(BaseModel):
    """A todo."""

    model_config = ConfigDict(from_attributes=True)
    id: uuid.UUID
    title: str
    description: str
    status: Status
    started_on: datetime | None
    completed_on: datetime | None
    created_on: datetime
    updated_on: datetime
    version: int


class TodoPage(Page[TodoOut]):
    """A page."""
