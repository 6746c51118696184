"""The one place that every authentication path crosses: sign-in, session, token."""

from todo_app.accounts.models import User


class AccountBanned(Exception):
    """This user may not act; `reason` is for the user's eyes."""

    def __init__(self, *, reason: str) -> None:
        super().__init__("account banned")
        self.reason = reason


class TokenInvalid(Exception):
    """Unknown, forged, expired or revoked token; which of them is not told."""


def admit(user: User) -> User:
    """The user, if allowed to act. Raises AccountBanned."""
    if user.is_banned:
        raise AccountBanned(reason=user.ban_reason)
    return user
