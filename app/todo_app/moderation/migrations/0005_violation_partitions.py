"""Partition the log of violations by month; docs/adr/0007 says why and how. Both ways.

Forward copies nothing: the old table becomes the first partition, `moderation_violation_history`, up to the end of a
month. What scans it (index, check) runs beside readers and writers; the swap itself only changes the catalogue. Each
step can be run again after a lost lock. Months are created by `partitions`, which `migrate` calls; until then, and if
it is ever forgotten, rows go to the DEFAULT partition.

Backward copies all rows into one table in one transaction.
"""

from django.db import migrations, transaction

FORWARD_PREPARE = """
DROP INDEX CONCURRENTLY IF EXISTS violation_history_key;
CREATE UNIQUE INDEX CONCURRENTLY violation_history_key ON moderation_violation (id, created_on);
ALTER TABLE moderation_violation DROP CONSTRAINT IF EXISTS violation_history;
ALTER TABLE moderation_violation ADD CONSTRAINT violation_history CHECK (created_on < '{bound}') NOT VALID;
ALTER TABLE moderation_violation VALIDATE CONSTRAINT violation_history;
"""
# the locks first, in the order in which requests take theirs, so that nobody waits in a circle
FORWARD_SWAP = """
LOCK TABLE accounts_user IN SHARE ROW EXCLUSIVE MODE;
LOCK TABLE moderation_violation IN ACCESS EXCLUSIVE MODE;
ALTER TABLE moderation_violation RENAME TO moderation_violation_history;
ALTER TABLE moderation_violation_history DROP CONSTRAINT moderation_violation_pkey;
ALTER TABLE moderation_violation_history
    ADD CONSTRAINT moderation_violation_history_pkey PRIMARY KEY USING INDEX violation_history_key;
ALTER INDEX violation_by_user RENAME TO violation_history_by_user;
CREATE TABLE moderation_violation
    (LIKE moderation_violation_history INCLUDING DEFAULTS INCLUDING CONSTRAINTS) PARTITION BY RANGE (created_on);
ALTER TABLE moderation_violation DROP CONSTRAINT violation_history;
ALTER TABLE moderation_violation ADD CONSTRAINT moderation_violation_pkey PRIMARY KEY (id, created_on);
ALTER TABLE moderation_violation ADD CONSTRAINT {fk}
    FOREIGN KEY (user_id) REFERENCES accounts_user (id) DEFERRABLE INITIALLY DEFERRED;
CREATE INDEX violation_by_user ON moderation_violation (user_id, id DESC);
ALTER TABLE moderation_violation ATTACH PARTITION moderation_violation_history
    FOR VALUES FROM (MINVALUE) TO ('{bound}');
ALTER TABLE moderation_violation_history DROP CONSTRAINT violation_history;
CREATE TABLE moderation_violation_default PARTITION OF moderation_violation DEFAULT;
"""
BACKWARD = """
CREATE TABLE moderation_violation_whole
    (LIKE moderation_violation INCLUDING DEFAULTS INCLUDING CONSTRAINTS);
LOCK TABLE moderation_violation IN ACCESS EXCLUSIVE MODE;
INSERT INTO moderation_violation_whole SELECT * FROM moderation_violation;
DROP TABLE moderation_violation;
ALTER TABLE moderation_violation_whole RENAME TO moderation_violation;
ALTER TABLE moderation_violation ADD CONSTRAINT moderation_violation_pkey PRIMARY KEY (id);
ALTER TABLE moderation_violation ADD CONSTRAINT {fk}
    FOREIGN KEY (user_id) REFERENCES accounts_user (id) DEFERRABLE INITIALLY DEFERRED;
CREATE INDEX violation_by_user ON moderation_violation (user_id, id DESC);
"""
BOUND = """
SELECT to_char(date_trunc('month', greatest(now() + interval '7 days', (SELECT max(created_on) FROM moderation_violation))
    AT TIME ZONE 'UTC') + interval '1 month', 'YYYY-MM-DD') || ' 00:00:00+00'
"""
FK = "SELECT conname FROM pg_constraint WHERE conrelid = 'moderation_violation'::regclass AND contype = 'f'"
KIND = "SELECT relkind = 'p' FROM pg_class WHERE oid = 'moderation_violation'::regclass"


def value(cursor, statement):
    cursor.execute(statement)
    return cursor.fetchone()[0]


def run(cursor, statements, **names):
    for statement in statements.format(**names).split(";\n"):
        if statement.strip():
            cursor.execute(statement)


def partition(apps, schema_editor):
    connection = schema_editor.connection
    with connection.cursor() as cursor:
        if value(cursor, KIND):
            return
        bound = value(cursor, BOUND)
        run(cursor, FORWARD_PREPARE, bound=bound)
        with transaction.atomic(using=connection.alias):
            cursor.execute("SET LOCAL lock_timeout = '1s'")
            run(cursor, FORWARD_SWAP, bound=bound, fk=value(cursor, FK))


def unpartition(apps, schema_editor):
    connection = schema_editor.connection
    with transaction.atomic(using=connection.alias), connection.cursor() as cursor:
        run(cursor, BACKWARD, fk=value(cursor, FK))


class Migration(migrations.Migration):
    atomic = False
    dependencies = [("moderation", "0004_audit"), ("accounts", "0001_initial")]
    operations = [migrations.RunPython(partition, unpartition)]
