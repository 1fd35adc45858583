"""Real PostgreSQL for every test: the server of DATABASE_URL, else an embedded one that lives as long as the run."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from django.conf import settings

from logsui.embedded import EmbeddedServer

# pytest-playwright runs an event loop in the main thread, and Django would refuse to use its database there.
os.environ.setdefault("DJANGO_ALLOW_ASYNC_UNSAFE", "true")


@pytest.fixture(scope="session")
def database_server() -> Iterator[None]:
    if settings.LOGSUI_DATABASE_URL:
        yield
        return
    server = EmbeddedServer(Path(settings.LOGSUI_DATA_DIR), durable=False)
    server.start()
    yield
    server.stop(seconds=5)


@pytest.fixture(scope="session")
def django_db_modify_db_settings(database_server: None) -> None:
    """pytest-django asks for this before it creates the test database."""
