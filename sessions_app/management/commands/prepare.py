"""`manage.py prepare`: what has to be there before the first page: tables, static files, first projects."""

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

# Any number that nobody else uses: two instances on one database migrate one after the other.
LOCK = 0x6C6F6773
SERVER = """
SELECT current_setting('server_version_num')::int, pg_encoding_to_char(encoding), lower('É') = 'é'
FROM pg_database WHERE datname = current_database()
"""


class Command(BaseCommand):
    help = "Migrate, collect static files, make the first projects; prints first_start.Welcome as JSON on stdout."
    requires_system_checks = ()

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--give-up-root", action="store_true", help="started by root, be the system user meanwhile")

    def handle(self, *args: Any, give_up_root: bool, **options: Any) -> None:
        # The web server shall only read the static files, so that they are made by whose the folder is.
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
            raise CommandError(f"The database can't be used: {error}") from None
        self.stdout.write(json.dumps(asdict(welcome)))

    def check_server(self) -> None:
        """The server of DATABASE_URL may be too old, or its database made without Unicode."""
        with connection.cursor() as cursor:
            cursor.execute(SERVER)
            version, encoding, knows_unicode = cursor.fetchone()
        if version < 150000:
            raise CommandError(f"PostgreSQL 15 or later is needed; the server of DATABASE_URL is {version // 10000}.")
        if encoding != "UTF8":
            raise CommandError(f"The database's encoding is {encoding}; logsui needs UTF8. See docs/deployment.md.")
        if not knows_unicode:
            self.stderr.write(
                "Warning: the database's locale knows ASCII only: search is worse beyond it. See docs/deployment.md."
            )


@contextmanager
def one_at_a_time() -> Iterator[None]:
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_lock(%s)", [LOCK])
    try:
        yield
    finally:
        connection.close()
