"""What digesters work on, and inbox entries suspected of ending them; the content type of rejected bodies."""

import django.contrib.postgres.fields
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("sessions_app", "0008_contradicting_copies"),
    ]

    operations = [
        migrations.CreateModel(
            name="DigestNote",
            fields=[
                (
                    "pk",
                    models.CompositePrimaryKey(
                        "digester", "thread", blank=True, editable=False, primary_key=True, serialize=False
                    ),
                ),
                ("digester", models.IntegerField()),
                ("thread", models.IntegerField()),
                (
                    "entry_ids",
                    django.contrib.postgres.fields.ArrayField(base_field=models.BigIntegerField(), size=None),
                ),
            ],
            options={
                "db_table": "digest_note",
            },
        ),
        migrations.CreateModel(
            name="DigestSuspect",
            fields=[
                ("entry_id", models.BigIntegerField(primary_key=True, serialize=False)),
                ("endings", models.IntegerField(db_default=0, default=0)),
                ("most_logs", models.IntegerField(null=True)),
                ("strikes", models.IntegerField(db_default=0, default=0)),
                ("reason", models.TextField(db_default="", default="")),
            ],
            options={
                "db_table": "digest_suspect",
            },
        ),
        migrations.AddField(
            model_name="rejectedlog",
            name="content_type",
            field=models.TextField(blank=True, db_default="", default=""),
        ),
    ]
