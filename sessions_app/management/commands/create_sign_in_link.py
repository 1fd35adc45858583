"""`manage.py create_sign_in_link`: lets a user without a password sign in."""

from __future__ import annotations

from argparse import ArgumentParser
from typing import Any

from django.conf import settings
from django.contrib.auth import get_user_model
from django.core.management.base import BaseCommand, CommandError

from logsui.launcher.listener import browser_url
from sessions_app.access.keys import create_sign_in_token


class Command(BaseCommand):
    help = "Print a link that signs a user in. It works once, within a day."
    requires_system_checks = ()

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--user", default="admin", help="name of the user (default: admin)")

    def handle(self, *args: Any, user: str, **options: Any) -> None:
        found = get_user_model().objects.filter(username=user, is_active=True).first()
        if found is None:
            raise CommandError(f"There is no active user {user!r}.")
        url = browser_url(settings.LOGSUI_HOST, settings.LOGSUI_PORT)
        self.stdout.write(f"{url}/sign-in/{create_sign_in_token(found)}/")
