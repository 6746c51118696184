"""What shows who somebody is: API tokens, and subjects of an identity provider."""

from django.contrib.postgres.fields import ArrayField
from django.db import models

from todo_app.accounts.models.user import User
from todo_app.accounts.scopes import Scope
from todo_app.common.models import Row


class ExternalIdentity(Row):
    """Whom an identity provider means by a subject."""

    user = models.ForeignKey(User, on_delete=models.CASCADE, related_name="identities")
    issuer = models.CharField(max_length=500)
    subject = models.CharField(max_length=255)

    class Meta:
        """A subject is one user for ever."""

        verbose_name_plural = "external identities"
        constraints = [models.UniqueConstraint(fields=["issuer", "subject"], name="identity_once")]

    def __str__(self) -> str:
        """Subject at issuer."""
        return f"{self.subject} at {self.issuer}"


class ApiToken(Row):
    """A bearer token. Its text is shown once; only the SHA-256 of 256 random bits is stored."""

    user = models.ForeignKey(User, on_delete=models.CASCADE, related_name="tokens")
    name = models.CharField(max_length=100, blank=True, default="")
    digest = models.BinaryField(max_length=32, unique=True, editable=False)
    # tokens made before there were scopes could do everything, and still can
    scopes = ArrayField(models.CharField(max_length=30, choices=Scope), db_default=Scope.values)
    epoch = models.PositiveIntegerField(db_default=0, editable=False, help_text="The user's session epoch at issue.")
    expires_on = models.DateTimeField()
    last_used_on = models.DateTimeField(null=True, blank=True)
    revoked_on = models.DateTimeField(null=True, blank=True)

    class Meta:
        """A user's tokens are listed newest first."""

        indexes = [models.Index(fields=["user", "-id"], name="token_by_user")]
        constraints = [
            models.CheckConstraint(
                condition=models.Q(expires_on__gt=models.F("created_on")), name="token_expires_later"
            ),
            models.CheckConstraint(condition=models.Q(scopes__len__gt=0), name="token_has_scopes"),
            models.CheckConstraint(condition=models.Q(scopes__contained_by=Scope.values), name="token_scopes_known"),
        ]

    def __str__(self) -> str:
        """The name its owner gave it."""
        return self.name or str(self.pk)
