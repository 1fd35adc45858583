"""Findings of sessions that people have dismissed."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("sessions_app", "0021_rows_in_one_piece"),
    ]

    operations = [
        migrations.CreateModel(
            "DismissedFinding",
            [
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("project_id", models.BigIntegerField()),
                ("session_id", models.UUIDField()),
                ("rule", models.TextField()),
                ("key", models.TextField()),
                ("dismissed_by", models.TextField()),
                ("dismissed_at", models.DateTimeField()),
            ],
            options={
                "db_table": "dismissed_finding",
                "verbose_name": "dismissed finding",
                "constraints": [
                    models.UniqueConstraint(fields=["session_id", "rule", "key"], name="dismissed_finding_once")
                ],
            },
        ),
    ]
