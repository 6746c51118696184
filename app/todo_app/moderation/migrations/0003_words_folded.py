"""One row for each folded form. Both ways, and again after a cut: each step is done only where it is still to be done.

Rows that could never be found, and further spellings of a listed word, are deleted: neither ever changed a verdict.
The list is filled by batches, each a transaction of its own, so that nobody waits for 100,000 words; only the last step,
which makes the column unique, keeps others out, for as long as it takes to read the list once.
"""

from django.db import connections, migrations, models, transaction
from todo_app.common.migration_operations import Together
from todo_app.moderation.entries import entry_key

FOLDED_MAX = 200
BATCH = 1000
ADD = "ALTER TABLE moderation_bannedword ADD COLUMN IF NOT EXISTS folded varchar(200)"
DROP = "ALTER TABLE moderation_bannedword DROP COLUMN IF EXISTS folded"


def fill(apps, schema_editor):
    """Decide on the whole list, which 50 MB hold, then write what is not written yet."""
    alias = schema_editor.connection.alias
    words = apps.get_model("moderation", "BannedWord").objects.using(alias)
    seen, gone, changed = set(), [], []
    for key, word, stored in words.order_by("-severity", "created_on", "pk").values_list("pk", "word", "folded"):
        folded = entry_key(word)
        if folded in seen or not 0 < len(folded) <= FOLDED_MAX:
            gone.append(key)
            continue
        seen.add(folded)
        if stored != folded:
            changed.append((key, folded))
    for start in range(0, len(gone), BATCH):
        words.filter(pk__in=gone[start : start + BATCH]).delete()
    for start in range(0, len(changed), BATCH):
        keys, values = zip(*changed[start : start + BATCH], strict=True)
        with transaction.atomic(alias), connections[alias].cursor() as cursor:
            cursor.execute(
                "UPDATE moderation_bannedword AS w SET folded = f.folded"
                " FROM unnest(%s::uuid[], %s::text[]) AS f (id, folded) WHERE w.id = f.id",
                [list(keys), list(values)],
            )


def rest(apps, schema_editor):
    """Words that came meanwhile; nobody adds another until the transaction ends."""
    with schema_editor.connection.cursor() as cursor:
        cursor.execute("LOCK TABLE moderation_bannedword IN SHARE ROW EXCLUSIVE MODE")
    fill(apps, schema_editor)


class Migration(migrations.Migration):
    atomic = False
    dependencies = [("moderation", "0002_words_revision")]
    operations = [
        migrations.SeparateDatabaseAndState(
            [migrations.RunSQL(ADD, DROP)],
            [
                migrations.AddField(
                    "bannedword", "folded", models.CharField(max_length=FOLDED_MAX, editable=False, null=True)
                )
            ],
        ),
        migrations.RunPython(fill, migrations.RunPython.noop),
        Together(
            [
                migrations.RunPython(rest, migrations.RunPython.noop),
                migrations.AlterField("bannedword", "word", models.CharField(max_length=100)),
                migrations.AlterField(
                    "bannedword",
                    "folded",
                    models.CharField(max_length=FOLDED_MAX, unique=True, editable=False, help_text="What it is found by."),
                ),
                migrations.AddConstraint(
                    "bannedword",
                    models.CheckConstraint(condition=models.Q(("folded", ""), _negated=True), name="word_can_be_found"),
                ),
            ]
        ),
    ]
