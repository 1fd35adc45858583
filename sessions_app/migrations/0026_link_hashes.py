"""Links are found by a hash of link key and role: the index has a quarter less bytes than the primary key."""

from django.db import migrations, models

WITHOUT_KEY = "ALTER TABLE link DROP CONSTRAINT link_pkey"
WITH_KEY = "ALTER TABLE link ADD PRIMARY KEY (token, role, started_at, key_id)"


class Migration(migrations.Migration):
    dependencies = [
        ("sessions_app", "0025_live_sessions"),
    ]

    operations = [
        migrations.AddConstraint(
            "link",
            models.UniqueConstraint(
                models.Func("token", "role", function="uuid_hash_extended", output_field=models.BigIntegerField()),
                models.F("started_at"),
                models.F("key_id"),
                name="link_found",
            ),
        ),
        migrations.RunSQL(WITHOUT_KEY, WITH_KEY),
    ]
