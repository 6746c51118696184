"""Expand: columns with database defaults, so that the version before goes on inserting; nothing rewrites the table."""

from typing import Any

import django.contrib.postgres.fields
import django.db.models.deletion
import django.utils.timezone
from django.conf import settings
from django.contrib.postgres.operations import AddConstraintNotValid
from django.db import migrations, models

import todo_app.common.uuid7

UUID_KEY: Any = models.UUIDField(
    default=todo_app.common.uuid7.uuid7, editable=False, primary_key=True, serialize=False
)
ASSIGNEE: dict[str, Any] = {
    "blank": True,
    "db_index": False,
    "null": True,
    "on_delete": django.db.models.deletion.PROTECT,
    "related_name": "assigned_todos",
    "to": settings.AUTH_USER_MODEL,
}
# Django would add and check the foreign key under one lock; 0003 checks it under a lock that lets writers pass
ASSIGNEE_KEY = """
ALTER TABLE todos_todo ADD CONSTRAINT todo_assignee_fk FOREIGN KEY (assignee_id) REFERENCES accounts_user (id)
DEFERRABLE INITIALLY DEFERRED NOT VALID
"""


class Migration(migrations.Migration):
    """Reversible; the way back drops what was written to the new columns."""

    dependencies = [
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
        ("todos", "0001_initial"),
    ]

    operations = [
        # the locks in the order in which requests take theirs, so that nobody waits in a circle
        migrations.RunSQL("LOCK TABLE accounts_user IN SHARE ROW EXCLUSIVE MODE", migrations.RunSQL.noop),
        migrations.SeparateDatabaseAndState(
            state_operations=[migrations.AddField("todo", "assignee", models.ForeignKey(**ASSIGNEE))],
            database_operations=[
                migrations.AddField("todo", "assignee", models.ForeignKey(**ASSIGNEE, db_constraint=False)),
                migrations.RunSQL(ASSIGNEE_KEY, "ALTER TABLE todos_todo DROP CONSTRAINT todo_assignee_fk"),
            ],
        ),
        migrations.AddField("todo", "due_on", models.DateTimeField(blank=True, null=True)),
        migrations.AddField(
            "todo",
            "priority",
            models.PositiveSmallIntegerField(
                choices=[(1, "Low"), (2, "Normal"), (3, "High"), (4, "Urgent")], db_default=2, default=2
            ),
        ),
        migrations.AddField(
            "todo",
            "tag_names",
            django.contrib.postgres.fields.ArrayField(
                base_field=models.CharField(max_length=50),
                blank=True,
                db_default=models.Value("{}"),
                default=list,
                help_text="The tags by name, so that a list needs no second query; `tags` follows on save.",
                size=20,
            ),
        ),
        migrations.CreateModel(
            name="Tag",
            fields=[
                ("id", UUID_KEY),
                ("created_on", models.DateTimeField(default=django.utils.timezone.now, editable=False)),
                ("name", models.CharField(max_length=50)),
                (
                    "owner",
                    models.ForeignKey(
                        db_index=False,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="tags",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
            ],
            options={
                "constraints": [
                    models.UniqueConstraint(fields=("owner", "name"), name="tag_once_per_owner"),
                    models.CheckConstraint(condition=models.Q(("name", ""), _negated=True), name="tag_not_empty"),
                ],
            },
        ),
        migrations.CreateModel(
            name="TodoTag",
            fields=[
                ("id", UUID_KEY.clone()),
                ("created_on", models.DateTimeField(default=django.utils.timezone.now, editable=False)),
                (
                    "tag",
                    models.ForeignKey(
                        db_index=False,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="todo_links",
                        to="todos.tag",
                    ),
                ),
                (
                    "todo",
                    models.ForeignKey(
                        db_index=False,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="tag_links",
                        to="todos.todo",
                    ),
                ),
            ],
            options={
                "indexes": [models.Index(fields=["tag", "todo"], name="todotag_by_tag")],
                "constraints": [models.UniqueConstraint(fields=("todo", "tag"), name="todotag_once")],
            },
        ),
        migrations.AddField(
            "todo",
            "tags",
            models.ManyToManyField(editable=False, related_name="todos", through="todos.TodoTag", to="todos.tag"),
        ),
        AddConstraintNotValid(
            "todo",
            models.CheckConstraint(condition=models.Q(("priority__in", [1, 2, 3, 4])), name="todo_priority_known"),
        ),
        AddConstraintNotValid(
            "todo",
            models.CheckConstraint(
                condition=models.Q(
                    ("due_on__isnull", True), ("due_on__gt", models.F("created_on")), _connector="OR"
                ),
                name="todo_due_after_created",
            ),
        ),
        AddConstraintNotValid(
            "todo",
            models.CheckConstraint(condition=models.Q(("tag_names__len__lte", 20)), name="todo_tags_bounded"),
        ),
    ]
