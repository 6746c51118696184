"""Facts about accounts."""

from uuid import UUID

from todo_app.outbox.facts import Fact, fact_register


class UserBanned(Fact):
    """A user was banned; `by` is null when the threshold did it."""

    id: UUID
    by: UUID | None


class UserUnbanned(Fact):
    """A ban was lifted."""

    id: UUID
    by: UUID
    reason: str


fact_register(type="user.banned", data=UserBanned)
fact_register(type="user.unbanned", data=UserUnbanned)
