"""Find the idempotency keys and link tokens of a session, to delete them with it."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("sessions_app", "0002_partition_hot_tables")]

    operations = [
        migrations.AddIndex("requestkey", models.Index(fields=["session_id"], name="request_key_session")),
        migrations.AddIndex("linktoken", models.Index(fields=["session_id"], name="link_token_session")),
    ]
