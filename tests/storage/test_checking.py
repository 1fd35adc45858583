"""`manage.py check_rollups`."""

from __future__ import annotations

import uuid
from datetime import UTC, datetime
from io import StringIO

import pytest
from django.core.management import CommandError, call_command

from sessions_app.models import Project, RequestLog, Session
from tests.storage.test_deletion import state, store, turn


def check(*arguments: str) -> str:
    out = StringIO()
    call_command("check_rollups", *arguments, stdout=out)
    return out.getvalue()


@pytest.fixture
def sessions(project: Project) -> None:
    store(project, *(turn(n, f"s{n % 4}", tags=[f"t{n}"]) for n in range(12)), turn(0, "odd", started_at=1, ended_at=0))
    store(project, turn(1, "odd", status="error", started_at="9999-12-31T00:00:00Z", user=None, cost=None))


def test_what_the_digester_wrote_is_right(sessions: None) -> None:
    assert check() == "All roll-ups are correct.\n"


def test_it_reports_and_changes_nothing(sessions: None, project: Project) -> None:
    Session.objects.filter(session_key="s1").update(request_count=7, title="\x1b[31m", model_names=["x"])
    before = state(project)
    out = StringIO()

    with pytest.raises(CommandError, match="1 sessions are wrong"):
        call_command("check_rollups", stdout=out)

    assert "request_count is 7, should be 3" in out.getvalue()
    assert "\x1b" not in out.getvalue()
    assert state(project) == before


def test_fix_sets_it_right(sessions: None, project: Project) -> None:
    before = state(project)
    Session.objects.update(input_tokens=None, cost=5, first_at=datetime(2020, 1, 1, tzinfo=UTC), buckets=[])

    assert "5 sessions were wrong" in check("--fix")

    assert state(project) == before
    assert check() == "All roll-ups are correct.\n"


def test_session_without_requests_goes(sessions: None) -> None:
    gone = Session.objects.get(session_key="s1").id
    RequestLog.objects.filter(session_id=gone).delete()

    assert f"{gone}: has no requests" in check("--fix")

    assert not Session.objects.filter(id=gone).exists()


def test_one_project(sessions: None) -> None:
    other = Project.objects.create(slug="other")
    store(other, turn(0))
    Session.objects.filter(project_id=other.id).update(error_count=9)

    assert check("--project", "acme") == "All roll-ups are correct.\n"
    with pytest.raises(CommandError, match="no project 'none'"):
        check("--project", "none")
    assert "1 sessions were wrong" in check("--project", "other", "--fix")


def test_many_chunks(sessions: None, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sessions_app.storage.checking.CHUNK", 2)
    Session.objects.update(error_count=uuid.uuid4().int % 1000 + 10)

    assert "5 sessions were wrong" in check("--fix")
