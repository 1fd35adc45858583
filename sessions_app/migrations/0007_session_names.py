"""What decides which of two sessions that become one keeps its name, and turns and shares of the inbox by project."""

import django.contrib.postgres.fields
from django.db import migrations, models

FUNCTIONS = """
-- How late in a conversation a request seems to be; `Node.standing` says the same in Python.
CREATE FUNCTION name_rank(rule text, weak boolean, needs uuid[], resent_count integer) RETURNS smallint
LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
    SELECT (CASE
        WHEN rule = 'manual' THEN 0
        WHEN rule IN ('session_id', 'trace_id') AND NOT weak THEN -1
        WHEN needs = '{}' THEN 1
        ELSE 2 + length(ltrim(resent_count::bit(32)::text, '0'))
    END)::smallint
$$;
-- For the roll-up's upsert: what a distributed PostgreSQL accepts there must be IMMUTABLE and free of sub-selects.
CREATE FUNCTION add_counts(a bigint[], b bigint[]) RETURNS bigint[]
LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
    SELECT ARRAY[
        coalesce(a[1], 0) + b[1], coalesce(a[2], 0) + b[2], coalesce(a[3], 0) + b[3], coalesce(a[4], 0) + b[4],
        coalesce(a[5], 0) + b[5], coalesce(a[6], 0) + b[6], coalesce(a[7], 0) + b[7]
    ]
$$;
CREATE FUNCTION rules_of(counts bigint[]) RETURNS text[]
LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
    SELECT array_remove(ARRAY[
        CASE WHEN counts[1] > 0 THEN 'attempt' END, CASE WHEN counts[2] > 0 THEN 'conversation' END,
        CASE WHEN counts[3] > 0 THEN 'manual' END, CASE WHEN counts[4] > 0 THEN 'own' END,
        CASE WHEN counts[5] > 0 THEN 'previous_response_id' END, CASE WHEN counts[6] > 0 THEN 'session_id' END,
        CASE WHEN counts[7] > 0 THEN 'trace_id' END
    ], NULL)
$$;
"""
DROP_FUNCTIONS = """
DROP FUNCTION rules_of(bigint[]);
DROP FUNCTION add_counts(bigint[], bigint[]);
DROP FUNCTION name_rank(text, boolean, uuid[], integer);
"""
# Reads each request once. Sessions keep the names that they have.
FILL = """
UPDATE session AS s SET rule_counts = f.rule_counts, name_rank = f.name_rank
FROM (
    SELECT
        session_id,
        ARRAY[
            count(*) FILTER (WHERE rule = 'attempt'), count(*) FILTER (WHERE rule = 'conversation'),
            count(*) FILTER (WHERE rule = 'manual'), count(*) FILTER (WHERE rule = 'own'),
            count(*) FILTER (WHERE rule = 'previous_response_id'), count(*) FILTER (WHERE rule = 'session_id'),
            count(*) FILTER (WHERE rule = 'trace_id')
        ] AS rule_counts,
        min(name_rank(rule, weak, needs, resent_count)) AS name_rank
    FROM request_log GROUP BY session_id
) AS f
WHERE s.id = f.session_id;
INSERT INTO inbox_usage (project_id, slot, bytes_in, entries_in)
SELECT project_id, 0, sum(raw_bytes), count(*) FROM inbox GROUP BY project_id;
"""
# The rows are updated with each body, in place as long as their page has room.
UPDATED_IN_PLACE = "ALTER TABLE inbox_usage SET (fillfactor = 25, autovacuum_vacuum_scale_factor = 0.1)"


class Migration(migrations.Migration):
    dependencies = [
        ("sessions_app", "0006_accounts"),
    ]

    operations = [
        migrations.AddField(
            model_name="session",
            name="rule_counts",
            field=django.contrib.postgres.fields.ArrayField(
                base_field=models.BigIntegerField(), default=list, size=None
            ),
        ),
        migrations.AddField(
            model_name="session",
            name="name_rank",
            field=models.SmallIntegerField(db_default=32767, default=32767),
        ),
        migrations.AddIndex(
            model_name="inboxentry",
            index=models.Index(fields=["project_id", "id"], name="inbox_project"),
        ),
        migrations.CreateModel(
            name="InboxUsage",
            fields=[
                (
                    "pk",
                    models.CompositePrimaryKey(
                        "project_id", "slot", blank=True, editable=False, primary_key=True, serialize=False
                    ),
                ),
                ("project_id", models.BigIntegerField()),
                ("slot", models.SmallIntegerField()),
                ("bytes_in", models.BigIntegerField(db_default=0, default=0)),
                ("bytes_out", models.BigIntegerField(db_default=0, default=0)),
                ("entries_in", models.BigIntegerField(db_default=0, default=0)),
                ("entries_out", models.BigIntegerField(db_default=0, default=0)),
            ],
            options={"db_table": "inbox_usage"},
        ),
        migrations.RunSQL(UPDATED_IN_PLACE, migrations.RunSQL.noop),
        migrations.RunSQL(FUNCTIONS, DROP_FUNCTIONS),
        migrations.RunSQL(FILL, migrations.RunSQL.noop),
    ]
