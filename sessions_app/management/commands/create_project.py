"""`manage.py create_project`: make a project from a script, as the page *New project* does in a browser."""

from __future__ import annotations

from argparse import ArgumentParser
from typing import Any

from django.core.exceptions import ValidationError
from django.core.management.base import BaseCommand, CommandError
from django.core.validators import validate_slug

from sessions_app.models import Project

MOST_SLUG_CHARS, MOST_NAME_CHARS = 60, 120


class Command(BaseCommand):
    help = "Make a project and print its slug; one that is there already is left as it is."
    requires_system_checks = ()

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--slug", required=True, help="its name in addresses: letters, digits, - and _")
        parser.add_argument("--name", default="", help="its name on pages (default: the slug)")

    def handle(self, *args: Any, slug: str, name: str, **options: Any) -> None:
        self.check(slug, name)
        project, is_new = Project.objects.get_or_create(slug=slug, defaults={"name": name or slug})
        if not is_new:
            self.stderr.write(f"Project {slug!r} is there already; nothing was changed.")
        self.stdout.write(project.slug)

    def check(self, slug: str, name: str) -> None:
        try:
            validate_slug(slug)
        except ValidationError:
            raise CommandError(f"--slug is {slug[:80]!r}; use letters, digits, hyphens and underscores.") from None
        if len(slug) > MOST_SLUG_CHARS:
            raise CommandError(f"--slug has {len(slug)} characters; use at most {MOST_SLUG_CHARS}.")
        if len(name) > MOST_NAME_CHARS or "\0" in name:
            raise CommandError(f"--name must be at most {MOST_NAME_CHARS} characters, without NUL.")
