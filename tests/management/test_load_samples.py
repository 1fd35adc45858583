"""`manage.py load_samples`: sample sessions through the inbox, once."""

from __future__ import annotations

from io import StringIO
from typing import Any

import pytest
from django.core.management import call_command

from sessions_app.models import InboxEntry, Project, RejectedLog, RequestKey, RequestLog, Session
from sessions_app.pricing.stored import cost_facts
from sessions_app.samples import all_samples, loading

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def few_samples(monkeypatch: pytest.MonkeyPatch) -> None:
    """Without the session of 300 requests: the path is the same and the test ten times as fast."""
    short = tuple(sample for sample in all_samples() if len(sample.logs) < 100)
    monkeypatch.setattr(loading, "all_samples", lambda: short)


def load(**options: Any) -> str:
    out = StringIO()
    call_command("load_samples", stdout=out, **options)
    return out.getvalue()


def test_it_works() -> None:
    assert "sample sessions with" in load(wait=True)
    demo = Project.objects.get(slug="demo")
    assert Session.objects.filter(project_id=demo.id).count() == len(loading.all_samples())
    assert RequestLog.objects.count() == sum(len(sample.logs) for sample in loading.all_samples())
    assert not RejectedLog.objects.exists()
    assert not InboxEntry.objects.exists()


def test_some_costs_are_stated_and_some_computed_and_one_differs() -> None:
    load(wait=True)
    costs = [cost_facts(row) for row in RequestLog.objects.all()]
    assert {one.source for one in costs} == {"stated", "computed", ""}
    assert sum(one.differs for one in costs) == 1


def test_every_session_is_found_under_its_key() -> None:
    load(wait=True)
    stored = loading.stored_sessions(Project.objects.get(slug="demo"))
    assert {sample.key: sample.request_count for sample in loading.all_samples()} == {
        key: session.request_count for key, session in stored.items()
    }


def test_loading_twice_adds_nothing() -> None:
    load(wait=True)
    before = sorted(RequestLog.objects.values_list("id", "started_at"))
    assert "already" in load(wait=True)
    assert sorted(RequestLog.objects.values_list("id", "started_at")) == before


def test_interrupted_loading_is_completed_with_the_same_times() -> None:
    load(wait=True)
    expected = sorted(RequestLog.objects.values_list("id", "started_at"))
    gone = Session.objects.get(session_key="support-order-48213").id
    for table in (RequestLog, RequestKey):
        table.objects.filter(session_id=gone).delete()
    Session.objects.filter(id=gone).delete()
    assert "1 sample sessions with 4 requests" in load(wait=True)
    assert sorted(RequestLog.objects.values_list("id", "started_at")) == expected


def test_without_waiting_the_logs_are_in_the_inbox() -> None:
    load()
    assert InboxEntry.objects.count() >= len(loading.all_samples())
    assert not Session.objects.exists()


def test_another_project_gets_its_own_copy() -> None:
    load(wait=True)
    load(project="second", wait=True)
    second = Project.objects.get(slug="second")
    assert Session.objects.filter(project_id=second.id).count() == len(loading.all_samples())


def test_spans_become_requests_with_steps() -> None:
    load(wait=True)
    session = Session.objects.get(session_key="greenhouse-night-watch")
    assert (session.request_count, session.step_count, session.error_count) == (5, 7, 0)
    assert session.sources == ["otlp"]
