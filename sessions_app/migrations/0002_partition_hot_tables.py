"""Rebuild the hot tables as partitioned ones with the wide key, while they are empty."""

from django.db import migrations

TABLES = ("request_log", "part", "part_search")

PARTITION = """
ALTER TABLE {table} RENAME TO {table}_plain;
CREATE TABLE {table} (LIKE {table}_plain INCLUDING DEFAULTS) PARTITION BY RANGE (bucket);
DROP TABLE {table}_plain;
"""

COLUMNS = """
ALTER TABLE session ALTER cost TYPE numeric;
ALTER TABLE session SET (fillfactor = 80);
ALTER TABLE request_log ALTER cost TYPE numeric;
ALTER TABLE request_log ADD PRIMARY KEY (id, session_id, bucket);
ALTER TABLE part ADD PRIMARY KEY (id, session_id, bucket);
ALTER TABLE part_search ADD COLUMN tsv tsvector NOT NULL;
ALTER TABLE part_search ADD PRIMARY KEY (part_id, session_id, bucket);
CREATE INDEX request_timeline ON request_log (session_id, started_at) INCLUDE (ended_at, status);
CREATE INDEX part_search_text ON part_search USING gin (tsv);
CREATE INDEX part_search_time ON part_search (project_id, created_at);
-- Compressed by us already; the statistics help the planner with rare words. Neither can be set once distributed.
ALTER TABLE request_log ALTER skeleton SET STORAGE EXTERNAL;
ALTER TABLE part ALTER content SET STORAGE EXTERNAL;
ALTER TABLE part_search ALTER tsv SET STATISTICS 1000;
ALTER TABLE inbox ALTER body SET STORAGE EXTERNAL;
ALTER TABLE rejected_log ALTER body SET STORAGE EXTERNAL;
"""

# For the roll-up's upsert: what a distributed PostgreSQL accepts there must be IMMUTABLE and free of sub-selects.
FUNCTIONS = """
CREATE FUNCTION text_union(a text[], b text[], most integer) RETURNS text[]
LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
    SELECT CASE WHEN b <@ a THEN a ELSE (
        SELECT coalesce(array_agg(value ORDER BY value), '{}')
        FROM (SELECT DISTINCT unnest(a || b) AS value ORDER BY 1 LIMIT most) AS united
    ) END
$$;
CREATE FUNCTION date_union(a date[], b date[]) RETURNS date[]
LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
    SELECT CASE WHEN b <@ a THEN a ELSE (
        SELECT coalesce(array_agg(DISTINCT value ORDER BY value), '{}') FROM unnest(a || b) AS value
    ) END
$$;
CREATE FUNCTION known_sum(a numeric, b numeric) RETURNS numeric
LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
    SELECT CASE WHEN a IS NULL THEN b WHEN b IS NULL THEN a ELSE a + b END
$$;
-- A client's clock may be absurd. Roll-ups take what lies within 1970 and a day after the receipt.
CREATE FUNCTION sane_time(moment timestamptz, received timestamptz) RETURNS timestamptz
LANGUAGE sql STABLE PARALLEL SAFE AS $$
    SELECT greatest(least(moment, received + interval '1 day'), '1970-01-01 00:00:00+00'::timestamptz)
$$;
-- What the plain text box of the session list looks into.
CREATE FUNCTION session_words(title text, session_key text, users text[]) RETURNS text
LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
    SELECT lower(left(title || ' ' || coalesce(session_key, '') || ' ' || array_to_string(users, ' '), 2000))
$$;
CREATE EXTENSION IF NOT EXISTS pg_trgm;
CREATE INDEX session_words ON session USING gin (session_words(title, session_key, users) gin_trgm_ops)
    WITH (gin_pending_list_limit = 128);
-- A session's row changes with every request; long pending lists would outgrow the table.
ALTER INDEX session_facets SET (gin_pending_list_limit = 128);
"""

DROP_FUNCTIONS = """
DROP INDEX session_words;
DROP FUNCTION sane_time(timestamptz, timestamptz);
DROP FUNCTION session_words(text, text, text[]);
DROP FUNCTION known_sum(numeric, numeric);
DROP FUNCTION date_union(date[], date[]);
DROP FUNCTION text_union(text[], text[], integer);
"""


class Migration(migrations.Migration):
    dependencies = [("sessions_app", "0001_initial")]

    operations = [
        migrations.RunSQL([PARTITION.format(table=table) for table in TABLES], migrations.RunSQL.noop),
        migrations.RunSQL(COLUMNS, migrations.RunSQL.noop),
        migrations.RunSQL(FUNCTIONS, DROP_FUNCTIONS),
    ]
