"""What a token may be used for. A scope only narrows: the user's role and permissions are judged on each request."""

from collections.abc import Callable

from django.db import models


class Scope(models.TextChoices):
    """`<resource>:<read|write>`; the first part is what an endpoint names as its resource."""

    PROFILE_READ = "profile:read", "Read who the token speaks for"
    TOKENS_READ = "tokens:read", "List own tokens"
    TOKENS_WRITE = "tokens:write", "Revoke own tokens"
    TODOS_READ = "todos:read", "Read own todos and recurrences"
    TODOS_WRITE = "todos:write", "Change own todos and recurrences"
    WORDS_READ = "words:read", "Read the list of banned words"
    WORDS_WRITE = "words:write", "Change the list of banned words"
    VIOLATIONS_READ = "violations:read", "Read the log of violations and its reports"
    USERS_READ = "users:read", "Read users"
    USERS_WRITE = "users:write", "Ban and unban users"
    AUDIT_READ = "audit:read", "Read the audit trail"


RESOURCES = frozenset(scope.partition(":")[0] for scope in Scope.values)
FOR_USERS = frozenset({"profile", "tokens", "todos"})
PERMITTED = {
    "accounts.ban_user": frozenset({"users", "violations", "audit"}),
    "moderation.manage_words": frozenset({"words", "audit"}),
}


def scopes_of(*, may: Callable[[str], bool]) -> list[str]:
    """All that a token can be good for whose owner has the permissions that `may` knows; the choice without scopes."""
    resources = FOR_USERS.union(*(opened for permission, opened in PERMITTED.items() if may(permission)))
    return [scope for scope in Scope.values if scope.partition(":")[0] in resources]
