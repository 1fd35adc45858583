"""`manage.py create_project`: create a project from a script, like the page *New project* in a browser."""

from __future__ import annotations

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand

from sessions_app.management.arguments import get_or_create_project


class Command(BaseCommand):
    help = "Create a project and print its slug. An existing project is not changed."
    requires_system_checks = ()

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--slug", required=True, help="its name in URLs: letters, digits, - and _")
        parser.add_argument("--name", default="", help="its name on pages (default: the slug)")

    def handle(self, *args: Any, slug: str, name: str, **options: Any) -> None:
        project, is_new = get_or_create_project(slug, name or slug, "--slug")
        if not is_new:
            self.stderr.write(f"Project {project.slug!r} exists already. Nothing was changed.")
        self.stdout.write(project.slug)
