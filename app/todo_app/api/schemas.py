"""Shapes of requests and answers. They parse; rules live in services and constraints."""

import uuid
from datetime import datetime
from typing import Annotated, Generic, Literal, TypeVar

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, StringConstraints

from todo_app.moderation.models import Severity
from todo_app.todos.models import Status

T = TypeVar("T")


def _storable(text: str) -> str:
    if "\x00" in text:
        raise ValueError("must not contain NUL characters")
    text.encode()  # a lone surrogate raises UnicodeEncodeError, which is a ValueError
    return text


Line = Annotated[str, StringConstraints(strip_whitespace=True), AfterValidator(_storable)]
Title = Annotated[Line, Field(min_length=1, max_length=200)]
Description = Annotated[Line, Field(max_length=10_000)]
Name = Annotated[Line, Field(max_length=100)]
Word = Annotated[Line, Field(min_length=1, max_length=100)]
Reason = Annotated[Line, Field(min_length=1, max_length=500)]


class In(BaseModel):
    """A body; unknown members are refused, so that a misspelt one is noticed."""

    model_config = ConfigDict(extra="forbid")


class PageQuery(In):
    """Which page."""

    cursor: str | None = Field(default=None, max_length=30)
    limit: int = Field(default=20, ge=1, le=100)


class Page(BaseModel, Generic[T]):
    """Rows and the cursor of the next page."""

    data: list[T]
    next: str | None


class ProblemOut(BaseModel):
    """RFC 9457."""

    model_config = ConfigDict(extra="allow")
    type: str
    title: str
    status: int
    detail: str | None = None


class SignIn(In):
    """Name and password."""

    username: Annotated[str, StringConstraints(min_length=1, max_length=150), AfterValidator(_storable)]
    password: Annotated[str, StringConstraints(min_length=1, max_length=200), AfterValidator(_storable)]
    name: Name = ""


class TokenOut(BaseModel):
    """A token without its text."""

    id: uuid.UUID
    name: str
    created_on: datetime
    expires_on: datetime
    last_used_on: datetime | None
    revoked_on: datetime | None


class TokenPage(Page[TokenOut]):
    """A page."""


class TokenIssued(BaseModel):
    """The only answer that holds a token's text."""

    token: str
    id: uuid.UUID
    expires_on: datetime


class Me(BaseModel):
    """The caller."""

    id: uuid.UUID
    username: str
    role: str
    violation_count: int


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


class WordIn(In):
    """A new word."""

    word: Word
    severity: Severity = Severity.MEDIUM


class WordOut(BaseModel):
    """A word of the list."""

    id: uuid.UUID
    word: str
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


class BanIn(In):
    """Whom, what, why."""

    user_ids: list[uuid.UUID] = Field(min_length=1, max_length=1000)
    action: Literal["ban", "unban", "toggle"]
    reason: Reason


class BanOut(BaseModel):
    """What became of each id; `refused` are oneself and the last admin."""

    changed: list[uuid.UUID]
    unchanged: list[uuid.UUID]
    not_found: list[uuid.UUID]
    refused: list[uuid.UUID]


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


class ReportQuery(In):
    """Which page of users."""

    cursor: uuid.UUID | None = None
    limit: int = Field(default=20, ge=1, le=100)
