"""What pages must know of a request's content without reading it. Requests that are stored already have none."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("sessions_app", "0023_dismissed_findings"),
    ]

    operations = [
        migrations.AddField("requestlog", "profile", models.BinaryField(default=b"", db_default=b"")),
    ]
