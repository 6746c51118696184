"""Keys of idempotent requests. New tables only; reversible, the way back forgets the keys."""

import uuid

import django.utils.timezone
from django.db import migrations, models

import todo_app.common.uuid7


class Migration(migrations.Migration):
    """Two tables."""

    dependencies = [("common", "0001_initial")]

    operations = [
        migrations.CreateModel(
            name="IdempotencyKey",
            fields=[
                (
                    "id",
                    models.UUIDField(
                        default=todo_app.common.uuid7.uuid7, editable=False, primary_key=True, serialize=False
                    ),
                ),
                ("created_on", models.DateTimeField(default=django.utils.timezone.now, editable=False)),
                ("user_id", models.UUIDField()),
                ("digest", models.BinaryField(help_text="SHA-256 of route and key.", max_length=32)),
                ("fingerprint", models.BinaryField(help_text="SHA-256 of the request.", max_length=32)),
                ("attempt", models.UUIDField(default=uuid.uuid4, help_text="Who has the lease.")),
                ("leased_until", models.DateTimeField()),
                ("expires_on", models.DateTimeField()),
                (
                    "status",
                    models.PositiveSmallIntegerField(
                        help_text="Of the stored answer; empty while there is none.", null=True
                    ),
                ),
                ("headers", models.JSONField(default=dict)),
                ("body", models.BinaryField(default=b"")),
            ],
            options={
                "indexes": [models.Index(fields=["expires_on"], name="idempotency_by_expiry")],
                "constraints": [
                    models.UniqueConstraint(fields=("user_id", "digest"), name="idempotency_key_once")
                ],
            },
        ),
        migrations.CreateModel(
            name="IdempotencyStep",
            fields=[
                (
                    "id",
                    models.UUIDField(
                        default=todo_app.common.uuid7.uuid7, editable=False, primary_key=True, serialize=False
                    ),
                ),
                ("created_on", models.DateTimeField(default=django.utils.timezone.now, editable=False)),
                ("subject_id", models.UUIDField()),
                ("outcome", models.CharField(max_length=20)),
                ("key_id", models.UUIDField(help_text="Of the IdempotencyKey.")),
            ],
            options={
                "indexes": [models.Index(fields=["created_on"], name="idempotency_step_by_age")],
                "constraints": [
                    models.UniqueConstraint(fields=("key_id", "subject_id"), name="idempotency_step_once")
                ],
            },
        ),
    ]
