"""Bans."""

import uuid
from typing import Literal

from pydantic import BaseModel, Field

from todo_app.api.schemas.base import In, Reason


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
