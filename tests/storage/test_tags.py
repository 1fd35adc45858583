"""Tags that people give: beside those of the logs, kept through every recomputation, gone with their session."""

from __future__ import annotations

import uuid

import pytest

from sessions_app.ingest import cleanup, corrections
from sessions_app.models import Project, Session, SessionTag
from sessions_app.storage import rollups, tags
from sessions_app.storage.connections import binary_cursor
from tests.factories import make_log, make_project, make_session, store_logs

pytestmark = pytest.mark.django_db


def tags_of(session: Session) -> list[str]:
    return Session.objects.get(pk=session.pk).tags


def recompute(session: Session) -> set[uuid.UUID]:
    with binary_cursor() as cursor:
        return rollups.recompute(cursor, [session.pk], are_changed=False)


def test_it_works(project: Project) -> None:
    session = make_session(project, "a", tags=["log"])
    assert tags.give(project.pk, session.pk, "good", "alice")
    assert tags.give(project.pk, session.pk, "good", "bob")
    assert tags_of(session) == ["good", "log"]
    assert tags.given_to([session.pk]) == {(session.pk, "good"): "alice"}
    assert tags.take(project.pk, session.pk, "good")
    assert tags.take(project.pk, session.pk, "good")
    assert tags_of(session) == ["log"]


def test_only_what_people_gave_can_be_taken(project: Project) -> None:
    session = make_session(project, "a", tags=["both"])
    tags.take(project.pk, session.pk, "both")
    assert tags_of(session) == ["both"]
    tags.give(project.pk, session.pk, "both", "alice")
    tags.take(project.pk, session.pk, "both")
    assert tags_of(session) == ["both"]


def test_later_logs_and_recomputations_keep_them(project: Project) -> None:
    session = make_session(project, "a", tags=["log"])
    tags.give(project.pk, session.pk, "zz", "alice")
    store_logs(project, make_log("More", session_id="a", tags=["later"]))
    assert tags_of(session) == ["later", "log", "zz"]
    assert recompute(session) == set()


def test_no_number_of_tags_in_the_logs_leaves_them_out(project: Project) -> None:
    session = make_session(project, "a", tags=[f"a{number}" for number in range(60)])
    tags.give(project.pk, session.pk, "zz", "alice")
    assert len(tags_of(session)) == 50
    assert "zz" in tags_of(session)


def test_they_follow_a_session_that_is_merged(project: Project) -> None:
    source, target = make_session(project, "a"), make_session(project, "b", tags=["log"])
    tags.give(project.pk, source.pk, "good", "alice")
    tags.give(project.pk, source.pk, "both", "alice")
    tags.give(project.pk, target.pk, "both", "bob")
    corrections.merge_sessions(project, source.pk, target.pk, "alice")
    assert tags_of(target) == ["both", "good", "log"]
    assert set(tags.given_to([source.pk, target.pk])) == {(target.pk, "both"), (target.pk, "good")}
    assert recompute(target) == set()


def test_deletion_deletes_them(project: Project) -> None:
    session, other = make_session(project, "a"), make_session(project, "b")
    for one in (session, other):
        tags.give(project.pk, one.pk, "good", "alice")
    receipt = cleanup.delete_sessions(project.pk, [session.pk])
    assert receipt.tables["session_tag"].rows == 1
    assert [row.session_id for row in SessionTag.objects.all()] == [other.pk]
    cleanup.delete_project(project)
    assert not SessionTag.objects.exists()


def test_a_session_of_another_project_or_none_gets_no_tag(project: Project) -> None:
    session = make_session(make_project("other"), "a")
    assert not tags.give(project.pk, session.pk, "good", "alice")
    assert not tags.take(project.pk, uuid.uuid4(), "good")
    assert not SessionTag.objects.exists()


def test_a_session_has_a_most_of_them(project: Project) -> None:
    session = make_session(project, "a")
    for number in range(tags.MOST_TAGS + 2):
        tags.give(project.pk, session.pk, f"t{number}", "alice")
    assert SessionTag.objects.count() == tags.MOST_TAGS


@pytest.mark.parametrize(
    ("text", "tag"), [(" a b ", "a b"), ("a\0b\x1f", "a b"), ("\n", ""), ("x" * 300, "x" * 200), ("🏷️ ok", "🏷️ ok")]
)
def test_tags_are_cleaned(text: str, tag: str) -> None:
    assert tags.clean_tag(text) == tag
