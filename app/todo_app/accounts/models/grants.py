"""The trail of permissions and of memberships in groups: who may what is given by rows of three tables of Django.

The proxies carry the triggers of tables that have no model of ours.
"""

from typing import Any

import pghistory
from django.contrib.auth.models import Group
from django.db import models

from todo_app.accounts.models.user import User


def _trail(name: str, fields: list[str]) -> Any:  # noqa: ANN401 - a decorator that pghistory does not type
    """A row when one is given and when it is taken away; such rows never change."""
    return pghistory.track(
        pghistory.InsertEvent("given"),
        pghistory.DeleteEvent("taken"),
        fields=fields,
        model_name=name,
        context_field=pghistory.ContextJSONField(),
        context_id_field=None,  # type: ignore[arg-type]  # documented, typed too narrowly
        obj_field=None,
        attrs={"pgh_id": models.BigAutoField(primary_key=True)},
        append_only=True,
    )


@_trail("UserPermissionAudit", ["user", "permission"])
class UserPermission(User.user_permissions.through):  # type: ignore[misc,name-defined]  # a class made at run time
    """A permission of a user's own."""

    class Meta:
        """Django's table."""

        proxy = True


@_trail("MembershipAudit", ["user", "group"])
class Membership(User.groups.through):  # type: ignore[misc,name-defined]  # a class made at run time
    """A user in a group."""

    class Meta:
        """Django's table."""

        proxy = True


@_trail("GroupPermissionAudit", ["group", "permission"])
class GroupPermission(Group.permissions.through):  # type: ignore[misc,name-defined]  # a class made at run time
    """A permission that a group's members share."""

    class Meta:
        """Django's table."""

        proxy = True
