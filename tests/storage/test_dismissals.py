"""Findings that people have dismissed: once each, gone with their session, merged with it."""

from __future__ import annotations

import pytest

from sessions_app.ingest import cleanup, corrections
from sessions_app.models import DismissedFinding, Project
from sessions_app.storage import dismissals
from tests.factories import make_project, make_session

pytestmark = pytest.mark.django_db
ONE, OTHER = ("cut_answers", "1"), ("cut_answers", "2")


def test_it_works(project: Project) -> None:
    session = make_session(project, "a")
    dismissals.dismiss(project.pk, session.pk, ONE, "alice")
    dismissals.dismiss(project.pk, session.pk, ONE, "bob")
    assert dismissals.dismissed(project.pk, session.pk) == {ONE: "alice"}
    dismissals.restore(project.pk, session.pk, ONE)
    assert dismissals.dismissed(project.pk, session.pk) == {}


def test_they_follow_a_session_that_is_merged(project: Project) -> None:
    source, target = make_session(project, "a"), make_session(project, "b")
    for named in (ONE, OTHER):
        dismissals.dismiss(project.pk, source.pk, named, "alice")
    dismissals.dismiss(project.pk, target.pk, OTHER, "bob")
    corrections.merge_sessions(project, source.pk, target.pk, "alice")
    assert dismissals.dismissed(project.pk, target.pk) == {ONE: "alice", OTHER: "bob"}
    assert DismissedFinding.objects.count() == 2


def test_deletion_deletes_them(project: Project) -> None:
    session, other = make_session(project, "a"), make_session(project, "b")
    for one in (session, other):
        dismissals.dismiss(project.pk, one.pk, ONE, "alice")
    receipt = cleanup.delete_sessions(project.pk, [session.pk])
    assert receipt.tables["dismissed_finding"].rows == 1
    cleanup.delete_project(project)
    assert not DismissedFinding.objects.exists()


def test_a_session_of_another_project_has_none(project: Project) -> None:
    session = make_session(make_project("other"), "a")
    dismissals.dismiss(project.pk, session.pk, ONE, "alice")
    assert not DismissedFinding.objects.exists()


def test_a_session_has_a_most_of_them(project: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(dismissals, "MOST_DISMISSED", 1)
    session = make_session(project, "a")
    for named in (ONE, OTHER):
        dismissals.dismiss(project.pk, session.pk, named, "alice")
    assert DismissedFinding.objects.count() == 1
