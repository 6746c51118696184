"""Reports on violations."""

from datetime import date
from typing import Self

from pydantic import BaseModel, Field, model_validator

from todo_app.api.schemas.base import In, Page, PageQuery, Word
from todo_app.api.schemas.moderation import ViolationOut

DAYS_MAX = 366


class UserLogQuery(PageQuery):
    """Which violations of one user."""

    word: Word | None = None


class UserLogPage(Page[ViolationOut]):
    """A page."""


class DaysQuery(In):
    """Which days (UTC), both included."""

    first: date
    last: date

    @model_validator(mode="after")
    def in_order(self) -> Self:
        """At most a year."""
        if not 0 <= (self.last - self.first).days < DAYS_MAX:
            raise ValueError(f"last must be first or up to {DAYS_MAX - 1} days later")
        return self


class DaySeriesQuery(DaysQuery):
    """Of which word; all violations without one."""

    word: Word | None = None


class DayCountOut(BaseModel):
    """Violations of one day (UTC)."""

    day: date
    count: int


class DaySeries(BaseModel):
    """Days without violations are left out."""

    data: list[DayCountOut]


class WordSeriesQuery(DaysQuery):
    """How many words."""

    limit: int = Field(default=20, ge=1, le=100)


class WordCountOut(BaseModel):
    """Violations holding this word."""

    word: str
    count: int


class WordSeries(BaseModel):
    """The most frequent first."""

    data: list[WordCountOut]
