"""Lists that are empty in almost all requests are NULL then. What is stored stays as it is; both are read alike."""

import django.contrib.postgres.fields
from django.db import migrations, models

# Nothing is read or written. It waits for a lock on the table, but not for long, because others wait behind it.
NULLABLE = """
SET LOCAL lock_timeout = '20s';
ALTER TABLE request_log
    ALTER time_problems DROP NOT NULL, ALTER tool_failures DROP NOT NULL, ALTER failed_tools DROP NOT NULL;
SET LOCAL lock_timeout = 0;
"""


def altered(name: str, base: models.Field) -> migrations.AlterField:
    field = django.contrib.postgres.fields.ArrayField(base_field=base, default=list, null=True, size=None)
    return migrations.AlterField("requestlog", name, field)


class Migration(migrations.Migration):
    dependencies = [
        ("sessions_app", "0025_live_sessions"),
    ]

    operations = [
        migrations.SeparateDatabaseAndState(
            [migrations.RunSQL(NULLABLE, migrations.RunSQL.noop)],
            [
                altered("time_problems", models.TextField()),
                altered("tool_failures", models.BigIntegerField()),
                altered("failed_tools", models.TextField()),
            ],
        ),
    ]
