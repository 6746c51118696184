"""Validate what 0002 added; in a transaction of its own, so that no strong lock is held while rows are read."""

from django.contrib.postgres.operations import ValidateConstraint
from django.db import migrations


class Migration(migrations.Migration):
    dependencies = [("accounts", "0002_scopes_and_epoch")]
    operations = [
        ValidateConstraint("apitoken", "token_has_scopes"),
        ValidateConstraint("apitoken", "token_scopes_known"),
    ]
