"""Health checks and metrics for monitoring."""

from __future__ import annotations

from typing import Any

from django.db import DatabaseError, connection
from django.db.migrations.executor import MigrationExecutor
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.views.decorators.http import require_safe

METRICS_TYPE = "text/plain; version=0.0.4; charset=utf-8"

INBOX = """
SELECT
    coalesce(sum(entries_in - entries_out), 0)::bigint, coalesce(sum(bytes_in - bytes_out), 0)::bigint,
    coalesce(extract(epoch FROM now() - (SELECT received_at FROM inbox ORDER BY id LIMIT 1)), 0),
    (SELECT count(*) FROM digest_suspect)
FROM inbox_usage
"""
# Estimates from PostgreSQL's statistics, since exact counts would read whole tables.
ROWS = """
SELECT root.relname, coalesce(sum(greatest(leaf.reltuples, pg_stat_get_live_tuples(leaf.oid), 0)), 0)::bigint
FROM pg_class root LEFT JOIN pg_class leaf ON leaf.relkind = 'r'
    AND leaf.oid IN (SELECT root.oid UNION ALL SELECT relid FROM pg_partition_tree(root.oid) WHERE isleaf)
WHERE root.oid IN ('session'::regclass, 'request_log'::regclass, 'part'::regclass, 'rejected_log'::regclass)
GROUP BY 1 ORDER BY 1
"""

_migrated = False


@require_safe
def healthz(request: HttpRequest) -> HttpResponse:
    """200 as long as the process answers, even without a database."""
    return HttpResponse("ok\n", content_type="text/plain")


@require_safe
def readyz(request: HttpRequest) -> JsonResponse:
    """200 when the database answers and all migrations are applied, else 503 with the reason."""
    try:
        problem = None if is_migrated() else "some migrations are not applied; run manage.py migrate"
    except DatabaseError:
        problem = "the database cannot be reached"
    return JsonResponse({"ready": problem is None, "problem": problem}, status=200 if problem is None else 503)


def is_migrated() -> bool:
    """Asks the database each time, but no longer computes the plan once nothing is left to apply."""
    global _migrated
    if _migrated:
        with connection.cursor() as cursor:
            cursor.execute("SELECT 1")
        return True
    executor = MigrationExecutor(connection)
    _migrated = not executor.migration_plan(executor.loader.graph.leaf_nodes())
    return _migrated


@require_safe
def metrics(request: HttpRequest) -> HttpResponse:
    """Totals of all projects in Prometheus' text format, version 0.0.4. Row counts are estimates."""
    try:
        samples = read_samples()
    except DatabaseError:
        samples = [("logsui_up", "1 when the database answers", {}, 0)]
    return HttpResponse(render(samples), content_type=METRICS_TYPE)


Sample = tuple[str, str, dict[str, str], Any]


def read_samples() -> list[Sample]:
    with connection.cursor() as cursor:
        cursor.execute(INBOX)
        waiting, size, age, suspects = cursor.fetchone()
        cursor.execute(ROWS)
        tables = cursor.fetchall()
        cursor.execute("SELECT pg_database_size(current_database())")
        (database_size,) = cursor.fetchone()
    return [
        ("logsui_up", "1 when the database answers", {}, 1),
        ("logsui_inbox_entries", "Accepted bodies waiting to be digested", {}, waiting),
        ("logsui_inbox_bytes", "Uncompressed size of the waiting bodies", {}, size),
        ("logsui_inbox_oldest_seconds", "Age of the oldest waiting body", {}, round(float(age), 3)),
        (
            "logsui_inbox_suspects",
            "Bodies digested in a process of their own after a crash",
            {},
            suspects,
        ),
        *(("logsui_rows", "Estimated rows in a table", {"table": name}, count) for name, count in tables),
        ("logsui_database_bytes", "Size of the database on disk", {}, database_size),
    ]


def render(samples: list[Sample]) -> str:
    lines: list[str] = []
    seen = set()
    for name, description, labels, value in samples:
        if name not in seen:
            lines += [f"# HELP {name} {description}", f"# TYPE {name} gauge"]
            seen.add(name)
        inside = ",".join(f'{label}="{text}"' for label, text in labels.items())
        lines.append(f"{name}{{{inside}}} {value}" if inside else f"{name} {value}")
    return "\n".join(lines) + "\n"
