"""Count the log once, then let triggers keep the counters in the transaction that writes the log. Both ways.

The table is locked against writers while it is counted, so that no violation is missed or counted twice.
"""

from django.db import migrations

COUNT = """
CREATE FUNCTION moderation_violations_count() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    -- in order, so that two writers cannot wait for each other
    INSERT INTO moderation_usertotal AS kept (user_id, total)
        SELECT user_id, count(*) FROM changed GROUP BY 1 ORDER BY 1
        ON CONFLICT (user_id) DO UPDATE SET total = kept.total + excluded.total;
    INSERT INTO moderation_userwordcount AS kept (user_id, word, count)
        SELECT user_id, word, count(*) FROM changed, LATERAL (SELECT DISTINCT unnest(words)) AS w (word)
        GROUP BY 1, 2 ORDER BY 1, 2
        ON CONFLICT (user_id, word) DO UPDATE SET count = kept.count + excluded.count;
    INSERT INTO moderation_daycount AS kept (word, day, slot, count)
        SELECT word, (created_on AT TIME ZONE 'UTC')::date, get_byte(uuid_send(user_id), 15) % 8, count(*)
        FROM changed, LATERAL (SELECT '' UNION SELECT unnest(words)) AS w (word)
        GROUP BY 1, 2, 3 ORDER BY 1, 2, 3
        ON CONFLICT (word, day, slot) DO UPDATE SET count = kept.count + excluded.count;
    RETURN NULL;
END $$;
"""
UNCOUNT = """
CREATE FUNCTION moderation_violations_uncount() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    UPDATE moderation_usertotal AS t SET total = total - c.n
        FROM (SELECT user_id, count(*) AS n FROM changed GROUP BY 1) AS c WHERE t.user_id = c.user_id;
    UPDATE moderation_userwordcount AS t SET count = count - c.n
        FROM (SELECT user_id, word, count(*) AS n FROM changed, LATERAL (SELECT DISTINCT unnest(words)) AS w (word)
              GROUP BY 1, 2) AS c WHERE t.user_id = c.user_id AND t.word = c.word;
    UPDATE moderation_daycount AS t SET count = count - c.n
        FROM (SELECT word, (created_on AT TIME ZONE 'UTC')::date AS day,
                     get_byte(uuid_send(user_id), 15) % 8 AS slot, count(*) AS n
              FROM changed, LATERAL (SELECT '' UNION SELECT unnest(words)) AS w (word) GROUP BY 1, 2, 3) AS c
        WHERE t.word = c.word AND t.day = c.day AND t.slot = c.slot;
    DELETE FROM moderation_usertotal t USING changed c WHERE t.user_id = c.user_id AND t.total = 0;
    DELETE FROM moderation_userwordcount t USING changed c WHERE t.user_id = c.user_id AND t.count = 0;
    DELETE FROM moderation_daycount t USING changed c
        WHERE t.day = (c.created_on AT TIME ZONE 'UTC')::date AND t.count = 0;
    RETURN NULL;
END $$;
"""
REFUSE = """
CREATE FUNCTION moderation_violations_refuse() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'the log of violations is append-only' USING ERRCODE = 'restrict_violation';
END $$;
"""
FILL = """
LOCK TABLE moderation_violation IN SHARE ROW EXCLUSIVE MODE;
INSERT INTO moderation_usertotal (user_id, total) SELECT user_id, count(*) FROM moderation_violation GROUP BY 1;
INSERT INTO moderation_userwordcount (user_id, word, count)
    SELECT user_id, word, count(*) FROM moderation_violation, LATERAL (SELECT DISTINCT unnest(words)) AS w (word)
    GROUP BY 1, 2;
INSERT INTO moderation_daycount (word, day, slot, count)
    SELECT word, (created_on AT TIME ZONE 'UTC')::date, get_byte(uuid_send(user_id), 15) % 8, count(*)
    FROM moderation_violation, LATERAL (SELECT '' UNION SELECT unnest(words)) AS w (word) GROUP BY 1, 2, 3;
CREATE TRIGGER violation_count AFTER INSERT ON moderation_violation
    REFERENCING NEW TABLE AS changed FOR EACH STATEMENT EXECUTE FUNCTION moderation_violations_count();
CREATE TRIGGER violation_uncount AFTER DELETE ON moderation_violation
    REFERENCING OLD TABLE AS changed FOR EACH STATEMENT EXECUTE FUNCTION moderation_violations_uncount();
CREATE TRIGGER violation_refuse BEFORE UPDATE ON moderation_violation
    FOR EACH STATEMENT EXECUTE FUNCTION moderation_violations_refuse();
"""
EMPTY = """
DROP TRIGGER violation_count ON moderation_violation;
DROP TRIGGER violation_uncount ON moderation_violation;
DROP TRIGGER violation_refuse ON moderation_violation;
DROP FUNCTION moderation_violations_count();
DROP FUNCTION moderation_violations_uncount();
DROP FUNCTION moderation_violations_refuse();
TRUNCATE moderation_usertotal, moderation_userwordcount, moderation_daycount;
"""


class Migration(migrations.Migration):
    dependencies = [("moderation", "0006_reports_and_patterns")]
    operations = [
        migrations.RunSQL([COUNT, UNCOUNT, REFUSE, FILL], EMPTY),
    ]
