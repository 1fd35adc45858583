"""Spans of traces: steps beside requests, calls that two spans report, and what a span names for its trace."""

import django.contrib.postgres.fields
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("sessions_app", "0004_link_requests"),
    ]

    operations = [
        migrations.AddField(
            model_name="project",
            name="keeps_other_spans",
            field=models.BooleanField(db_default=True, default=True),
        ),
        migrations.AddField(
            model_name="requestlog",
            name="duplicate_of",
            field=models.UUIDField(null=True),
        ),
        migrations.AddField(
            model_name="requestlog",
            name="name",
            field=models.TextField(db_default="", default=""),
        ),
        migrations.AddField(
            model_name="requestlog",
            name="problems",
            field=django.contrib.postgres.fields.ArrayField(base_field=models.TextField(), null=True, size=None),
        ),
        migrations.AddField(
            model_name="requestlog",
            name="span_id",
            field=models.TextField(db_default="", default=""),
        ),
        migrations.AddField(
            model_name="requestlog",
            name="step",
            field=models.BooleanField(db_default=False, default=False),
        ),
        migrations.AddField(
            model_name="requestlog",
            name="tool_call_id",
            field=models.TextField(db_default="", default=""),
        ),
        migrations.AddField(
            model_name="requestlog",
            name="tool_name",
            field=models.TextField(db_default="", default=""),
        ),
        migrations.AddField(
            model_name="session",
            name="step_count",
            field=models.BigIntegerField(db_default=0, default=0),
        ),
        migrations.CreateModel(
            name="TraceSpan",
            fields=[
                (
                    "pk",
                    models.CompositePrimaryKey(
                        "trace", "span_id", blank=True, editable=False, primary_key=True, serialize=False
                    ),
                ),
                ("trace", models.UUIDField()),
                ("span_id", models.TextField()),
                ("project_id", models.BigIntegerField()),
                ("key_id", models.UUIDField()),
                ("parent_id", models.TextField()),
                ("kind", models.TextField()),
                ("name", models.TextField()),
                ("started_at", models.DateTimeField()),
                ("ended_at", models.DateTimeField(null=True)),
                ("status", models.TextField()),
                ("claim_key", models.TextField(null=True)),
                ("claim_detail", models.TextField(db_default="", default="")),
                ("claim_rank", models.SmallIntegerField()),
                ("facts", models.JSONField(null=True)),
                ("content", models.BinaryField(null=True)),
            ],
            options={
                "db_table": "trace_span",
                "indexes": [models.Index(fields=["key_id"], name="trace_span_key")],
            },
        ),
    ]
