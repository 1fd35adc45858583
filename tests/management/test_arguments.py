"""Wrong arguments of commands: a message that says what is wrong, and nothing is changed."""

from __future__ import annotations

import subprocess
import sys

import pytest
from django.core.management import CommandError, call_command

from sessions_app.models import ApiKey, InboxEntry, Project
from tests.factories import make_project


@pytest.mark.parametrize("slug", ["a/b", "", " ", "with space", "x" * 61, "ä"])
def test_samples_make_no_project_that_no_address_can_have(db: None, slug: str) -> None:
    with pytest.raises(CommandError, match="--project is"):
        call_command("load_samples", project=slug)
    assert not Project.objects.exists()
    assert not InboxEntry.objects.exists()


@pytest.mark.parametrize("name", ["", " ", "x" * 121])
def test_key_has_a_name_that_a_list_can_show(db: None, name: str) -> None:
    make_project("default")
    with pytest.raises(CommandError, match="--name must have 1 to 120 characters"):
        call_command("create_api_key", name=name)
    assert not ApiKey.objects.exists()


@pytest.mark.parametrize("command", ["regroup", "recompute_costs"])
def test_time_that_is_none(db: None, command: str) -> None:
    make_project("acme")
    for text in ("yesterday", "2026-13-01", "2026-11-28T00:00:00+99:99"):
        with pytest.raises(CommandError, match=r"is no time\. Write 2026-11-01 or"):
            call_command(command, "--project", "acme", "--since", text, "--dry-run")
    call_command(command, "--project", "acme", "--since", "2026-11-01", "--dry-run")


@pytest.mark.parametrize(
    "arguments",
    [
        ("create_api_key", "--name=ci"),
        ("import_logs", "/dev/null"),
        ("check_rollups",),
        ("recompute_costs",),
        ("regroup",),
        ("reindex_search",),
    ],
    ids=lambda arguments: arguments[0],
)
def test_project_that_is_not_there(db: None, arguments: tuple[str, ...]) -> None:
    make_project("acme")
    # A file is looked for first.
    files = [__file__ if argument == "/dev/null" else argument for argument in arguments]
    with pytest.raises(CommandError, match=r"There is no project 'none'. Projects: acme\."):
        call_command(*files, "--project", "none")


def test_ctrl_c_is_no_traceback() -> None:
    command = [sys.executable, "manage.py", "shell", "-v0", "-c", "raise KeyboardInterrupt"]
    ended = subprocess.run(command, capture_output=True, text=True, check=False)
    assert (ended.returncode, ended.stderr.strip()) == (130, "Interrupted.")
