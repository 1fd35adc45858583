"""`manage.py reindex_search`: let search find the requests that were stored before its index was."""

from __future__ import annotations

import time
from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand

from sessions_app.ingest import reindexing
from sessions_app.management.arguments import chosen_projects
from sessions_app.models import Project

BAR_WIDTH = 30


class Command(BaseCommand):
    help = (
        "Index stored requests for search, newest first. logsui may run meanwhile. It can be interrupted: called again,"
        " it goes on. Without --all it only does what is missing."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--project", help="slug of a project (default: all)")
        parser.add_argument("--all", action="store_true", help="index anew what is indexed already, too")
        parser.add_argument("--check", action="store_true", help="look for what is missing, even if nothing should be")

    def handle(self, *args: Any, project: str | None, check: bool, **options: Any) -> None:
        for one in chosen_projects(project):
            if options["all"] or check:
                reindexing.begin(one, rebuilds=options["all"])
            self._index(one)

    def _index(self, project: Project) -> None:
        bar = _Bar(self.stderr, reindexing.sessions_left(project))
        requests = 0
        while (done := reindexing.step(project)) is not None:
            requests += done.requests
            bar.add(done.sessions, requests)
        bar.end()
        self.stdout.write(f"{project.slug}: {requests:,} requests indexed; everything can be searched.")


class _Bar:
    """A progress bar on a terminal."""

    def __init__(self, out: Any, total: int) -> None:
        self.out, self.total, self.done, self.started = out, total, 0, time.monotonic()

    def add(self, sessions: int, requests: int) -> None:
        self.done += sessions
        if not self.out.isatty():
            return
        # After all sessions they are looked at once more.
        share = min(1.0, self.done / self.total) if self.total else 1.0
        bar = ("█" * round(share * BAR_WIDTH)).ljust(BAR_WIDTH, "░")
        rate = requests / max(time.monotonic() - self.started, 0.001)
        text = f"{bar} {share:4.0%}  {self.done:,} sessions, {requests:,} requests  {rate:,.0f}/s"
        self.out.write("\r" + text, ending="")
        self.out.flush()

    def end(self) -> None:
        if self.out.isatty():
            self.out.write("")
