"""Rows of up to a page stay in one piece, in the partitions that exist; new ones are made so."""

from django.db import migrations

PARTITIONS = """
DO $$
DECLARE
    partition regclass;
BEGIN
    FOR partition IN
        SELECT inhrelid::regclass FROM pg_inherits WHERE inhparent IN ('part'::regclass, 'request_search'::regclass)
    LOOP
        EXECUTE format('ALTER TABLE %s SET (toast_tuple_target = 8160)', partition);
    END LOOP;
END $$;
"""


class Migration(migrations.Migration):
    dependencies = [
        ("sessions_app", "0020_bulk_action_zone"),
    ]

    operations = [migrations.RunSQL(PARTITIONS, migrations.RunSQL.noop)]
