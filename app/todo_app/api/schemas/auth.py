"""Tokens and the caller."""

import uuid
from datetime import datetime
from typing import Annotated

from pydantic import AfterValidator, BaseModel, StringConstraints

from todo_app.api.schemas.base import In, Name, Page, storable


class SignIn(In):
    """Name and password."""

    username: Annotated[str, StringConstraints(min_length=1, max_length=150), AfterValidator(storable)]
    password: Annotated[str, StringConstraints(min_length=1, max_length=200), AfterValidator(storable)]
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
