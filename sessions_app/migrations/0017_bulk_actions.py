"""What people do with many sessions at once."""

import uuid

import django.contrib.postgres.fields
import django.db.models.deletion
import django.utils.timezone
from django.conf import settings
from django.db import migrations, models

KINDS = [(name, name) for name in ("tag", "untag", "delete", "download")]
STATES = [(name, name) for name in ("asked", "running", "stopped", "done")]


def owned_by(model: str, **options: object) -> models.ForeignKey:
    return models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name="+", to=model, **options)


class Migration(migrations.Migration):
    dependencies = [
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
        ("sessions_app", "0016_session_tags"),
    ]

    operations = [
        migrations.CreateModel(
            "BulkAction",
            [
                ("id", models.UUIDField(default=uuid.uuid4, editable=False, primary_key=True, serialize=False)),
                ("kind", models.TextField(choices=KINDS)),
                ("argument", models.TextField(default="")),
                ("query", models.TextField(default="")),
                (
                    "session_ids",
                    django.contrib.postgres.fields.ArrayField(base_field=models.UUIDField(), null=True, size=None),
                ),
                ("state", models.TextField(choices=STATES, default="asked")),
                ("place", models.TextField(default="")),
                ("done", models.BigIntegerField(default=0)),
                ("survey", models.JSONField(default=dict)),
                ("failures", models.JSONField(default=list)),
                ("failed_count", models.BigIntegerField(default=0)),
                ("receipt", models.JSONField(default=dict)),
                ("leased_until", models.DateTimeField(null=True)),
                ("made_at", models.DateTimeField(default=django.utils.timezone.now)),
                ("ended_at", models.DateTimeField(null=True)),
                ("project", owned_by("sessions_app.project", db_constraint=False)),
                ("user", owned_by(settings.AUTH_USER_MODEL)),
            ],
            options={"db_table": "bulk_action", "verbose_name": "bulk action"},
        ),
    ]
