"""Tags that people give to sessions."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("sessions_app", "0015_search_backlog"),
    ]

    operations = [
        migrations.CreateModel(
            "SessionTag",
            [
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("project_id", models.BigIntegerField()),
                ("session_id", models.UUIDField()),
                ("tag", models.TextField()),
                ("given_by", models.TextField()),
                ("given_at", models.DateTimeField()),
            ],
            options={
                "db_table": "session_tag",
                "verbose_name": "session tag",
                "indexes": [models.Index(fields=["project_id", "tag"], name="session_tag_found")],
                "constraints": [models.UniqueConstraint(fields=["session_id", "tag"], name="session_tag_once")],
            },
        ),
    ]
