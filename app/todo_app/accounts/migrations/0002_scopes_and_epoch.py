"""Scopes and the epoch of access. The constraints are validated by the next migration, which takes no strong lock."""

import django.contrib.postgres.fields
import pgtrigger.compiler
import pgtrigger.migrations
from django.contrib.postgres.operations import AddConstraintNotValid
from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('accounts', '0001_initial'),
    ]

    operations = [
        # the locks in the order in which requests take theirs, so that nobody waits in a circle
        migrations.RunSQL("LOCK TABLE accounts_user, accounts_apitoken IN ACCESS EXCLUSIVE MODE", migrations.RunSQL.noop),
        migrations.AddField(
            model_name='apitoken',
            name='epoch',
            field=models.PositiveIntegerField(db_default=0, editable=False, help_text="The user's session epoch at issue."),
        ),
        migrations.AddField(
            model_name='apitoken',
            name='scopes',
            field=django.contrib.postgres.fields.ArrayField(base_field=models.CharField(choices=[('profile:read', 'Read who the token speaks for'), ('tokens:read', 'List own tokens'), ('tokens:write', 'Revoke own tokens'), ('todos:read', 'Read own todos and recurrences'), ('todos:write', 'Change own todos and recurrences'), ('words:read', 'Read the list of banned words'), ('words:write', 'Change the list of banned words'), ('violations:read', 'Read the log of violations and its reports'), ('users:read', 'Read users'), ('users:write', 'Ban and unban users'), ('audit:read', 'Read the audit trail')], max_length=30), db_default=['profile:read', 'tokens:read', 'tokens:write', 'todos:read', 'todos:write', 'words:read', 'words:write', 'violations:read', 'users:read', 'users:write', 'audit:read'], size=None),
        ),
        migrations.AddField(
            model_name='user',
            name='access_from',
            field=models.DateTimeField(blank=True, editable=False, help_text='Tokens of an identity provider issued before are refused.', null=True),
        ),
        migrations.AddField(
            model_name='user',
            name='session_epoch',
            field=models.PositiveIntegerField(db_default=0, default=0, editable=False),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name='user',
            trigger=pgtrigger.compiler.Trigger(name='end_access', sql=pgtrigger.compiler.UpsertTriggerSql(condition='WHEN (OLD."is_banned" IS DISTINCT FROM (NEW."is_banned") OR OLD."password" IS DISTINCT FROM (NEW."password") OR OLD."role" IS DISTINCT FROM (NEW."role"))', func='IF NEW.session_epoch = OLD.session_epoch THEN NEW.session_epoch := OLD.session_epoch + 1; NEW.access_from := now(); END IF; RETURN NEW;', hash='09d5820c373b3eee03f45be721cd35a6f17f86bb', operation='UPDATE', pgid='pgtrigger_end_access_69732', table='accounts_user', when='BEFORE')),
        ),
        AddConstraintNotValid(
            model_name='apitoken',
            constraint=models.CheckConstraint(condition=models.Q(('scopes__len__gt', 0)), name='token_has_scopes'),
        ),
        AddConstraintNotValid(
            model_name='apitoken',
            constraint=models.CheckConstraint(condition=models.Q(('scopes__contained_by', ['profile:read', 'tokens:read', 'tokens:write', 'todos:read', 'todos:write', 'words:read', 'words:write', 'violations:read', 'users:read', 'users:write', 'audit:read'])), name='token_scopes_known'),
        ),
    ]
