"""Users, their roles and bans."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, ClassVar

import pghistory
import pgtrigger
from django.contrib.auth.base_user import AbstractBaseUser
from django.contrib.auth.models import BaseUserManager, PermissionsMixin
from django.core.exceptions import ValidationError
from django.db import models
from django.db.models.functions import Lower
from django.utils import timezone
from django.utils.crypto import salted_hmac

from todo_app.common.models import BaseModel, EventfulQuerySet

ENDS_ACCESS = ("password", "role", "is_banned")  # a change of one of these ends all sessions and tokens


class Role(models.TextChoices):
    """What a user is for."""

    ADMIN = "admin", "Administrator"
    USER = "user", "User"


class UserManager(BaseUserManager["User"].from_queryset(EventfulQuerySet["User"])):  # type: ignore[misc]  # a class made at run time is what Django documents here
    """Makes users with a hashed password."""

    def create_user(self, username: str, password: str | None = None, **fields: Any) -> User:  # noqa: ANN401 - any column
        """A user that may sign in; without a password it may only use tokens."""
        user = User(username=User.normalize_username(username), **fields)
        user.set_password(password)
        user.save()
        return user

    def create_superuser(self, username: str, password: str | None = None, **fields: Any) -> User:  # noqa: ANN401 - any column
        """What `manage.py createsuperuser` calls."""
        return self.create_user(username, password, role=Role.ADMIN, **fields)


AUDITED = ("username", "role", "is_superuser", "is_banned", "ban_reason", "banned_on", "banned_by")


@pghistory.track(
    pghistory.InsertEvent(),
    pghistory.UpdateEvent(condition=pghistory.AnyChange(*AUDITED)),
    pghistory.DeleteEvent(),
    fields=list(AUDITED),
    model_name="UserAudit",
    context_field=pghistory.ContextJSONField(),
    context_id_field=None,  # type: ignore[arg-type]  # documented, typed too narrowly
    obj_field=pghistory.ObjForeignKey(related_name="audit"),
    attrs={"pgh_id": models.BigAutoField(primary_key=True)},
    append_only=True,
)
class User(BaseModel, AbstractBaseUser, PermissionsMixin):
    """Somebody with an account. The columns of a ban agree by constraint."""

    username = models.CharField(max_length=150, unique=True)
    role = models.CharField(max_length=10, choices=Role, default=Role.USER)
    is_banned = models.BooleanField(default=False)
    ban_reason = models.CharField(max_length=500, blank=True, default="")
    banned_on = models.DateTimeField(null=True, blank=True)
    banned_by = models.ForeignKey("self", null=True, blank=True, on_delete=models.PROTECT, related_name="bans_given")
    violation_count = models.PositiveIntegerField(default=0, help_text="Counted violations since the last unban.")
    session_epoch = models.PositiveIntegerField(default=0, db_default=0, editable=False)
    access_from = models.DateTimeField(
        null=True, blank=True, editable=False, help_text="Tokens of an identity provider issued before are refused."
    )

    last_login = None  # the sign-in time is in the log; here it would be a write and an event at each sign-in
    words_version: int | None = None  # annotated by the request's one user query
    # permissions that were read with the user of a session, its own and its groups'
    own_permissions: Sequence[str] | None = None
    group_permissions: Sequence[str] | None = None

    objects: ClassVar[UserManager] = UserManager()

    USERNAME_FIELD = "username"
    REQUIRED_FIELDS: ClassVar[list[str]] = []

    class Meta:
        """No ordering: every query names its own."""

        permissions = [("ban_user", "Can ban and unban users")]
        constraints = [
            models.UniqueConstraint(Lower("username"), name="user_username_any_case"),
            models.CheckConstraint(condition=models.Q(role__in=[role.value for role in Role]), name="user_role_known"),
            models.CheckConstraint(
                condition=models.Q(is_banned=False, ban_reason="", banned_on__isnull=True, banned_by__isnull=True)
                | (models.Q(is_banned=True, banned_on__isnull=False) & ~models.Q(ban_reason="")),
                name="user_ban_agrees",
            ),
        ]
        triggers = [
            # save() does the same; this is for raw SQL
            pgtrigger.Trigger(
                name="end_access",
                when=pgtrigger.Before,
                operation=pgtrigger.Update,
                condition=pgtrigger.AnyChange(*ENDS_ACCESS),
                func="IF NEW.session_epoch = OLD.session_epoch THEN"
                " NEW.session_epoch := OLD.session_epoch + 1; NEW.access_from := now(); END IF; RETURN NEW;",
            )
        ]

    def __str__(self) -> str:
        """The sign-in name."""
        return self.username

    def save(self, **options: Any) -> None:  # noqa: ANN401 - BaseModel's options, passed on
        """Whatever ends access also moves the epoch that sessions and tokens were made in."""
        changed = [] if self._state.adding else self.changed_fields
        if any(name in changed for name in ENDS_ACCESS) and "session_epoch" not in changed:
            self.session_epoch += 1
            if "access_from" not in changed:
                self.access_from = timezone.now()
            if options.get("update_fields") is not None:
                options["update_fields"] = {*options["update_fields"], "session_epoch", "access_from"}
        super().save(**options)

    def clean(self) -> None:
        """For forms: somebody must be left who can administer."""
        super().clean()
        if not self._state.adding and "role" in self.changed_fields and not self.is_admin:
            others = User.objects.filter(role=Role.ADMIN, is_banned=False).exclude(pk=self.pk)
            if not others.exists():
                raise ValidationError({"role": "This is the last administrator."})

    def _get_session_auth_hash(self, secret: str | bytes | None = None) -> str:
        """What a session must carry; another epoch makes another one."""
        salt = "todo_app.accounts.models.User.session"
        text = f"{self.session_epoch}:{self.password}"
        return salted_hmac(salt, text, secret=secret, algorithm="sha256").hexdigest()

    @property
    def is_active(self) -> bool:  # type: ignore[override]  # Django declares an attribute; code that only knows is_active must refuse banned users too (T-34)
        """Not banned."""
        return not self.is_banned

    @property
    def is_admin(self) -> bool:
        """Has the role admin."""
        return self.role == Role.ADMIN

    @property
    def is_staff(self) -> bool:
        """May open /admin."""
        return self.is_admin

    def has_perm(self, perm: str, obj: Any = None) -> bool:  # noqa: ANN401 - Django's signature
        """Admins may everything; others what they or a group of theirs are given."""
        return (self.is_active and self.is_admin) or super().has_perm(perm, obj)

    def has_module_perms(self, app_label: str) -> bool:
        """Admins see every app."""
        return (self.is_active and self.is_admin) or super().has_module_perms(app_label)
