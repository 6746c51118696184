"""What a first start needs: the initial administrator, the demo user, some words. Never changes what exists."""

from datetime import datetime

from django.conf import settings
from django.db import transaction

from todo_app.accounts.models import Role, User
from todo_app.moderation.entries import entry_key
from todo_app.moderation.models import BannedWord, Severity
from todo_app.moderation.services import word_add


def first_rows_create(*, now: datetime) -> list[str]:
    """Create what is missing; returns the names of what was made. Raises SecretMissing, EntryInvalid."""
    made = []
    with transaction.atomic():
        if not User.objects.filter(role=Role.ADMIN).exists():
            password = settings.SECRETS.read("admin-password")
            User.objects.create_user("admin", password, role=Role.ADMIN, created_on=now)
            made.append("administrator")
        if settings.ENV.demo_user and not User.objects.filter(username="demo").exists():
            User.objects.create_user("demo", settings.SECRETS.read("demo-password"), created_on=now)
            made.append("demo user")
        if not BannedWord.objects.exists():
            first = {entry_key(word[:100]): word for word in reversed(settings.ENV.initial_words)}
            for word in reversed(first.values()):  # of two spellings the first one
                word_add(word=word[:100], severity=Severity.MEDIUM, now=now)
                made.append("word")
    return made
