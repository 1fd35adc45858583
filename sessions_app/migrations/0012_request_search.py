"""An index of hashed terms, one row a request, in the place of the words of each part.

What is stored already is not read here: `manage.py reindex_search` does that, while everything runs.
"""

import django.contrib.postgres.fields
import django.contrib.postgres.indexes
from django.db import migrations, models

PARTITIONED = """
ALTER TABLE request_search RENAME TO request_search_plain;
CREATE TABLE request_search (LIKE request_search_plain INCLUDING DEFAULTS) PARTITION BY RANGE (bucket);
DROP TABLE request_search_plain;
ALTER TABLE request_search ADD PRIMARY KEY (id, session_id, bucket);
CREATE INDEX request_latest ON request_search (project_id, started_at DESC, id DESC);
CREATE INDEX request_words ON request_search USING gin (words) WITH (gin_pending_list_limit = 2048);
-- Hashes cannot be compressed.
ALTER TABLE request_search ALTER words SET STORAGE EXTERNAL;
ALTER TABLE request_search ALTER words SET STATISTICS 0;
-- A partition for each that the other tables have.
DO $$
DECLARE
    name text;
    first date;
BEGIN
    FOR name, first IN
        SELECT 'request_search' || right(relname, 8), to_date(right(relname, 7), 'YYYY_MM')
        FROM pg_inherits JOIN pg_class ON pg_class.oid = inhrelid
        WHERE inhparent = 'part'::regclass
    LOOP
        EXECUTE format('CREATE TABLE %I PARTITION OF request_search FOR VALUES FROM (%L) TO (%L)',
            name, first, (first + interval '1 month')::date);
    END LOOP;
END $$;
"""
# Each was written anew with every change of a session.
WITHOUT_TRIGRAMS = """
DROP INDEX session_words;
DROP FUNCTION session_words(text, text, text[]);
"""
INDEXES = [
    models.Index("project_id", models.F("started_at").desc(), models.F("id").desc(), name="request_latest"),
    django.contrib.postgres.indexes.GinIndex(fields=["words"], name="request_words"),
]


def hashes() -> django.contrib.postgres.fields.ArrayField:
    return django.contrib.postgres.fields.ArrayField(base_field=models.IntegerField(), size=None)


class Migration(migrations.Migration):
    dependencies = [
        ("sessions_app", "0011_tool_failures"),
    ]

    operations = [
        migrations.DeleteModel("PartSearch"),
        migrations.RemoveIndex("session", "session_facets"),
        migrations.RemoveIndex("session", "session_failed_tools"),
        migrations.RunSQL(WITHOUT_TRIGRAMS, migrations.RunSQL.noop),
        migrations.CreateModel(
            name="RequestSearch",
            fields=[
                ("id", models.UUIDField(editable=False, primary_key=True, serialize=False)),
                ("session_id", models.UUIDField(editable=False)),
                ("bucket", models.DateField(editable=False)),
                ("project_id", models.BigIntegerField()),
                ("started_at", models.DateTimeField()),
                ("words", hashes()),
                ("parts", models.BinaryField()),
            ],
            options={"db_table": "request_search"},
        ),
        migrations.SeparateDatabaseAndState(
            [migrations.RunSQL(PARTITIONED, migrations.RunSQL.noop)],
            [migrations.AddIndex("requestsearch", index) for index in INDEXES],
        ),
    ]
