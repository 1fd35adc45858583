"""`manage.py load_samples`: loads sample sessions into project `demo`. Loading them again adds nothing."""

from __future__ import annotations

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from sessions_app.ingest.accept import InboxFull
from sessions_app.management.arguments import get_or_create_project
from sessions_app.samples import loading


class Command(BaseCommand):
    help = "Load varied sample sessions into a project, through the inbox. Existing sessions are not changed."
    requires_system_checks = ()

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--project", default="demo", help="slug of the project, created if missing (default: demo)")
        parser.add_argument("--wait", action="store_true", help="digest them too, and return when they are visible")

    def handle(self, *args: Any, project: str, wait: bool, **options: Any) -> None:
        found, _ = get_or_create_project(project, project.title(), "--project")
        try:
            loaded = loading.load(found)
        except InboxFull:
            raise CommandError("The inbox is full and is not being digested. Is the digester running?") from None
        if wait:
            loading.settle(found)
        if not loaded:
            self.stdout.write(f"All sample sessions are already in project {project!r}.")
            return
        requests = sum(sample.request_count for sample in loaded)
        self.stdout.write(f"{len(loaded)} sample sessions with {requests} requests loaded into project {project!r}.")
