"""Users and bans."""

import uuid
from datetime import datetime
from typing import Literal

from pydantic import BaseModel, Field

from todo_app.accounts.models import Role
from todo_app.api.schemas.base import In, Reason


class UserOut(BaseModel):
    """A user, for those who may ban."""

    id: uuid.UUID
    username: str
    role: Role
    is_banned: bool
    ban_reason: str
    banned_on: datetime | None
    banned_by_id: uuid.UUID | None
    violation_count: int
    created_on: datetime
    updated_on: datetime


class BanIn(In):
    """Whom, what, why."""

    user_ids: list[uuid.UUID] = Field(min_length=1, max_length=10_000)
    action: Literal["ban", "unban", "toggle"]
    reason: Reason


class BanQuery(In):
    """How to answer."""

    download: Literal["0", "1"] = "0"


class BanOut(BaseModel):
    """What became of each id; `refused` are oneself, the last admin, and admins where the caller is none."""

    changed: list[uuid.UUID]
    unchanged: list[uuid.UUID]
    not_found: list[uuid.UUID]
    refused: list[uuid.UUID]
