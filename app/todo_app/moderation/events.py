"""Facts about moderation."""

from uuid import UUID

from todo_app.outbox.facts import Fact, fact_register


class ViolationRecorded(Fact):
    """A write was refused for its text; `words` are the listed words it holds."""

    id: UUID
    user_id: UUID
    words: list[str]
    counted: bool


fact_register(type="violation.recorded", data=ViolationRecorded)
