"""Counters of reports, flags of re-scans, patterns on the list. Only new tables and a column with a default; both ways."""

import django.contrib.postgres.fields
import django.db.models.deletion
import django.utils.timezone
import todo_app.common.uuid7
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('accounts', '0001_initial'),
        ('moderation', '0005_violation_partitions'),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        # the locks in the order in which requests take theirs, so that nobody waits in a circle
        migrations.RunSQL("LOCK TABLE accounts_user IN SHARE ROW EXCLUSIVE MODE", migrations.RunSQL.noop),
        migrations.CreateModel(
            name='DayCount',
            fields=[
                ('pk', models.CompositePrimaryKey('word', 'day', 'slot', blank=True, editable=False, primary_key=True, serialize=False)),
                ('word', models.CharField(blank=True, max_length=100)),
                ('day', models.DateField()),
                ('slot', models.PositiveSmallIntegerField()),
                ('count', models.PositiveBigIntegerField()),
            ],
        ),
        migrations.CreateModel(
            name='Flag',
            fields=[
                ('id', models.UUIDField(default=todo_app.common.uuid7.uuid7, editable=False, primary_key=True, serialize=False)),
                ('created_on', models.DateTimeField(default=django.utils.timezone.now, editable=False)),
                ('subject_id', models.UUIDField(help_text='Key of the todo.', unique=True)),
                ('user', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='flags', to=settings.AUTH_USER_MODEL)),
                ('words', django.contrib.postgres.fields.ArrayField(base_field=models.CharField(max_length=100), help_text='Each banned word once.', size=None)),
                ('severity', models.PositiveSmallIntegerField(choices=[(1, 'Low'), (2, 'Medium'), (3, 'High')])),
                ('text', models.TextField(help_text='The text as it was judged.')),
                ('spans', models.JSONField(help_text='[start, end] of each hit in the text.')),
                ('words_version', models.PositiveBigIntegerField(help_text='The version of the list that judged.')),
            ],
        ),
        migrations.CreateModel(
            name='Rescan',
            fields=[
                ('id', models.UUIDField(default=todo_app.common.uuid7.uuid7, editable=False, primary_key=True, serialize=False)),
                ('created_on', models.DateTimeField(default=django.utils.timezone.now, editable=False)),
                ('words_version', models.PositiveBigIntegerField(unique=True)),
                ('position', models.UUIDField(help_text='The last key judged.', null=True)),
                ('judged', models.PositiveBigIntegerField(default=0)),
                ('flagged', models.PositiveBigIntegerField(default=0)),
                ('finished_on', models.DateTimeField(null=True)),
            ],
            options={
                'abstract': False,
            },
        ),
        migrations.CreateModel(
            name='UserTotal',
            fields=[
                ('user', models.OneToOneField(db_constraint=False, on_delete=django.db.models.deletion.DO_NOTHING, primary_key=True, related_name='+', serialize=False, to=settings.AUTH_USER_MODEL)),
                ('total', models.PositiveBigIntegerField()),
            ],
        ),
        migrations.CreateModel(
            name='UserWordCount',
            fields=[
                ('pk', models.CompositePrimaryKey('user', 'word', blank=True, editable=False, primary_key=True, serialize=False)),
                ('user', models.ForeignKey(db_constraint=False, db_index=False, on_delete=django.db.models.deletion.DO_NOTHING, related_name='+', to=settings.AUTH_USER_MODEL)),
                ('word', models.CharField(max_length=100)),
                ('count', models.PositiveBigIntegerField()),
            ],
        ),
        migrations.AddField(
            model_name='bannedword',
            name='kind',
            field=models.CharField(choices=[('literal', 'Literal'), ('pattern', 'RE2 pattern')], db_default='literal', default='literal', max_length=7),
        ),
        migrations.AddConstraint(
            model_name='bannedword',
            constraint=models.CheckConstraint(condition=models.Q(('kind__in', ['literal', 'pattern'])), name='word_kind_known'),
        ),
        migrations.AddIndex(
            model_name='daycount',
            index=models.Index(fields=['day'], name='day_count_by_day'),
        ),
        migrations.AddIndex(
            model_name='usertotal',
            index=models.Index(fields=['-total', 'user'], name='user_total_worst'),
        ),
        migrations.AddConstraint(
            model_name='flag',
            constraint=models.CheckConstraint(condition=models.Q(('words__len__gt', 0)), name='flag_has_words'),
        ),
        migrations.AddConstraint(
            model_name='flag',
            constraint=models.CheckConstraint(condition=models.Q(('severity__in', [1, 2, 3])), name='flag_severity_known'),
        ),
    ]
