"""Copies of a log that say other things than the stored one; a history of the admin site that quotes no content."""

import django.contrib.postgres.fields
from django.db import migrations, models

# What was deleted is named by its id: its title, key or name was quoted here.
NAMED_BY_ID = """
UPDATE django_admin_log AS l SET object_repr = left(c.model || ' ' || l.object_id, 200)
FROM django_content_type AS c WHERE c.id = l.content_type_id AND c.app_label = 'sessions_app'
"""


class Migration(migrations.Migration):
    dependencies = [
        ("sessions_app", "0005_trace_spans"),
        ("admin", "0003_logentry_add_action_flag_choices"),
        ("contenttypes", "0002_remove_content_type_name"),
    ]

    operations = [
        migrations.AddField(
            model_name="requestkey", name="entry_id", field=models.BigIntegerField(db_default=0, default=0)
        ),
        migrations.AddField(
            model_name="requestkey", name="entry_index", field=models.IntegerField(db_default=0, default=0)
        ),
        migrations.AddField(
            model_name="requestkey", name="contradictions", field=models.IntegerField(db_default=0, default=0)
        ),
        migrations.AddIndex(
            model_name="requestkey",
            index=models.Index(
                condition=models.Q(("contradictions__gt", 0)), fields=["session_id"], name="request_key_contradicted"
            ),
        ),
        migrations.CreateModel(
            name="ContradictingCopy",
            fields=[
                ("id", models.UUIDField(editable=False, primary_key=True, serialize=False)),
                ("key_id", models.UUIDField()),
                ("project_id", models.BigIntegerField()),
                ("source", models.TextField()),
                ("received_at", models.DateTimeField()),
                ("entry_id", models.BigIntegerField()),
                ("entry_index", models.IntegerField()),
                (
                    "differs",
                    django.contrib.postgres.fields.ArrayField(base_field=models.TextField(), default=list, size=None),
                ),
                ("byte_size", models.BigIntegerField()),
                ("body", models.BinaryField()),
            ],
            options={
                "db_table": "contradicting_copy",
                "indexes": [models.Index(fields=["key_id", "entry_id", "entry_index"], name="contradicting_copy_of")],
            },
        ),
        migrations.AddIndex(model_name="reroute", index=models.Index(fields=["session_id"], name="reroute_session")),
        migrations.RunSQL(NAMED_BY_ID, migrations.RunSQL.noop),
    ]
