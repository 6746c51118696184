"""Users and their API tokens."""

from __future__ import annotations

from typing import Any, ClassVar

from django.contrib.auth.base_user import AbstractBaseUser
from django.contrib.auth.models import BaseUserManager, PermissionsMixin
from django.db import models
from django.db.models.functions import Lower

from todo_app.common.models import BaseModel, EventfulQuerySet, Row


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


class User(BaseModel, AbstractBaseUser, PermissionsMixin):
    """Somebody with an account. The columns of a ban agree by constraint."""

    username = models.CharField(max_length=150, unique=True)
    role = models.CharField(max_length=10, choices=Role, default=Role.USER)
    is_banned = models.BooleanField(default=False)
    ban_reason = models.CharField(max_length=500, blank=True, default="")
    banned_on = models.DateTimeField(null=True, blank=True)
    banned_by = models.ForeignKey("self", null=True, blank=True, on_delete=models.PROTECT, related_name="bans_given")
    violation_count = models.PositiveIntegerField(default=0, help_text="Counted violations since the last unban.")

    last_login = None  # the sign-in time is in the log; here it would be a write and an event at each sign-in
    words_version: int | None = None  # annotated by the request's one user query

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

    def __str__(self) -> str:
        """The sign-in name."""
        return self.username

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
        """Admins may everything; others what a group gives them."""
        return (self.is_active and self.is_admin) or super().has_perm(perm, obj)

    def has_module_perms(self, app_label: str) -> bool:
        """Admins see every app."""
        return (self.is_active and self.is_admin) or super().has_module_perms(app_label)


class ApiToken(Row):
    """A bearer token. Its text is shown once; only the SHA-256 of 256 random bits is stored."""

    user = models.ForeignKey(User, on_delete=models.CASCADE, related_name="tokens")
    name = models.CharField(max_length=100, blank=True, default="")
    digest = models.BinaryField(max_length=32, unique=True, editable=False)
    expires_on = models.DateTimeField()
    last_used_on = models.DateTimeField(null=True, blank=True)
    revoked_on = models.DateTimeField(null=True, blank=True)

    class Meta:
        """A user's tokens are listed newest first."""

        indexes = [models.Index(fields=["user", "-id"], name="token_by_user")]
        constraints = [
            models.CheckConstraint(
                condition=models.Q(expires_on__gt=models.F("created_on")), name="token_expires_later"
            )
        ]

    def __str__(self) -> str:
        """The name its owner gave it."""
        return self.name or str(self.pk)
