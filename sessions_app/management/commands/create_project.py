"""`manage.py create_project`: create a project from a script, like the page *New project* in a browser."""

from __future__ import annotations

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from sessions_app.access.project_form import ProjectForm

MOST_SHOWN_CHARS = 80


class Command(BaseCommand):
    help = "Create a project and print its slug. An existing project is not changed."
    requires_system_checks = ()

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--slug", required=True, help="its name in URLs: letters, digits, - and _")
        parser.add_argument("--name", default="", help="its name on pages (default: the slug)")

    def handle(self, *args: Any, slug: str, name: str, **options: Any) -> None:
        given = {"slug": slug, "name": name or slug}
        # The page can make a slug from the name. A script has to name it.
        if not slug.strip():
            raise CommandError("--slug is empty. It may have letters, digits, - and _.")
        form = ProjectForm(given)
        for field, errors in form.errors.items():
            raise CommandError(f"--{field} is {given[field][:MOST_SHOWN_CHARS]!r}: {errors[0]}")
        project, is_new = form.get_or_create()
        if not is_new:
            self.stderr.write(f"Project {project.slug!r} exists already. Nothing was changed.")
        self.stdout.write(project.slug)
