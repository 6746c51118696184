"""Check the constraints of 0002 and build its indexes while writers go on."""

from django.contrib.postgres.operations import ValidateConstraint
from django.db import migrations, models

from todo_app.common.migration_operations import IndexBuild


class Migration(migrations.Migration):
    """Not atomic: an index cannot be built concurrently inside a transaction. Reversible."""

    atomic = False
    dependencies = [("todos", "0002_tags_assignee_priority_due")]

    operations = [
        ValidateConstraint("todo", "todo_priority_known"),
        ValidateConstraint("todo", "todo_due_after_created"),
        ValidateConstraint("todo", "todo_tags_bounded"),
        migrations.RunSQL("ALTER TABLE todos_todo VALIDATE CONSTRAINT todo_assignee_fk", migrations.RunSQL.noop),
        IndexBuild(
            "todo",
            models.Index(
                condition=models.Q(("assignee__isnull", False)), fields=["assignee", "-id"], name="todo_by_assignee"
            ),
        ),
        IndexBuild(
            "todo",
            models.Index(
                condition=models.Q(("due_on__isnull", False)),
                fields=["owner", "due_on", "id"],
                name="todo_by_owner_due",
            ),
        ),
    ]
