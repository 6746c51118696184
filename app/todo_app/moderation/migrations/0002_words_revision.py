"""The list's version starts at 1. Both ways."""

from django.db import migrations


def create(apps, schema_editor):
    apps.get_model("common", "Revision").objects.get_or_create(name="banned-words", defaults={"number": 1})


def delete(apps, schema_editor):
    apps.get_model("common", "Revision").objects.filter(name="banned-words").delete()


class Migration(migrations.Migration):
    dependencies = [("moderation", "0001_initial"), ("common", "0001_initial")]
    operations = [migrations.RunPython(create, delete)]
