"""The time zone of whoever asked for an action: `after:2026-01-31` means what it meant in the list."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("sessions_app", "0019_session_orders"),
    ]

    operations = [
        migrations.AddField("bulkaction", "zone", models.TextField(default="UTC", db_default="UTC")),
    ]
