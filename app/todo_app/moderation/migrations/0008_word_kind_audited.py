"""Tell in the audit whether a word is a pattern. Both ways."""

import pgtrigger.compiler
import pgtrigger.migrations
from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('moderation', '0007_counters_filled'),
    ]

    operations = [
        pgtrigger.migrations.RemoveTrigger(
            model_name='bannedword',
            name='insert_insert',
        ),
        pgtrigger.migrations.RemoveTrigger(
            model_name='bannedword',
            name='update_update',
        ),
        pgtrigger.migrations.RemoveTrigger(
            model_name='bannedword',
            name='delete_delete',
        ),
        migrations.AddField(
            model_name='bannedwordaudit',
            name='kind',
            field=models.CharField(choices=[('literal', 'Literal'), ('pattern', 'RE2 pattern')], db_default='literal', default='literal', max_length=7),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name='bannedword',
            trigger=pgtrigger.compiler.Trigger(name='insert_insert', sql=pgtrigger.compiler.UpsertTriggerSql(func='INSERT INTO "moderation_bannedwordaudit" ("kind", "pgh_context", "pgh_created_at", "pgh_label", "pgh_obj_id", "severity", "word") VALUES (NEW."kind", COALESCE(NULLIF(CURRENT_SETTING(\'pghistory.context_metadata\', TRUE), \'\'), NULL)::JSONB, NOW(), \'insert\', NEW."id", NEW."severity", NEW."word"); RETURN NULL;', hash='522a16c2c99a0ac4df63965397eba9157e0cc6df', operation='INSERT', pgid='pgtrigger_insert_insert_483df', table='moderation_bannedword', when='AFTER')),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name='bannedword',
            trigger=pgtrigger.compiler.Trigger(name='update_update', sql=pgtrigger.compiler.UpsertTriggerSql(condition='WHEN (OLD."kind" IS DISTINCT FROM (NEW."kind") OR OLD."severity" IS DISTINCT FROM (NEW."severity") OR OLD."word" IS DISTINCT FROM (NEW."word"))', func='INSERT INTO "moderation_bannedwordaudit" ("kind", "pgh_context", "pgh_created_at", "pgh_label", "pgh_obj_id", "severity", "word") VALUES (NEW."kind", COALESCE(NULLIF(CURRENT_SETTING(\'pghistory.context_metadata\', TRUE), \'\'), NULL)::JSONB, NOW(), \'update\', NEW."id", NEW."severity", NEW."word"); RETURN NULL;', hash='0025d0bbc622a419cfd8354aa5ebcfcc4a0f8363', operation='UPDATE', pgid='pgtrigger_update_update_b00fe', table='moderation_bannedword', when='AFTER')),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name='bannedword',
            trigger=pgtrigger.compiler.Trigger(name='delete_delete', sql=pgtrigger.compiler.UpsertTriggerSql(func='INSERT INTO "moderation_bannedwordaudit" ("kind", "pgh_context", "pgh_created_at", "pgh_label", "pgh_obj_id", "severity", "word") VALUES (OLD."kind", COALESCE(NULLIF(CURRENT_SETTING(\'pghistory.context_metadata\', TRUE), \'\'), NULL)::JSONB, NOW(), \'delete\', OLD."id", OLD."severity", OLD."word"); RETURN NULL;', hash='126118ea886edae93a734f5504b149ff2bda453a', operation='DELETE', pgid='pgtrigger_delete_delete_7a007', table='moderation_bannedword', when='AFTER')),
        ),
    ]
