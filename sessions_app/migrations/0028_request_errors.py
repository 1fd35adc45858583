"""What the errors of a session say is found without looking at its other requests."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("sessions_app", "0027_summaries_are_no_titles"),
    ]

    operations = [
        migrations.AddIndex(
            "requestlog",
            models.Index(
                fields=["session_id"],
                condition=~models.Q(error_type="") | ~models.Q(error_message=""),
                name="request_error",
            ),
        ),
    ]
