"""What all shapes share. They parse; rules live in services and constraints."""

from typing import Annotated, Generic, TypeVar

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, StringConstraints

T = TypeVar("T")


def storable(text: str) -> str:
    """Text PostgreSQL can store. Raises ValueError."""
    if "\x00" in text:
        raise ValueError("must not contain NUL characters")
    text.encode()  # a lone surrogate raises UnicodeEncodeError, which is a ValueError
    return text


Line = Annotated[str, StringConstraints(strip_whitespace=True), AfterValidator(storable)]
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
