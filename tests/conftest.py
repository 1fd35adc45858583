"""Real PostgreSQL for every test: the server of DATABASE_URL, else an embedded one that lives as long as the run."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import hypothesis
import pytest
from django.conf import settings
from django.db import connection

from logsui.database import create_embedded
from logsui.embedded import EmbeddedServer

# How long an example takes says nothing here: the machine is shared.
hypothesis.settings.register_profile("logsui", deadline=None, suppress_health_check=[hypothesis.HealthCheck.too_slow])
hypothesis.settings.load_profile("logsui")

# pytest-playwright runs an event loop in the main thread, and Django would refuse to use its database there.
os.environ.setdefault("DJANGO_ALLOW_ASYNC_UNSAFE", "true")


@pytest.fixture(scope="session")
def database_server() -> Iterator[None]:
    if settings.LOGSUI_DATABASE_URL:
        yield
        return
    server = EmbeddedServer(Path(settings.LOGSUI_DATA_DIR), durable=False)
    server.start()
    create_embedded(server.data_dir)
    yield
    server.stop(seconds=5)


@pytest.fixture(scope="session")
def django_db_modify_db_settings(database_server: None) -> None:
    """pytest-django asks for this before it creates the test database: with the locale of docs/deployment.md."""
    if settings.LOGSUI_DATABASE_URL:
        connection.creation.sql_table_creation_suffix = creation_suffix


def creation_suffix() -> str:
    """As far as the server can: the builtin locale is of PostgreSQL 17, and not every machine has C.UTF-8."""
    with connection._nodb_cursor() as cursor:
        cursor.execute(
            "SELECT current_setting('server_version_num')::int, "
            "(SELECT min(collcollate) FROM pg_collation WHERE lower(collcollate) IN ('c.utf8', 'c.utf-8'))"
        )
        version, ctype = cursor.fetchone()
    builtin = "LOCALE_PROVIDER builtin BUILTIN_LOCALE 'C.UTF-8'" if version >= 170000 else ""
    return f"TEMPLATE template0 ENCODING 'UTF8' {builtin} LC_COLLATE 'C' LC_CTYPE '{ctype or 'C'}'"


# -- the browser -----------------------------------------------------------------------------------------------------

BROWSERS = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
BROWSER_MISSING = (
    "The browser tests need an installed Chromium and found none of: " + ", ".join(BROWSERS) + ". "
    "Debian and Ubuntu: apt-get install chromium. Elsewhere, set LOGSUI_TEST_BROWSER to the program's path."
)


def find_browser() -> str | None:
    chosen = os.environ.get("LOGSUI_TEST_BROWSER")
    return chosen or next((path for name in BROWSERS if (path := shutil.which(name))), None)


@pytest.fixture(scope="session")
def browser_type_launch_args(browser_type_launch_args: dict[str, Any]) -> dict[str, Any]:
    """The machine's own Chromium; nothing is downloaded."""
    path = find_browser()
    if path is None:
        pytest.fail(BROWSER_MISSING, pytrace=False)
    return browser_type_launch_args | {"executable_path": path}


def pytest_terminal_summary(terminalreporter: Any, exitstatus: int, config: pytest.Config) -> None:
    if find_browser() is None and exitstatus != 0:
        terminalreporter.section("Chromium is missing", red=True, bold=True)
        terminalreporter.write_line(BROWSER_MISSING)
