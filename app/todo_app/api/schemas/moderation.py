"""Banned words and violations."""

import uuid
from datetime import datetime

from pydantic import BaseModel, Field

from todo_app.api.schemas.base import In, Page, Word
from todo_app.moderation.models import Kind, Severity


class WordIn(In):
    """A new word."""

    word: Word
    severity: Severity = Severity.MEDIUM
    kind: Kind = Kind.LITERAL


class WordOut(BaseModel):
    """A word of the list."""

    id: uuid.UUID
    word: str
    kind: Kind
    severity: Severity
    created_on: datetime


class WordPage(Page[WordOut]):
    """A page."""


class WordCount(BaseModel):
    """Violations containing this word."""

    word: str
    count: int


class UserViolations(BaseModel):
    """One user's part of the log."""

    user_id: uuid.UUID
    logs: list[WordCount]
    total: int


class ReportPage(Page[UserViolations]):
    """A page."""


class ReportQuery(In):
    """Which page of users."""

    cursor: uuid.UUID | None = None
    limit: int = Field(default=20, ge=1, le=100)


class ViolationOut(BaseModel):
    """One refused write."""

    id: uuid.UUID
    user_id: uuid.UUID
    username: str
    subject_id: uuid.UUID
    words: list[str]
    severity: Severity
    text: str
    spans: list[tuple[int, int]]
    words_version: int
    counted: bool
    created_on: datetime
