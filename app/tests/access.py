"""Who may do what: every route and method of the service, declared once.

Columns: nobody, the owner of the object in the address, another user, a banned user, an administrator, a user with
`moderation.manage_words`, a user who has `accounts.ban_user` by a group. A number is the status; the last three are
other users where objects are private, so private things are 404 for them as well.

Three more columns follow from a rule. An expired and a forged token are 401 everywhere. A token with every scope but
the needed one is 403, except where nobody at all is let in.
"""

from collections.abc import Callable

from django.contrib.auth.models import Group, Permission

from todo_app.accounts.models import Role, User

ROLES = ("anon", "user", "other", "banned", "admin", "keeper", "moderator")
PERMISSIONS = {"keeper": "moderation.manage_words", "moderator": "accounts.ban_user"}
KEY = "<uuid:key>"
WORDS_READ = (401, 403, 403, 403, 200, 200, 403)
USERS_READ = (401, 403, 403, 403, 200, 403, 200)

# what a token's scope must name for the routes that begin so; `:read` for GET, `:write` for every other method
RESOURCES = {
    "api/v1/auth/tokens": "tokens",
    "api/v1/auth/me": "profile",
    "api/v1/todos": "todos",
    "api/v1/recurrences": "todos",
    "api/v1/banned-words": "words",
    "api/v1/violations": "violations",
    "api/v1/users": "users",
    "api/v1/audit": "audit",
}


def scope_of(route: str, method: str) -> str:
    """The scope a token needs here. Raises StopIteration for an undeclared route."""
    resource = next(name for prefix, name in RESOURCES.items() if route.startswith(prefix))
    return f"{resource}:{'read' if method == 'GET' else 'write'}"


CSV = {("api/v1/banned-words/import", "POST")}  # all other bodies are JSON


def media_type(route: str, method: str) -> str:
    """Of the body that is sent."""
    return "text/csv" if (route, method) in CSV else "application/json"


API: dict[tuple[str, str], tuple[int, int, int, int, int, int, int]] = {
    ("api/v1/auth/tokens", "POST"): (201, 201, 201, 403, 201, 201, 201),
    ("api/v1/auth/tokens", "GET"): (401, 200, 200, 403, 200, 200, 200),
    (f"api/v1/auth/tokens/{KEY}", "DELETE"): (401, 204, 404, 403, 404, 404, 404),
    ("api/v1/auth/me", "GET"): (401, 200, 200, 403, 200, 200, 200),
    ("api/v1/todos", "GET"): (401, 200, 200, 403, 200, 200, 200),
    ("api/v1/todos", "POST"): (401, 201, 201, 403, 201, 201, 201),
    ("api/v1/todos/export", "GET"): (401, 200, 200, 403, 200, 200, 200),
    ("api/v1/todos/tags", "GET"): (401, 200, 200, 403, 200, 200, 200),
    (f"api/v1/todos/{KEY}", "GET"): (401, 200, 404, 403, 404, 404, 404),
    (f"api/v1/todos/{KEY}", "PATCH"): (401, 200, 404, 403, 404, 404, 404),
    (f"api/v1/todos/{KEY}", "DELETE"): (401, 204, 404, 403, 404, 404, 404),
    (f"api/v1/todos/{KEY}/start", "POST"): (401, 200, 404, 403, 404, 404, 404),
    (f"api/v1/todos/{KEY}/complete", "POST"): (401, 200, 404, 403, 404, 404, 404),
    (f"api/v1/todos/{KEY}/reopen", "POST"): (401, 409, 404, 403, 404, 404, 404),
    (f"api/v1/todos/{KEY}/cancel", "POST"): (401, 200, 404, 403, 404, 404, 404),
    ("api/v1/recurrences", "GET"): (401, 200, 200, 403, 200, 200, 200),
    ("api/v1/recurrences", "POST"): (401, 201, 201, 403, 201, 201, 201),
    (f"api/v1/recurrences/{KEY}", "GET"): (401, 200, 404, 403, 404, 404, 404),
    (f"api/v1/recurrences/{KEY}", "PATCH"): (401, 200, 404, 403, 404, 404, 404),
    (f"api/v1/recurrences/{KEY}", "DELETE"): (401, 204, 404, 403, 404, 404, 404),
    (f"api/v1/recurrences/{KEY}/pause", "POST"): (401, 200, 404, 403, 404, 404, 404),
    (f"api/v1/recurrences/{KEY}/resume", "POST"): (401, 200, 404, 403, 404, 404, 404),
    (f"api/v1/recurrences/{KEY}/occurrences", "GET"): (401, 200, 404, 403, 404, 404, 404),
    ("api/v1/banned-words", "GET"): WORDS_READ,
    ("api/v1/banned-words", "POST"): (401, 403, 403, 403, 201, 201, 403),
    ("api/v1/banned-words/export", "GET"): WORDS_READ,
    ("api/v1/banned-words/import", "POST"): (401, 403, 403, 403, 200, 200, 403),
    (f"api/v1/banned-words/{KEY}", "DELETE"): (401, 403, 403, 403, 204, 204, 403),
    ("api/v1/violations", "GET"): USERS_READ,
    ("api/v1/violations/days", "GET"): USERS_READ,
    ("api/v1/violations/words", "GET"): USERS_READ,
    (f"api/v1/violations/users/{KEY}", "GET"): USERS_READ,
    (f"api/v1/violations/{KEY}", "GET"): USERS_READ,
    ("api/v1/users/ban", "POST"): (401, 403, 403, 403, 200, 403, 200),
    (f"api/v1/users/{KEY}", "GET"): USERS_READ,
    ("api/v1/audit/users", "GET"): USERS_READ,
    ("api/v1/audit/words", "GET"): WORDS_READ,
}
# pages use sessions: nobody is sent to the sign-in page, a banned user gets 403 wherever it goes
PAGES: dict[tuple[str, str], tuple[int, int, int, int, int, int, int]] = {
    ("", "GET"): (302, 200, 200, 403, 200, 200, 200),
    ("", "POST"): (302, 302, 302, 403, 302, 302, 302),
    (f"todos/{KEY}", "GET"): (302, 200, 404, 403, 404, 404, 404),
    (f"todos/{KEY}", "POST"): (302, 302, 404, 403, 404, 404, 404),
    (f"todos/{KEY}/<str:action>", "POST"): (302, 302, 302, 403, 302, 302, 302),
    ("recurrences", "GET"): (302, 200, 200, 403, 200, 200, 200),
    ("recurrences", "POST"): (302, 302, 302, 403, 302, 302, 302),
    (f"recurrences/{KEY}/<str:action>", "POST"): (302, 302, 302, 403, 302, 302, 302),
    ("sign-in", "GET"): (200, 200, 200, 403, 200, 200, 200),
    ("sign-in", "POST"): (302, 302, 302, 403, 302, 302, 302),
    ("sign-out", "POST"): (302, 302, 302, 403, 302, 302, 302),
    ("oidc/sign-in", "GET"): (404, 404, 404, 403, 404, 404, 404),  # the tests' service has no provider
    ("oidc/callback", "GET"): (404, 404, 404, 403, 404, 404, 404),
    ("password", "GET"): (302, 200, 200, 403, 200, 200, 200),
    ("password", "POST"): (302, 302, 302, 403, 302, 302, 302),
    ("moderation", "GET"): (302, 403, 403, 403, 200, 403, 200),
    ("moderation/words", "GET"): (302, 403, 403, 403, 200, 200, 403),
    ("moderation/words", "POST"): (302, 403, 403, 403, 302, 302, 403),
    (f"moderation/words/{KEY}/delete", "POST"): (302, 403, 403, 403, 302, 302, 403),
    (f"moderation/users/{KEY}", "GET"): (302, 403, 403, 403, 200, 403, 200),
    (f"moderation/users/{KEY}/ban", "POST"): (302, 403, 403, 403, 302, 403, 302),
    ("healthz", "GET"): (200, 200, 200, 403, 200, 200, 200),
    ("readyz", "GET"): (200, 200, 200, 403, 200, 200, 200),
}
PUBLIC = {("api/v1/auth/tokens", "POST"), ("sign-in", "GET"), ("sign-in", "POST"), ("sign-out", "POST")}
PUBLIC |= {("healthz", "GET"), ("readyz", "GET")}


def cast_made(make_user: Callable[..., User]) -> dict[str, User]:
    """One user for each role that is somebody; one permission is given directly, the other by a group."""
    cast = {name: make_user(role=Role.ADMIN if name == "admin" else Role.USER) for name in ROLES[1:]}
    cast["keeper"].user_permissions.add(permission(PERMISSIONS["keeper"]))
    group = Group.objects.create(name=f"of {cast['moderator'].username}")
    group.permissions.add(permission(PERMISSIONS["moderator"]))
    cast["moderator"].groups.add(group)
    return cast


def permission(name: str) -> Permission:
    """By the name `has_perm` takes."""
    app, codename = name.split(".")
    return Permission.objects.get(content_type__app_label=app, codename=codename)
