"""`manage.py prepare`: create what the first page needs: tables, static files and the first projects."""

from __future__ import annotations

import json
from argparse import ArgumentParser
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict
from typing import Any

import psycopg
from django.conf import settings
from django.core.management import call_command
from django.core.management.base import BaseCommand, CommandError
from django.db import OperationalError, connection

from logsui import database, static_files
from logsui.launcher import accounts, embedded
from sessions_app.management import first_start

# An arbitrary number for a lock, so that two instances on one database migrate one after the other.
LOCK = 0x6C6F6773
SERVER = """
SELECT current_setting('server_version_num')::int, pg_encoding_to_char(encoding), lower('É') = 'é'
FROM pg_database WHERE datname = current_database()
"""


class Command(BaseCommand):
    help = "Migrate, collect static files and create the first projects. Prints first_start.Welcome as JSON."
    requires_system_checks = ()

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--give-up-root", action="store_true", help="as root, switch to the system user")

    def handle(self, *args: Any, give_up_root: bool, **options: Any) -> None:
        # The owner of the folder creates the static files, because the web server must only read them.
        with accounts.acting_as(accounts.take_or_hand_over(settings.LOGSUI_DATA_DIR)):
            static_files.collect()
        if give_up_root:
            accounts.become(accounts.account_for(embedded.cluster_folder(settings.LOGSUI_DATA_DIR)))
        try:
            if not settings.LOGSUI_DATABASE_URL:
                database.create_embedded(settings.LOGSUI_DATA_DIR)
            with one_at_a_time():
                self.check_server()
                call_command("migrate", interactive=False, verbosity=0)
                welcome = first_start.welcome()
        except (OperationalError, psycopg.OperationalError) as error:
            raise CommandError(f"The database cannot be used: {error}") from None
        self.stdout.write(json.dumps(asdict(welcome)))

    def check_server(self) -> None:
        """The server in DATABASE_URL may be too old, or its database may not support Unicode."""
        with connection.cursor() as cursor:
            cursor.execute(SERVER)
            version, encoding, knows_unicode = cursor.fetchone()
        if version < 150000:
            raise CommandError(f"PostgreSQL 15 or later is needed; the server in DATABASE_URL has {version // 10000}.")
        if encoding != "UTF8":
            raise CommandError(f"The database's encoding is {encoding}, but logsui needs UTF8. See docs/deployment.md.")
        if not knows_unicode:
            self.stderr.write(
                "Warning: the database's locale supports only ASCII, so search is limited. See docs/deployment.md."
            )


@contextmanager
def one_at_a_time() -> Iterator[None]:
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_lock(%s)", [LOCK])
    try:
        yield
    finally:
        connection.close()
