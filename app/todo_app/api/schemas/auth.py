"""Tokens and the caller."""

import uuid
from datetime import datetime
from typing import Annotated

from pydantic import AfterValidator, BaseModel, Field, StringConstraints

from todo_app.accounts.scopes import Scope
from todo_app.accounts.services import TOKEN_LIFETIME, TOKEN_LIFETIME_MAX
from todo_app.api.schemas.base import In, Name, Page, storable


class SignIn(In):
    """Name and password."""

    username: Annotated[str, StringConstraints(min_length=1, max_length=150), AfterValidator(storable)]
    password: Annotated[str, StringConstraints(min_length=1, max_length=200), AfterValidator(storable)]
    name: Name = ""
    scopes: Annotated[list[Scope], Field(min_length=1, max_length=len(Scope))] | None = Field(
        default=None, description="Without it: all that the role of the account can use."
    )
    expires_in: int = Field(
        default=int(TOKEN_LIFETIME.total_seconds()),
        ge=60,
        le=int(TOKEN_LIFETIME_MAX.total_seconds()),
        description="Seconds until the token expires.",
    )


class TokenOut(BaseModel):
    """A token without its text."""

    id: uuid.UUID
    name: str
    created_on: datetime
    expires_on: datetime
    last_used_on: datetime | None
    revoked_on: datetime | None
    scopes: list[Scope]
    usable: bool


class TokenPage(Page[TokenOut]):
    """A page."""


class TokenIssued(BaseModel):
    """The only answer that holds a token's text."""

    token: str
    id: uuid.UUID
    expires_on: datetime
    scopes: list[Scope]


class Me(BaseModel):
    """The caller."""

    id: uuid.UUID
    username: str
    role: str
    violation_count: int
