"""Who may call what. Private is the default; a public endpoint names `Anyone`."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rest_framework.permissions import BasePermission

if TYPE_CHECKING:  # DRF's views read the settings, which name this module
    from rest_framework.request import Request
    from rest_framework.views import APIView


class Anyone(BasePermission):
    """Public on purpose."""


class SignedIn(BasePermission):
    """Any user who is not banned; the ban was judged when the token was."""

    def has_permission(self, request: Request, view: APIView) -> bool:
        """A token was sent."""
        return request.user is not None


class _Permitted(SignedIn):
    permission = ""

    def has_permission(self, request: Request, view: APIView) -> bool:
        """The user has the permission; admins have all."""
        return super().has_permission(request, view) and request.user.has_perm(self.permission)


class MayManageWords(_Permitted):
    """Changes the list of banned words."""

    permission = "moderation.manage_words"


class MayBan(_Permitted):
    """Reads the violation log, bans."""

    permission = "accounts.ban_user"
