"""Indexes of the relay, built while the table is written to, and the end of the one they replace."""

from django.contrib.postgres.operations import RemoveIndexConcurrently
from django.db import migrations, models
from django.db.models import Q

from todo_app.common.migration_operations import IndexBuild, check_added

EITHER = Q(published_on__isnull=True) | Q(dead_on__isnull=True)
INDEXES = [
    models.Index(fields=["position"], condition=Q(published_on__isnull=True, dead_on__isnull=True), name="outbox_next"),
    models.Index(fields=["key", "position"], condition=Q(published_on__isnull=True), name="outbox_waiting"),
    models.Index(fields=["dead_on"], condition=Q(dead_on__isnull=False), name="outbox_dead"),
    models.Index(fields=["published_on"], condition=Q(published_on__isnull=False), name="outbox_published"),
]


class Migration(migrations.Migration):
    atomic = False
    dependencies = [("outbox", "0003_relay_positions")]
    operations = [
        *(IndexBuild("event", index) for index in INDEXES),
        migrations.SeparateDatabaseAndState(
            database_operations=[
                check_added(
                    table="outbox_event",
                    name="event_published_or_dead",
                    condition="published_on IS NULL OR dead_on IS NULL",
                )
            ],
            state_operations=[
                migrations.AddConstraint(
                    "event", models.CheckConstraint(condition=EITHER, name="event_published_or_dead")
                )
            ],
        ),
        RemoveIndexConcurrently("event", "outbox_unpublished"),
    ]
