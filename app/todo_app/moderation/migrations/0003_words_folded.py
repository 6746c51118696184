"""One row for each folded form.

Rows that could never be found, and further spellings of a listed word, are deleted: neither ever changed a verdict.
"""

from django.db import migrations, models

from todo_app.moderation.entries import entry_key

FOLDED_MAX = 200


def fill(apps, schema_editor):
    seen = set()
    words = apps.get_model("moderation", "BannedWord").objects
    for row in words.order_by("-severity", "created_on"):
        key = entry_key(row.word)
        if key in seen or not 0 < len(key) <= FOLDED_MAX:
            words.filter(pk=row.pk).delete()
            continue
        seen.add(key)
        words.filter(pk=row.pk).update(folded=key)


class Migration(migrations.Migration):
    dependencies = [("moderation", "0002_words_revision")]
    operations = [
        migrations.AddField("bannedword", "folded", models.CharField(max_length=FOLDED_MAX, editable=False, null=True)),
        migrations.RunPython(fill, migrations.RunPython.noop),
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
