"""What every test can rely on: real PostgreSQL (tests/database.py), a real browser, workers beside each other."""

from __future__ import annotations

import gc
import os
from collections.abc import Generator, Iterator
from contextlib import ExitStack
from typing import TYPE_CHECKING, Any

import hypothesis
import psutil
import pytest

from tests.browser import (
    BROWSER_MISSING,
    browser_context_args,
    browser_type_launch_args,
    context,
    find_browser,
    lasting_context,
    lasting_context_without_script,
    page_without_script,
)
from tests.database import django_db_setup, server_for

if TYPE_CHECKING:
    from sessions_app.models import Project

__all__ = [
    "browser_context_args",
    "browser_type_launch_args",
    "context",
    "django_db_setup",
    "lasting_context",
    "lasting_context_without_script",
    "page_without_script",
]

# How long an example takes says nothing here: the machine is shared.
hypothesis.settings.register_profile("logsui", deadline=None, suppress_health_check=[hypothesis.HealthCheck.too_slow])
# For a change of what these tests are about: --hypothesis-profile=thorough
hypothesis.settings.register_profile("thorough", hypothesis.settings.get_profile("logsui"), max_examples=2_000)
hypothesis.settings.load_profile("logsui")

# pytest-playwright runs an event loop in the main thread, and Django would refuse to use its database there.
os.environ.setdefault("DJANGO_ALLOW_ASYNC_UNSAFE", "true")


# -- processes that run tests, and their databases -------------------------------------------------------------------

MOST_WORKERS = 8  # Each has a browser.


def pytest_xdist_auto_num_workers(config: pytest.Config) -> int:
    """A worker for each processor; none when only some tests are asked for, which would wait for workers to start."""
    if config.args_source is pytest.Config.ArgsSource.ARGS:
        return 0
    return min(psutil.cpu_count() or 1, MOST_WORKERS)


@pytest.hookimpl(tryfirst=True)
def pytest_sessionstart(session: pytest.Session) -> None:
    """Before it starts workers, the process that directs them starts the server of all."""
    option = session.config.option
    if option.tx and option.dist != "no" and not option.collectonly:
        server = ExitStack()
        server.enter_context(server_for(len(option.tx)))
        session.config.add_cleanup(server.close)


@pytest.hookimpl(wrapper=True)
def pytest_collection() -> Generator[None, object, object]:
    """Collecting thousands of tests makes millions of objects that stay: the garbage collector leaves them alone, both
    meanwhile and while tests run, and comes less often.
    """
    gc.disable()
    try:
        return (yield)
    finally:
        gc.freeze()
        gc.set_threshold(20_000)
        gc.enable()


@pytest.fixture
def project(db: None) -> Project:
    from tests.factories import make_project

    return make_project()


@pytest.fixture(autouse=True)
def forgotten_keys() -> Iterator[None]:
    """A key's use that no end of an answer wrote down would be written at the end of another test's."""
    yield
    from sessions_app.api.key_use import USED_KEYS

    USED_KEYS._pending.clear()


def pytest_terminal_summary(terminalreporter: Any, exitstatus: int, config: pytest.Config) -> None:
    if find_browser() is None and exitstatus != 0:
        terminalreporter.section("Chromium is missing", red=True, bold=True)
        terminalreporter.write_line(BROWSER_MISSING)
