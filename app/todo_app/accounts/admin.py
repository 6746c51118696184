"""Users and tokens in /admin. Bans have their own form, because they need a reason."""

from typing import ClassVar

from django.contrib import admin
from django.contrib.auth.admin import UserAdmin as DjangoUserAdmin
from django.contrib.auth.models import Group
from unfold.forms import AdminPasswordChangeForm, UserChangeForm, UserCreationForm

from todo_app.accounts.models import ApiToken, User
from todo_app.common.admin_site import LogAdmin, TableAdmin

admin.site.unregister(Group)


class NewUserForm(UserCreationForm):  # type: ignore[misc]  # unfold has no types
    """Name, password and role."""

    class Meta:
        """Our model."""

        model = User
        fields = ("username", "role")


@admin.register(User)
class UserAdmin(TableAdmin, DjangoUserAdmin):  # type: ignore[type-arg]  # generic in the stubs only
    """Ban columns are read-only here; the moderation desk and the API change them."""

    form = UserChangeForm
    add_form = NewUserForm
    change_password_form = AdminPasswordChangeForm
    list_display = ("username", "role", "is_banned", "violation_count", "created_on")
    list_filter = ("role", "is_banned")
    search_fields = ("username",)
    ordering = ("username",)
    filter_horizontal = ()
    readonly_fields = (
        "is_banned",
        "ban_reason",
        "banned_on",
        "banned_by",
        "violation_count",
        "created_on",
        "updated_on",
    )
    fieldsets: ClassVar = (
        (None, {"fields": ("username", "password", "role")}),
        ("Moderation", {"fields": ("is_banned", "ban_reason", "banned_on", "banned_by", "violation_count")}),
        ("Times", {"fields": ("created_on", "updated_on")}),
    )
    add_fieldsets = ((None, {"fields": ("username", "role", "password1", "password2")}),)


@admin.register(ApiToken)
class ApiTokenAdmin(LogAdmin):
    """Read-only; only the hash exists."""

    list_display = ("name", "user", "created_on", "expires_on", "last_used_on", "revoked_on")
    list_select_related = ("user",)
    search_fields = ("name", "user__username")
    ordering = ("-id",)
    exclude = ("digest",)
