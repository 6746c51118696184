"""The audit trail."""

import uuid
from datetime import datetime
from typing import Any, Literal

from pydantic import BaseModel, Field

from todo_app.accounts.models import Role
from todo_app.api.schemas.base import In, Page
from todo_app.moderation.models import Severity


class AuditQuery(In):
    """Which rows."""

    object_id: uuid.UUID | None = None
    cursor: int | None = Field(default=None, ge=1, le=2**63 - 1)
    limit: int = Field(default=20, ge=1, le=100)


class AuditOut(BaseModel):
    """One change. `context` names actor, route and request, or the command; it is null for SQL from elsewhere."""

    id: int
    on: datetime
    change: Literal["insert", "update", "delete"]
    object_id: uuid.UUID
    context: dict[str, Any] | None


class UserAuditOut(AuditOut):
    """A change of a user."""

    username: str
    role: Role
    is_banned: bool
    ban_reason: str
    banned_on: datetime | None
    banned_by_id: uuid.UUID | None


class WordAuditOut(AuditOut):
    """A change of a banned word."""

    word: str
    severity: Severity


class UserAuditPage(Page[UserAuditOut]):
    """A page."""


class WordAuditPage(Page[WordAuditOut]):
    """A page."""
