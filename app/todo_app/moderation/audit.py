"""Reading the audit trail of the list of banned words."""

import uuid
from typing import Any

from django.db.models import QuerySet

from todo_app.accounts.audit import audit_rows


def words_audit(*, word_id: uuid.UUID | None = None) -> "QuerySet[Any, dict[str, Any]]":
    """Additions, changes and removals, of one word or of all."""
    return audit_rows("moderation.BannedWordAudit", columns=("word", "severity"), object_id=word_id)
