"""The tables of accounts, one module per subject."""

from todo_app.accounts.models.credentials import ApiToken, ExternalIdentity
from todo_app.accounts.models.grants import GroupPermission, Membership, UserPermission
from todo_app.accounts.models.user import Role, User

__all__ = [
    "ApiToken",
    "ExternalIdentity",
    "GroupPermission",
    "Membership",
    "Role",
    "User",
    "UserPermission",
]
