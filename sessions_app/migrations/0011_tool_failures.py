"""Tool results that failed: their keys, counts and tools. Nothing is known of requests that are stored already."""

import django.contrib.postgres.fields
import django.contrib.postgres.indexes
from django.db import migrations, models

FUNCTIONS = """
-- For the roll-up's upsert: what a distributed PostgreSQL accepts there must be IMMUTABLE and free of sub-selects.
-- The last bit of a key tells whether a result only looks failed. If somebody says that it failed, that counts.
CREATE FUNCTION failure_union(a bigint[], b bigint[]) RETURNS bigint[]
LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
    SELECT CASE WHEN b <@ a THEN a ELSE (
        SELECT array_agg(key ORDER BY key)
        FROM (SELECT DISTINCT ON (key >> 1) key FROM unnest(a || b) AS key ORDER BY key >> 1, key LIMIT 1000) AS united
    ) END
$$;
CREATE FUNCTION failure_count(keys bigint[], looks_failed integer) RETURNS bigint
LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
    SELECT CASE WHEN keys = '{}' THEN 0 ELSE (
        SELECT count(*) FROM unnest(keys) AS key WHERE key & 1 = looks_failed
    ) END
$$;
"""
DROP_FUNCTIONS = """
DROP FUNCTION failure_count(bigint[], integer);
DROP FUNCTION failure_union(bigint[], bigint[]);
"""


def keys() -> django.contrib.postgres.fields.ArrayField:
    return django.contrib.postgres.fields.ArrayField(base_field=models.BigIntegerField(), default=list, size=None)


def names() -> django.contrib.postgres.fields.ArrayField:
    return django.contrib.postgres.fields.ArrayField(base_field=models.TextField(), default=list, size=None)


class Migration(migrations.Migration):
    dependencies = [
        ("sessions_app", "0010_evidence_of_tool_calls"),
    ]

    operations = [
        migrations.RunSQL(FUNCTIONS, DROP_FUNCTIONS),
        migrations.AddField("session", "tool_failures", keys()),
        migrations.AddField("session", "tool_error_count", models.BigIntegerField(default=0, db_default=0)),
        migrations.AddField("session", "tool_looks_failed_count", models.BigIntegerField(default=0, db_default=0)),
        migrations.AddField("session", "failed_tools", names()),
        migrations.AddField("requestlog", "tool_failures", keys()),
        migrations.AddField("requestlog", "failed_tools", names()),
        migrations.AddField("requestlog", "tool_error_count", models.IntegerField(default=0, db_default=0)),
        migrations.AddField("requestlog", "tool_looks_failed_count", models.IntegerField(default=0, db_default=0)),
        migrations.AddIndex(
            "session", django.contrib.postgres.indexes.GinIndex(fields=["failed_tools"], name="session_failed_tools")
        ),
    ]
