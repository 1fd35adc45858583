"""`manage.py regroup`: read and group the stored requests of a project by the current rules."""

from __future__ import annotations

from argparse import ArgumentParser
from datetime import datetime
from typing import Any

from django.core.management.base import BaseCommand

from sessions_app.ingest.regroup import Change, regroup
from sessions_app.management.arguments import find_project, moment

MOST_LINES = 200


class Command(BaseCommand):
    help = (
        "Read the stored requests of a project again by the current rules: links, failed tools and profiles. Group them"
        " by these, and print what changed. It can be interrupted and repeated. Requests that were moved manually stay"
        " where they are."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--project", required=True, help="slug of a project")
        parser.add_argument("--since", type=moment, help="only requests that started at or after this time (RFC 3339)")
        parser.add_argument("--dry-run", action="store_true", help="only print what would change")

    def handle(self, *args: Any, project: str, since: datetime | None, dry_run: bool, **options: Any) -> None:
        result = regroup(find_project(project), since, dry_run=dry_run)
        would = "would be" if dry_run else "were"
        changes = sorted(result.changes.items(), key=lambda item: (-item[1], item[0]))
        for change, count in changes[:MOST_LINES]:
            self.stdout.write(_line(change, count))
        if len(changes) > MOST_LINES:
            self.stdout.write(f"… and {len(changes) - MOST_LINES:,} more changes")
        self.stdout.write(
            f"{result.looked_at:,} requests checked; {result.moved:,} {would} moved to other sessions,"
            f" {result.changes.total() - result.moved:,} {would} given another rule."
        )


def _line(change: Change, count: int) -> str:
    source, target, rule = change
    requests = f"{count:,} request{'' if count == 1 else 's'}"
    if source == target:
        return f"{requests} of session {source}: rule {rule}"
    return f"{requests} of session {source} to session {target}: rule {rule}"
