"""`manage.py create_api_key`: prints a new key; nothing else, unless a person reads it, so that scripts can."""

from __future__ import annotations

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from sessions_app.access.keys import SCOPES, create_key
from sessions_app.management.arguments import find_project

MOST_NAME_CHARS = 120


class Command(BaseCommand):
    help = "Create an API key and print it. It cannot be shown again."
    requires_system_checks = ()

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--project", default="default", help="slug of the project (default: default)")
        parser.add_argument("--name", required=True, help="what the key is for, for example ci")
        parser.add_argument("--scopes", default="ingest", help=f"comma-separated: {','.join(SCOPES)} (default: ingest)")

    def handle(self, *args: Any, project: str, name: str, scopes: str, **options: Any) -> None:
        name = name.strip()
        if not 0 < len(name) <= MOST_NAME_CHARS:
            raise CommandError(f"--name must have 1 to {MOST_NAME_CHARS} characters.")
        wanted = [scope.strip() for scope in scopes.split(",") if scope.strip()]
        try:
            _, key = create_key(find_project(project), name, wanted)
        except ValueError as error:
            raise CommandError(f"--scopes is {scopes!r}: {error}") from None
        self.stdout.write(key)
        if self.stdout.isatty():
            self.stdout.write(f"To use it in this shell: export LOGSUI_KEY={key}")
