"""What the relay needs, as columns that code of the version before does not notice: each has a default in the database.

Adding `position` together with its default would rewrite the table, so the default comes second; 0003 fills old rows.
"""

from django.db import migrations, models

import todo_app.outbox.models

COLUMN = migrations.RunSQL(
    [
        "CREATE SEQUENCE outbox_event_position",
        "ALTER TABLE outbox_event ADD COLUMN position bigint",
        "ALTER TABLE outbox_event ALTER COLUMN position SET DEFAULT nextval('outbox_event_position'::regclass)",
        "ALTER SEQUENCE outbox_event_position OWNED BY outbox_event.position",
    ],
    ["ALTER TABLE outbox_event DROP COLUMN position"],
)
POSITION = models.BigIntegerField(db_default=todo_app.outbox.models.NextPosition(), editable=False, null=True)


class Migration(migrations.Migration):
    dependencies = [("outbox", "0001_initial")]
    operations = [
        migrations.SeparateDatabaseAndState(
            database_operations=[COLUMN],
            state_operations=[migrations.AddField("event", "position", POSITION)],
        ),
        migrations.AddField(
            "event",
            "attempts",
            models.PositiveSmallIntegerField(default=0, db_default=0, help_text="Tries that were refused."),
        ),
        migrations.AddField("event", "next_try_on", models.DateTimeField(null=True, blank=True)),
        migrations.AddField(
            "event",
            "error",
            models.CharField(max_length=500, blank=True, default="", db_default="", help_text="Of the last try."),
        ),
        migrations.AddField(
            "event",
            "dead_on",
            models.DateTimeField(null=True, blank=True, help_text="No more tries; later events of the key wait."),
        ),
        migrations.CreateModel(
            "Lease",
            [
                ("name", models.CharField(max_length=50, primary_key=True, serialize=False)),
                ("holder", models.CharField(max_length=100, blank=True, default="")),
                ("epoch", models.PositiveBigIntegerField(default=0)),
                ("expires_on", models.DateTimeField()),
            ],
        ),
    ]
