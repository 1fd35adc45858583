"""What pages must know of a request's content without reading it. Requests that are stored already have none."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("sessions_app", "0021_rows_in_one_piece"),
    ]

    operations = [
        migrations.AddField("requestlog", "profile", models.BinaryField(default=b"", db_default=b"")),
    ]
