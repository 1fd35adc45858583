"""`manage.py check_rollups`: recompute the counts and sums of sessions from their requests, and compare."""

from __future__ import annotations

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from sessions_app.management.arguments import find_project
from sessions_app.storage.checking import CHUNK, Difference, check_rollups


class Command(BaseCommand):
    help = "Recompute the roll-ups of sessions from their requests, and report differences. --fix corrects them."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--project", help="slug of a project (default: all)")
        parser.add_argument("--fix", action="store_true", help="correct the differences")

    def handle(self, *args: Any, project: str | None, fix: bool, **options: Any) -> None:
        project_id = None if project is None else find_project(project).pk
        wrong = 0
        for chunk, differences in enumerate(check_rollups(project_id, fix=fix), start=1):
            wrong += len(differences)
            for difference in differences:
                self.stdout.write(describe(difference))
            if options["verbosity"] > 1:
                self.stderr.write(f"about {chunk * CHUNK:,} sessions compared")
        if not wrong:
            self.stdout.write("All roll-ups are correct.")
        elif fix:
            self.stdout.write(f"{wrong:,} sessions were wrong and have been corrected.")
        else:
            raise CommandError(f"{wrong:,} sessions are wrong. --fix corrects them.")


def describe(difference: Difference) -> str:
    """One line. Stored texts are shown as Python literals, so that they cannot control a terminal."""
    if difference.empty:
        return f"{difference.session_id}: has no requests"
    columns = (
        f"{name} is {shown(was)}, should be {shown(should)}" for name, (was, should) in difference.columns.items()
    )
    return f"{difference.session_id}: {'; '.join(columns)}"


def shown(value: Any) -> str:
    text = ascii(value) if isinstance(value, (str, list)) else str(value)
    return text if len(text) <= 80 else f"{text[:80]}…"
