"""What links requests to each other and to their ids, and corrections of the grouping by hand."""

import django.contrib.postgres.indexes
from django.db import migrations, models

# The ids under which stored requests are found. What they provide and need is written by `manage.py regroup`.
COPY_TOKENS = """
INSERT INTO link (token, role, started_at, key_id)
SELECT t.token, 0, r.started_at, k.id
FROM link_token AS t
JOIN request_key AS k ON k.session_id = t.session_id AND k.request_log_id = t.request_log_id
JOIN request_log AS r ON r.id = t.request_log_id AND r.session_id = t.session_id AND r.bucket = t.bucket
"""
# A session's row changes with every request; long pending lists would outgrow the table.
SHORT_PENDING_LIST = "ALTER INDEX session_facets SET (gin_pending_list_limit = 128)"


class Migration(migrations.Migration):
    dependencies = [
        ("sessions_app", "0003_deletion_indexes"),
    ]

    operations = [
        migrations.CreateModel(
            name="Assignment",
            fields=[
                ("id", models.UUIDField(editable=False, primary_key=True, serialize=False)),
                ("session_id", models.UUIDField()),
                ("session_key", models.TextField(null=True)),
                ("correction_id", models.BigIntegerField()),
            ],
            options={
                "db_table": "assignment",
            },
        ),
        migrations.CreateModel(
            name="Correction",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("project_id", models.BigIntegerField()),
                ("action", models.TextField(choices=[("move", "move"), ("split", "split"), ("merge", "merge")])),
                ("made_at", models.DateTimeField(auto_now_add=True)),
                ("made_by", models.TextField()),
                ("source_session_id", models.UUIDField()),
                ("target_session_id", models.UUIDField()),
                ("request_log_id", models.UUIDField(null=True)),
                ("request_count", models.BigIntegerField(default=0)),
                ("before", models.JSONField(default=dict)),
                ("undone_at", models.DateTimeField(null=True)),
                ("undone_by", models.TextField(db_default="", default="")),
            ],
            options={
                "db_table": "correction",
            },
        ),
        migrations.CreateModel(
            name="Link",
            fields=[
                (
                    "pk",
                    models.CompositePrimaryKey(
                        "token",
                        "role",
                        "started_at",
                        "key_id",
                        blank=True,
                        editable=False,
                        primary_key=True,
                        serialize=False,
                    ),
                ),
                ("token", models.UUIDField()),
                ("role", models.SmallIntegerField()),
                ("started_at", models.DateTimeField()),
                ("key_id", models.UUIDField()),
            ],
            options={
                "db_table": "link",
            },
        ),
        migrations.CreateModel(
            name="MovedId",
            fields=[
                ("id", models.UUIDField(editable=False, primary_key=True, serialize=False)),
                ("key_id", models.UUIDField()),
            ],
            options={
                "db_table": "moved_id",
            },
        ),
        migrations.CreateModel(
            name="Reroute",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("project_id", models.BigIntegerField()),
                ("source_session_id", models.UUIDField()),
                ("since", models.DateTimeField(null=True)),
                ("session_id", models.UUIDField()),
                ("session_key", models.TextField(null=True)),
                ("correction_id", models.BigIntegerField()),
            ],
            options={
                "db_table": "reroute",
            },
        ),
        migrations.RunSQL(COPY_TOKENS, migrations.RunSQL.noop),
        migrations.DeleteModel(
            name="LinkToken",
        ),
        migrations.RemoveIndex(
            model_name="session",
            name="session_facets",
        ),
        migrations.AddField(
            model_name="requestlog",
            name="attempt",
            field=models.UUIDField(null=True),
        ),
        migrations.AddField(
            model_name="requestlog",
            name="call",
            field=models.UUIDField(null=True),
        ),
        migrations.AddField(
            model_name="requestlog",
            name="previous",
            field=models.UUIDField(null=True),
        ),
        migrations.AddField(
            model_name="session",
            name="retry_count",
            field=models.BigIntegerField(db_default=0, default=0),
        ),
        migrations.AddIndex(
            model_name="session",
            index=django.contrib.postgres.indexes.GinIndex(
                fields=["model_names", "users", "tags", "sources", "rules"], name="session_facets"
            ),
        ),
        migrations.RunSQL(SHORT_PENDING_LIST, migrations.RunSQL.noop),
        migrations.AddIndex(
            model_name="assignment",
            index=models.Index(fields=["session_id"], name="assignment_session"),
        ),
        migrations.AddIndex(
            model_name="correction",
            index=models.Index(fields=["project_id", "source_session_id"], name="correction_source"),
        ),
        migrations.AddIndex(
            model_name="correction",
            index=models.Index(fields=["project_id", "target_session_id"], name="correction_target"),
        ),
        migrations.AddIndex(
            model_name="link",
            index=models.Index(fields=["key_id"], name="link_key"),
        ),
        migrations.AddIndex(
            model_name="movedid",
            index=models.Index(fields=["key_id"], name="moved_id_key"),
        ),
        migrations.AddIndex(
            model_name="reroute",
            index=models.Index(fields=["source_session_id"], name="reroute_source"),
        ),
    ]
