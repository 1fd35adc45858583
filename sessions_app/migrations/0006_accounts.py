"""Who made each API key, so that it has no more rights than that user; and how often somebody tried to sign in.

Keys knew their maker's name alone. Those whose maker is no user any more lose the scope to correct: nobody is left
whose right could be asked for. Without a name they were made by a command, and are the operator's.
"""

from typing import Any

import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models

# One statement each: a key is known by its maker's name, which no two users share.
NAME_MAKERS = """
UPDATE sessions_app_apikey SET maker_id = maker.id FROM auth_user maker
WHERE maker.username = created_by AND created_by <> ''
"""
DROP_ORPHANED_SCOPES = """
UPDATE sessions_app_apikey SET scopes = array_remove(scopes, 'correct')
WHERE maker_id IS NULL AND created_by <> '' AND 'correct' = ANY (scopes)
"""


def name_makers(apps: Any, editor: Any) -> None:
    editor.execute(NAME_MAKERS)
    editor.execute(DROP_ORPHANED_SCOPES)


class Migration(migrations.Migration):
    dependencies = [
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
        ("sessions_app", "0005_trace_spans"),
    ]

    operations = [
        migrations.AddField(
            model_name="apikey",
            name="maker",
            field=models.ForeignKey(
                db_constraint=False,
                null=True,
                on_delete=django.db.models.deletion.DO_NOTHING,
                related_name="+",
                to=settings.AUTH_USER_MODEL,
            ),
        ),
        migrations.RunPython(name_makers, migrations.RunPython.noop),
        migrations.CreateModel(
            name="Throttle",
            fields=[
                ("key", models.CharField(max_length=80, primary_key=True, serialize=False)),
                ("hits", models.IntegerField()),
                ("expires_at", models.DateTimeField()),
            ],
            options={
                "db_table": "throttle",
                "indexes": [models.Index(fields=["expires_at"], name="throttle_expiry")],
            },
        ),
    ]
