"""Who may call what. Private is the default; a public endpoint names `Anyone`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol, cast

from rest_framework.permissions import BasePermission

if TYPE_CHECKING:  # DRF's views read the settings, which name this module
    from rest_framework.request import Request
    from rest_framework.views import APIView


class ScopeMissing(Exception):
    """The token may not be used for this; `scope` is what it lacks."""

    def __init__(self, *, scope: str) -> None:
        super().__init__(scope)
        self.scope = scope


class _Asked(Protocol):
    """What is asked of an endpoint here."""

    def method_asked(self, request: Request) -> object | None:
        """What will run, if anything."""


class Anyone(BasePermission):
    """Public on purpose."""


READING = frozenset({"GET", "HEAD"})


def scope_needed(view: APIView, method: str | None) -> str:
    """`<resource>:read` or `<resource>:write`; empty, which no token has, where the view names no resource."""
    resource = getattr(view, "resource", "")
    return f"{resource}:{'read' if method in READING else 'write'}" if resource else ""


class SignedIn(BasePermission):
    """Any user who is not banned, with a token for this resource; the ban was judged when the token was."""

    def has_permission(self, request: Request, view: APIView) -> bool:
        """A token was sent, and it has the scope. Raises ScopeMissing."""
        if request.user is None:
            return False
        if cast("_Asked", view).method_asked(request) is None:
            return True  # nothing will run: 405 follows
        scope = scope_needed(view, request.method)
        if scope not in getattr(request.auth, "scopes", ()):
            raise ScopeMissing(scope=scope)
        return True


class _Permitted(SignedIn):
    permission = ""

    def has_permission(self, request: Request, view: APIView) -> bool:
        """The user has the permission, admins have all; then the token's scope counts."""
        if request.user is None or not request.user.has_perm(self.permission):
            return False
        return super().has_permission(request, view)


class MayManageWords(_Permitted):
    """Changes the list of banned words."""

    permission = "moderation.manage_words"


class MayBan(_Permitted):
    """Reads the violation log, bans."""

    permission = "accounts.ban_user"
