"""Reading the audit trail that the database's triggers write."""

import uuid
from typing import Any

from django.apps import apps
from django.db.models import F, QuerySet


def audit_rows(model: str, *, columns: tuple[str, ...], object_id: uuid.UUID | None) -> "QuerySet[Any, dict[str, Any]]":
    """A table's trail, newest first: what was done, when, by whom, and the columns after it (before, for a delete)."""
    rows: QuerySet[Any, Any] = apps.get_model(model)._default_manager.order_by("-pgh_id")  # noqa: SLF001 - Django's documented name
    told = {"id": F("pgh_id"), "on": F("pgh_created_at"), "change": F("pgh_label"), "object_id": F("pgh_obj_id")}
    chosen = rows.filter(pgh_obj_id=object_id) if object_id else rows
    return chosen.values(*columns, **told, context=F("pgh_context"))


def users_audit(*, user_id: uuid.UUID | None = None) -> "QuerySet[Any, dict[str, Any]]":
    """Roles and bans, of one user or of all."""
    columns = ("username", "role", "is_banned", "ban_reason", "banned_on", "banned_by_id")
    return audit_rows("accounts.UserAudit", columns=columns, object_id=user_id)
