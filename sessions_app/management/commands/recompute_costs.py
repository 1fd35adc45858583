"""`manage.py recompute_costs`: compute the costs of stored requests anew, after prices changed."""

from __future__ import annotations

from argparse import ArgumentParser
from datetime import datetime
from typing import Any

from django.core.management.base import BaseCommand

from sessions_app.ingest import recosting
from sessions_app.ingest.recosting import Recosted
from sessions_app.management.arguments import chosen_projects, moment
from sessions_app.models import Project
from sessions_app.pages.html.formats import exact_cost

BAR_WIDTH = 30


class Command(BaseCommand):
    help = (
        "Compute the costs of stored requests anew, with today's prices for their time. What callers stated stays what"
        " counts. logsui may run meanwhile. It can be interrupted and repeated."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--project", help="slug of a project (default: all)")
        parser.add_argument("--since", type=moment, help="only requests that started at or after this time (RFC 3339)")
        parser.add_argument("--dry-run", action="store_true", help="only say what would change")

    def handle(self, *args: Any, project: str | None, since: datetime | None, dry_run: bool, **options: Any) -> None:
        for one in chosen_projects(project):
            self._recompute(one, since, dry_run)

    def _recompute(self, project: Project, since: datetime | None, dry_run: bool) -> None:
        total = Recosted()
        count = recosting.count_of(project, since) if self.stderr.isatty() else 0
        for done in recosting.recompute_costs(project, since, dry_run=dry_run):
            for name in Recosted.__slots__:
                setattr(total, name, getattr(total, name) + getattr(done, name))
            self._show(total.looked_at, count)
        if count:
            self.stderr.write("")
        would = "would change" if dry_run else "changed"
        self.stdout.write(
            f"{project.slug}: {total.looked_at:,} requests checked, {total.changed:,} {would};"
            f" their cost: {exact_cost(total.before)} before, {exact_cost(total.after)} after."
        )

    def _show(self, done: int, count: int) -> None:
        """The progress bar, on a terminal."""
        if count:
            share = min(1.0, done / count)
            bar = ("█" * round(share * BAR_WIDTH)).ljust(BAR_WIDTH, "░")
            self.stderr.write(f"\r{bar} {share:4.0%}  {done:,} of {count:,} requests", ending="")
            self.stderr.flush()
