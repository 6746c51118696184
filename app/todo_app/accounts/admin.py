"""Users and tokens in /admin. Bans have their own form, because they need a reason."""

from functools import reduce
from operator import or_
from typing import Any, ClassVar, cast

from django.apps import apps
from django.contrib import admin, messages
from django.contrib.auth.admin import GroupAdmin as DjangoGroupAdmin
from django.contrib.auth.admin import UserAdmin as DjangoUserAdmin
from django.contrib.auth.models import Group, Permission
from django.db.models import Count, Q, QuerySet
from django.http import HttpRequest, HttpResponse
from django.utils import timezone
from unfold.admin import ModelAdmin
from unfold.forms import AdminPasswordChangeForm, UserChangeForm, UserCreationForm
from unfold.widgets import UnfoldAdminCheckboxSelectMultipleWidget

from todo_app.accounts.bans import REFUSED, Action, users_ban
from todo_app.accounts.models import ApiToken, ExternalIdentity, User
from todo_app.accounts.scopes import PERMITTED
from todo_app.accounts.services import token_revoke
from todo_app.common.admin_site import LogAdmin, TableAdmin, done

admin.site.unregister(Group)


class NewUserForm(UserCreationForm):  # type: ignore[misc]  # unfold has no types
    """Name, password and role."""

    class Meta:
        """Our model."""

        model = User
        fields = ("username", "role")


class PermittedMixin:
    """Offers the permissions that the service judges; Django's others open /admin, which is for the role alone."""

    def formfield_for_manytomany(self, db_field: Any, request: HttpRequest, **kwargs: Any) -> Any:  # noqa: ANN401 - Django's signature
        """Two boxes instead of a hundred lines."""
        if db_field.remote_field.model is Permission:
            judged = [Q(content_type__app_label=app, codename=name) for app, name in map(_parted, PERMITTED)]
            kwargs["queryset"] = Permission.objects.filter(reduce(or_, judged)).order_by("codename")
            kwargs["widget"] = UnfoldAdminCheckboxSelectMultipleWidget
        return super().formfield_for_manytomany(db_field, request, **kwargs)  # type: ignore[misc]  # a mixin before ModelAdmin


def _parted(name: str) -> list[str]:
    return name.split(".")


@admin.register(User)
class UserAdmin(PermittedMixin, TableAdmin, DjangoUserAdmin):  # type: ignore[type-arg]  # generic in the stubs only
    """Ban columns are read-only here; the moderation desk and the API change them."""

    form = UserChangeForm
    add_form = NewUserForm
    change_password_form = AdminPasswordChangeForm
    list_display = ("username", "role", "is_banned", "violation_count", "created_on")
    list_filter = ("role", "is_banned")
    search_fields = ("username",)
    ordering = ("username",)
    filter_horizontal = ()
    autocomplete_fields = ("groups",)
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
        ("Permissions", {"fields": ("groups", "user_permissions")}),
        ("Moderation", {"fields": ("is_banned", "ban_reason", "banned_on", "banned_by", "violation_count")}),
        ("Times", {"fields": ("created_on", "updated_on")}),
    )
    add_fieldsets = ((None, {"fields": ("username", "role", "password1", "password2")}),)
    actions = ("ban", "unban")

    def has_ban_permission(self, request: HttpRequest) -> bool:
        """As in the API."""
        return request.user.has_perm("accounts.ban_user")

    @admin.action(description="Ban", permissions=["ban"])
    def ban(self, request: HttpRequest, rows: QuerySet[User]) -> HttpResponse | None:
        """With a reason, which the users read."""
        return self._turn(request, rows, action="ban")

    @admin.action(description="Lift the ban", permissions=["ban"])
    def unban(self, request: HttpRequest, rows: QuerySet[User]) -> HttpResponse | None:
        """With a reason; the count of violations starts anew."""
        return self._turn(request, rows, action="unban")

    def _turn(self, request: HttpRequest, rows: QuerySet[User], *, action: Action) -> HttpResponse | None:
        title = "Ban" if action == "ban" else "Lift the ban"
        reason = self.reason_given(request, rows, title=title, danger=action == "ban")
        if isinstance(reason, HttpResponse):
            return reason
        chosen = {user.pk: user for user in rows}
        actor = cast(User, request.user)
        outcome = users_ban(user_ids=list(chosen), action=action, reason=reason, actor=actor, now=timezone.now())
        for key in outcome.changed:
            self.log_change(request, chosen[key], f"{title}: {reason}")
        if outcome.refused:
            messages.warning(request, REFUSED)
        return done(request, what=title, count=len(outcome.changed), of=len(chosen))


@admin.register(Group)
class GroupAdmin(PermittedMixin, DjangoGroupAdmin, ModelAdmin):  # type: ignore[misc]  # unfold has no types
    """What its members may: ban users, manage words."""

    list_display = ("name", "member_count")
    filter_horizontal = ()

    def get_queryset(self, request: HttpRequest) -> QuerySet[Group]:
        """With the number of members, in the same query."""
        return super().get_queryset(request).annotate(members=Count("user"))

    @admin.display(description="Members", ordering="members")
    def member_count(self, group: Group) -> int:
        """Counted by the list's query."""
        return group.members  # type: ignore[attr-defined,no-any-return]  # annotated above


@admin.register(ApiToken)
class ApiTokenAdmin(LogAdmin):
    """Read-only; only the hash exists."""

    list_display = ("name", "user", "created_on", "expires_on", "last_used_on", "revoked_on")
    list_select_related = ("user",)
    search_fields = ("name", "user__username")
    ordering = ("-id",)
    list_filter = (("revoked_on", admin.EmptyFieldListFilter),)
    exclude = ("digest",)
    actions = ("revoke",)

    def has_revoke_permission(self, request: HttpRequest) -> bool:
        """Whoever may change tokens."""
        return request.user.has_perm("accounts.change_apitoken")

    @admin.action(description="Revoke", permissions=["revoke"])
    def revoke(self, request: HttpRequest, rows: QuerySet[ApiToken]) -> HttpResponse | None:
        """With a reason; refused from the next request on."""
        reason = self.reason_given(request, rows, title="Revoke")
        if isinstance(reason, HttpResponse):
            return reason
        chosen, now = list(rows.select_related("user")), timezone.now()
        revoked = [token for token in chosen if token_revoke(user=token.user, key=token.pk, now=now)]
        for token in revoked:
            self.log_change(request, token, f"Revoke: {reason}")
        return done(request, what="Revoke", count=len(revoked), of=len(chosen))


@admin.register(apps.get_model("accounts", "UserAudit"))
class UserAuditAdmin(LogAdmin):
    """The trail of roles and bans, which triggers write."""

    list_display = ("pgh_created_at", "pgh_label", "username", "role", "is_banned", "ban_reason")
    list_filter = ("pgh_label", "role", "is_banned")
    search_fields = ("username", "ban_reason")
    ordering = ("-pgh_id",)


class GrantAuditAdmin(LogAdmin):
    """The trail of permissions, which triggers write."""

    list_filter = ("pgh_label",)
    ordering = ("-pgh_id",)


@admin.register(apps.get_model("accounts", "UserPermissionAudit"))
class UserPermissionAuditAdmin(GrantAuditAdmin):
    """Permissions of users' own."""

    list_display = ("pgh_created_at", "pgh_label", "user", "permission", "pgh_context")
    list_select_related = ("user", "permission__content_type")
    search_fields = ("user__username", "permission__codename")


@admin.register(apps.get_model("accounts", "MembershipAudit"))
class MembershipAuditAdmin(GrantAuditAdmin):
    """Users in groups."""

    list_display = ("pgh_created_at", "pgh_label", "user", "group", "pgh_context")
    list_select_related = ("user", "group")
    search_fields = ("user__username", "group__name")


@admin.register(apps.get_model("accounts", "GroupPermissionAudit"))
class GroupPermissionAuditAdmin(GrantAuditAdmin):
    """Permissions of groups."""

    list_display = ("pgh_created_at", "pgh_label", "group", "permission", "pgh_context")
    list_select_related = ("group", "permission__content_type")
    search_fields = ("group__name", "permission__codename")


@admin.register(ExternalIdentity)
class ExternalIdentityAdmin(LogAdmin):
    """Whom an identity provider means."""

    list_display = ("user", "issuer", "subject", "created_on")
    list_select_related = ("user",)
    list_filter = ("issuer",)
    search_fields = ("user__username", "subject")
    ordering = ("-id",)
