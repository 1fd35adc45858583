"""Sessions count their changes, and have names; requests that run are found by an index of their own."""

from django.db import migrations, models
from django.db.models.functions import Lower

# The name that a log gives its session, "" if it gives none. `storage.rollups.source_name` does the same.
# One expression, so that PostgreSQL writes it in the place of the call.
SOURCE_NAME = """
CREATE FUNCTION source_name(metadata jsonb) RETURNS text
LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
    SELECT left(coalesce(
        CASE jsonb_typeof(metadata -> 'session_name')
            WHEN 'string' THEN nullif(btrim(metadata ->> 'session_name'), '') END,
        CASE jsonb_typeof(metadata -> 'trace_name')
            WHEN 'string' THEN nullif(btrim(metadata ->> 'trace_name'), '') END,
        ''), 200)
$$;
"""


class Migration(migrations.Migration):
    dependencies = [
        ("sessions_app", "0024_request_profiles"),
    ]

    operations = [
        migrations.CreateModel(
            "SessionName",
            [
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("project_id", models.BigIntegerField()),
                ("session_id", models.UUIDField(unique=True)),
                ("name", models.TextField()),
                ("given_by", models.TextField()),
                ("given_at", models.DateTimeField()),
            ],
            options={
                "db_table": "session_name",
                "verbose_name": "session name",
                "default_permissions": (),
                "indexes": [models.Index(fields=["project_id"], name="session_name_project")],
            },
        ),
        migrations.AddField("Session", "revision", models.BigIntegerField(db_default=0, default=0)),
        migrations.AddField("Session", "given_name", models.TextField(db_default="", default="")),
        migrations.AddField("Session", "source_name", models.TextField(db_default="", default="")),
        migrations.AddField("Session", "source_name_at", models.DateTimeField(null=True)),
        migrations.AddIndex(
            "Session",
            models.Index(
                "project_id",
                Lower("source_name"),
                condition=~models.Q(source_name=""),
                name="session_source_name",
            ),
        ),
        migrations.AddIndex(
            "RequestLog",
            models.Index(fields=["session_id"], condition=models.Q(status="running"), name="request_running"),
        ),
        migrations.RunSQL(SOURCE_NAME, "DROP FUNCTION source_name(jsonb)"),
    ]
