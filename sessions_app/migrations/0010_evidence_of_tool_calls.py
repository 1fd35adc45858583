"""Two more rules by which a request is in its session, and what tells that requests belong to a tool call."""

from django.db import migrations, models

# In the order of `rollups.RULES`. A sub-agent's run never gives a session its name if the caller's run can.
FUNCTIONS = """
CREATE OR REPLACE FUNCTION name_rank(rule text, weak boolean, needs uuid[], resent_count integer) RETURNS smallint
LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
    SELECT (CASE
        WHEN rule = 'manual' THEN 0
        WHEN rule IN ('session_id', 'trace_id') AND NOT weak THEN -1
        WHEN rule = 'sub_agent' THEN 64
        WHEN needs = '{}' THEN 1
        ELSE 2 + length(ltrim(resent_count::bit(32)::text, '0'))
    END)::smallint
$$;
CREATE OR REPLACE FUNCTION add_counts(a bigint[], b bigint[]) RETURNS bigint[]
LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
    SELECT ARRAY[
        coalesce(a[1], 0) + b[1], coalesce(a[2], 0) + b[2], coalesce(a[3], 0) + b[3], coalesce(a[4], 0) + b[4],
        coalesce(a[5], 0) + b[5], coalesce(a[6], 0) + b[6], coalesce(a[7], 0) + b[7], coalesce(a[8], 0) + b[8],
        coalesce(a[9], 0) + b[9]
    ]
$$;
CREATE OR REPLACE FUNCTION rules_of(counts bigint[]) RETURNS text[]
LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
    SELECT array_remove(ARRAY[
        CASE WHEN counts[1] > 0 THEN 'attempt' END, CASE WHEN counts[2] > 0 THEN 'conversation' END,
        CASE WHEN counts[3] > 0 THEN 'manual' END, CASE WHEN counts[4] > 0 THEN 'own' END,
        CASE WHEN counts[5] > 0 THEN 'previous_response_id' END, CASE WHEN counts[6] > 0 THEN 'session_id' END,
        CASE WHEN counts[7] > 0 THEN 'trace_id' END, CASE WHEN counts[8] > 0 THEN 'sub_agent' END,
        CASE WHEN counts[9] > 0 THEN 'tool_call' END
    ], NULL)
$$;
"""
FILL = "UPDATE session SET rule_counts = rule_counts || '{0,0}'::bigint[] WHERE cardinality(rule_counts) = 7"


class Migration(migrations.Migration):
    dependencies = [
        ("sessions_app", "0009_digest_suspects"),
    ]

    operations = [
        migrations.AddField(model_name="requestlog", name="task", field=models.UUIDField(null=True)),
        migrations.AddField(
            model_name="requestlog", name="resent_call", field=models.TextField(db_default="", default="")
        ),
        migrations.RunSQL(FUNCTIONS, migrations.RunSQL.noop),
        migrations.RunSQL(FILL, migrations.RunSQL.noop),
    ]
