"""Notes which projects have requests that are not in the search index yet."""

from django.db import migrations, models

# Sessions last active before this are not searched; nothing stored now is newer than a day from now.
BACKLOG = """
INSERT INTO search_backlog (project_id, before, session_id)
SELECT p.id, '9999-01-01 00:00:00+00', 'ffffffff-ffff-ffff-ffff-ffffffffffff'
FROM sessions_app_project AS p WHERE EXISTS (SELECT FROM session AS s WHERE s.project_id = p.id)
"""


class Migration(migrations.Migration):
    dependencies = [
        ("sessions_app", "0014_saved_views"),
    ]

    operations = [
        migrations.CreateModel(
            name="SearchBacklog",
            fields=[
                ("project_id", models.BigIntegerField(primary_key=True, serialize=False)),
                ("before", models.DateTimeField()),
                ("session_id", models.UUIDField()),
                ("passes", models.IntegerField(db_default=0, default=0)),
                ("found", models.BigIntegerField(db_default=0, default=0)),
                ("rebuilds", models.BooleanField(db_default=False, default=False)),
            ],
            options={"db_table": "search_backlog"},
        ),
        migrations.RunSQL(BACKLOG, migrations.RunSQL.noop),
    ]
