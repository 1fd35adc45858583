"""An index for each order of the session list. Unknown costs and tokens come last when the highest are first."""

from django.db import migrations

ORDERS = {
    "session_by_start": "first_at",
    "session_by_cost": "coalesce(cost, -1)",
    "session_by_tokens": "(coalesce(input_tokens, -1) + coalesce(output_tokens, 0))",
    "session_by_duration": "(last_at - first_at)",
    "session_by_errors": "error_count",
    "session_by_requests": "request_count",
}


class Migration(migrations.Migration):
    dependencies = [
        ("sessions_app", "0018_prices"),
    ]

    operations = [
        migrations.RunSQL(
            f"CREATE INDEX {name} ON session (project_id, {expression} DESC, id DESC)", f"DROP INDEX {name}"
        )
        for name, expression in ORDERS.items()
    ]
