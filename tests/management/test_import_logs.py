"""`manage.py import_logs FILE…`."""

from __future__ import annotations

import json
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from django.core.management import CommandError, call_command

from sessions_app.models import InboxEntry, Project, RequestLog

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def project() -> Project:
    return Project.objects.create(slug="default")


def run(*files: Path, **options: Any) -> str:
    out = StringIO()
    call_command("import_logs", *map(str, files), stdout=out, stderr=out, **options)
    return out.getvalue()


def log(number: int) -> dict[str, Any]:
    return {"request_id": f"r{number}", "trace_id": "t", "request": {"messages": [{"role": "user", "content": "hi"}]}}


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "logs.ndjson"
    path.write_text("".join(json.dumps(log(number)) + "\n" for number in range(1200)))
    return path


def test_it_works(file: Path) -> None:
    assert run(file) == "1200 logs accepted, 0 rejected.\n"
    assert InboxEntry.objects.count() == 3


def test_importing_twice_adds_nothing(file: Path) -> None:
    run(file, wait=True)
    run(file, wait=True)
    assert RequestLog.objects.count() == 1200


def test_rejected_logs_are_named_and_the_others_accepted(tmp_path: Path) -> None:
    path = tmp_path / "mixed.ndjson"
    path.write_text(json.dumps(log(1)) + '\n{"model": "x"}\nnonsense\n' + json.dumps(log(2)))
    out = StringIO()
    with pytest.raises(CommandError, match="Some logs were rejected"):
        call_command("import_logs", str(path), wait=True, stdout=out, stderr=out)
    assert f"{path}: line 2: a log needs request, response or error" in out.getvalue()
    assert f"{path}: line 3: " in out.getvalue()
    assert RequestLog.objects.count() == 2


def test_a_missing_file_stops_before_anything_is_read(file: Path, tmp_path: Path) -> None:
    with pytest.raises(CommandError, match=r"missing\.json is not a file"):
        run(file, tmp_path / "missing.json")
    assert not InboxEntry.objects.exists()


def test_an_unknown_project_is_named(file: Path) -> None:
    with pytest.raises(CommandError, match=r"There is no project 'nope'. Projects: default\."):
        run(file, project="nope")
