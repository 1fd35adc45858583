"""One PostgreSQL for a run, one migrated template on it, and a copy of that for each process that runs tests.

The server is that of DATABASE_URL, else an embedded one. With workers of pytest-xdist the process that directs them
starts it; the first that needs the template makes it.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from datetime import date
from typing import Any

import pytest
from django.conf import settings
from django.db import connection, transaction
from psycopg import sql

from logsui.database import create_embedded
from logsui.launcher.embedded import EmbeddedServer
from sessions_app.storage.buckets import ensure_partitions
from tests.settings import RUN_VARIABLE

# Of a process that runs tests: its own, those of a live server's threads, and those that tests open beside them.
CONNECTIONS = 40
LOCK_TEMPLATE = 7305873
DATABASE = settings.DATABASES["default"]["NAME"]
# The months in which most of what tests store began. Without their partitions each test that is rolled back would make
# them again: a quarter of all the time that PostgreSQL takes, and whatever it knows of the tables forgotten each time.
MONTHS = (date(2026, 3, 1), date(2026, 11, 1))


@contextmanager
def server_for(processes: int) -> Iterator[None]:
    """What `processes` that run tests need: a running server, and the variable by which they find it."""
    folder = settings.LOGSUI_DATA_DIR
    os.environ[RUN_VARIABLE] = str(folder)
    if settings.LOGSUI_DATABASE_URL:
        yield
        drop(template_name())
        return
    server = EmbeddedServer(folder, max_connections=CONNECTIONS * processes, durable=False)
    server.start()
    try:
        create_embedded(folder)
        yield
    finally:
        server.stop(seconds=5)


# -- databases -------------------------------------------------------------------------------------------------------


def execute(statement: str, *names: str, values: Any = ()) -> list[Any]:
    """Run a statement about databases, each `{}` of which is a name."""
    with connection._nodb_cursor() as cursor:
        cursor.execute(sql.SQL(statement).format(*map(sql.Identifier, names)), values)
        return cursor.fetchall() if cursor.description else []


def create_copy(name: str, run: str) -> None:
    """The database `name`, as the migrations leave it."""
    template = template_name()
    with connection._nodb_cursor() as cursor:
        # The lock is the connection's: it is gone with it.
        cursor.execute("SELECT pg_advisory_lock(%s)", [LOCK_TEMPLATE])
        if not is_of_this_run(template, run):
            create_template(template)
            cursor.execute(sql.SQL("COMMENT ON DATABASE {} IS {}").format(sql.Identifier(template), sql.Literal(run)))
        drop(name)
        # Copying files is faster than writing what is in them to the log, when nothing is synced.
        cursor.execute(
            sql.SQL("CREATE DATABASE {} TEMPLATE {} STRATEGY file_copy").format(
                sql.Identifier(name), sql.Identifier(template)
            )
        )


def is_of_this_run(template: str, run: str) -> bool:
    """Whether a template of this name is there, and complete, and not what a killed run left on a lasting server."""
    statement = "SELECT shobj_description(oid, 'pg_database') = %s FROM pg_database WHERE datname = %s"
    return execute(statement, values=[run, template]) == [(True,)]


def create_template(name: str) -> None:
    original, test = connection.settings_dict["NAME"], connection.settings_dict["TEST"]
    if settings.LOGSUI_DATABASE_URL:
        connection.creation.sql_table_creation_suffix = creation_suffix
    try:
        test["NAME"] = name
        connection.creation.create_test_db(verbosity=0, autoclobber=True, serialize=False)
        ensure_partitions(MONTHS)
    finally:
        connection.close()
        test["NAME"] = None
        connection.settings_dict["NAME"] = original


def creation_suffix() -> str:
    """The locale of docs/deployment.md, as far as the server can: the builtin one is of PostgreSQL 17, and not every
    machine has C.UTF-8.
    """
    [(version, ctype)] = execute(
        "SELECT current_setting('server_version_num')::int, "
        "(SELECT min(collcollate) FROM pg_collation WHERE lower(collcollate) IN ('c.utf8', 'c.utf-8'))"
    )
    builtin = "LOCALE_PROVIDER builtin BUILTIN_LOCALE 'C.UTF-8'" if version >= 170000 else ""
    return f"TEMPLATE template0 ENCODING 'UTF8' {builtin} LC_COLLATE 'C' LC_CTYPE '{ctype or 'C'}'"


def drop(name: str) -> None:
    execute("DROP DATABASE IF EXISTS {}", name)


def template_name() -> str:
    return f"test_{DATABASE}_template"


@contextmanager
def connected_to(name: str) -> Iterator[None]:
    """All connections of this process go to the database `name`."""
    connection.close()
    original, connection.settings_dict["NAME"] = connection.settings_dict["NAME"], name
    try:
        yield
    finally:
        connection.close()
        connection.settings_dict["NAME"] = original


# -- what a test committed -------------------------------------------------------------------------------------------


class Rows:
    """What the migrations put into the tables of a database, to return to it after tests that commit.

    Django's flush empties every table and index by new files, then fills in content types and permissions again: half a
    second. Most tests fill a few tables with a few rows. Partitions stay, as after a flush.
    """

    def __init__(self) -> None:
        with connection.cursor() as cursor:
            cursor.execute(
                "SELECT relname FROM pg_class WHERE relkind IN ('r', 'p') AND NOT relispartition AND "
                "relnamespace = current_schema()::regnamespace ORDER BY relname"
            )
            self.tables = [name for (name,) in cursor.fetchall()]
            self.first = {name: copied(cursor, name) for name in self.filled(cursor)}

    def filled(self, cursor: Any) -> list[str]:
        """The tables that have rows."""
        looks = [
            sql.SQL("SELECT {} WHERE EXISTS (SELECT FROM {})").format(sql.Literal(name), sql.Identifier(name))
            for name in self.tables
        ]
        cursor.execute(sql.SQL(" UNION ALL ").join(looks))
        return [name for (name,) in cursor.fetchall()]

    def restore(self) -> None:
        """One transaction, at whose end the foreign keys are checked."""
        with transaction.atomic(), connection.cursor() as cursor:
            filled = self.filled(cursor)
            same = [name for name, rows in self.first.items() if name in filled and copied(cursor, name) == rows]
            changed = {*filled, *self.first}.difference(same)
            for name in changed:
                cursor.execute(sql.SQL("DELETE FROM {}").format(sql.Identifier(name)))
            for name in changed:
                if name in self.first:
                    with cursor.copy(sql.SQL("COPY {} FROM STDIN").format(sql.Identifier(name))) as copy:
                        copy.write(self.first[name])


def copied(cursor: Any, table: str) -> bytes:
    """The table's rows, in the order in which they lie."""
    with cursor.copy(sql.SQL("COPY {} TO STDOUT").format(sql.Identifier(table))) as copy:
        return b"".join(map(bytes, copy))


@pytest.fixture(scope="session")
def django_db_setup(
    request: pytest.FixtureRequest, django_test_environment: None, django_db_blocker: Any
) -> Iterator[None]:
    """In the place of pytest-django's fixture: a copy of the template for this process."""
    is_worker = hasattr(request.config, "workerinput")
    worker = request.config.workerinput if is_worker else {"workerid": "main", "testrunuid": str(os.getpid())}
    name = f"test_{DATABASE}_{worker['workerid']}"
    with django_db_blocker.unblock(), nullcontext() if is_worker else server_for(1):
        create_copy(name, worker["testrunuid"])
        with connected_to(name), pytest.MonkeyPatch.context() as patch:
            rows = Rows()
            patch.setattr("django.test.TransactionTestCase._fixture_teardown", lambda case: rows.restore())
            with django_db_blocker.block():
                yield
        # The embedded server goes, and its databases with it.
        if settings.LOGSUI_DATABASE_URL:
            drop(name)
