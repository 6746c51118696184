"""Events from before the relay get positions below those of all later ones, in the order of their keys' time.

In batches, each in a transaction of its own; running it again goes on where it stopped. Back: the numbers stay, they
go with their column in 0002.
"""

from django.db import migrations, models

import todo_app.outbox.models

BATCH = 5000
FILL = """
    WITH chosen AS (
        SELECT id, %s - row_number() OVER (ORDER BY id DESC) AS given
        FROM outbox_event WHERE position IS NULL ORDER BY id DESC LIMIT %s
    )
    UPDATE outbox_event SET position = chosen.given FROM chosen WHERE outbox_event.id = chosen.id
"""


def fill(apps, schema_editor):
    with schema_editor.connection.cursor() as cursor:
        while True:
            cursor.execute("SELECT least(min(position), 1) FROM outbox_event")
            lowest = cursor.fetchone()[0] or 1
            cursor.execute(FILL, [lowest, BATCH])
            if cursor.rowcount < BATCH:
                return


GIVEN = migrations.RunSQL(
    [
        "ALTER TABLE outbox_event DROP CONSTRAINT IF EXISTS event_has_position",
        "ALTER TABLE outbox_event ADD CONSTRAINT event_has_position CHECK (position IS NOT NULL) NOT VALID",
        "ALTER TABLE outbox_event VALIDATE CONSTRAINT event_has_position",
        # PostgreSQL takes the valid check as proof and does not read the table again
        "ALTER TABLE outbox_event ALTER COLUMN position SET NOT NULL",
        "ALTER TABLE outbox_event DROP CONSTRAINT event_has_position",
    ],
    ["ALTER TABLE outbox_event ALTER COLUMN position DROP NOT NULL"],
)
POSITION = models.BigIntegerField(db_default=todo_app.outbox.models.NextPosition(), editable=False)


class Migration(migrations.Migration):
    atomic = False
    dependencies = [("outbox", "0002_relay_columns")]
    operations = [
        migrations.RunPython(fill, migrations.RunPython.noop),
        migrations.SeparateDatabaseAndState(
            database_operations=[GIVEN],
            state_operations=[migrations.AlterField("event", "position", POSITION)],
        ),
    ]
