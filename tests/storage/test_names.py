"""Names of sessions: a person's before the source's, kept through every recomputation, gone with their session."""

from __future__ import annotations

import uuid
from datetime import timedelta

import pytest

from sessions_app.ingest import cleanup, corrections
from sessions_app.models import Project, Session, SessionName
from sessions_app.storage import names, rollups
from sessions_app.storage.connections import binary_cursor
from tests.factories import START, make_log, make_project, make_session, store_logs

pytestmark = pytest.mark.django_db


def stored(session: Session) -> Session:
    return Session.objects.get(pk=session.pk)


def recompute(session: Session) -> set[uuid.UUID]:
    with binary_cursor() as cursor:
        return rollups.recompute(cursor, [session.pk], are_changed=False)


def test_it_works(project: Project) -> None:
    session = make_session(project, "a")
    assert session.name == "Hello"
    assert names.give(project.pk, session.pk, "Order 4711", "alice")
    assert names.give(project.pk, session.pk, "Order 4712", "bob")
    assert stored(session).name == "Order 4712"
    given = names.given_to(session.pk)
    assert given is not None
    assert (given.name, given.given_by) == ("Order 4712", "bob")
    assert names.give(project.pk, session.pk, "", "bob")
    assert stored(session).name == "Hello"
    assert names.given_to(session.pk) is None


def test_later_logs_copies_and_recomputations_keep_it(project: Project) -> None:
    session = make_session(project, "a", make_log(request_id="one", response=None))
    names.give(project.pk, session.pk, "Mine", "alice")
    store_logs(project, make_log("More", session_id="a"), make_log(request_id="one", session_id="a"))
    assert stored(session).name == "Mine"
    assert recompute(session) == set()


def test_the_last_name_that_a_source_gave_counts_whatever_the_order(project: Project) -> None:
    def log(number: int, name: object) -> dict[str, object]:
        return make_log(started_at=START + timedelta(minutes=number), metadata={"session_name": name}, session_id="a")

    later, earlier = log(2, "  Second "), log(1, "First")
    session = make_session(project, "a", later, earlier, log(3, ""), log(4, ["no text"]))
    assert session.name == "Second"
    assert recompute(session) == set()
    # What LiteLLM's callers give to their traces is a name as well.
    store_logs(
        project, make_log(started_at=START + timedelta(hours=1), metadata={"trace_name": "x" * 300}, session_id="a")
    )
    assert stored(session).name == "x" * 200
    assert recompute(session) == set()


def test_it_follows_a_session_that_is_merged(project: Project) -> None:
    named, other = make_session(project, "a"), make_session(project, "b")
    names.give(project.pk, named.pk, "Good", "alice")
    corrections.merge_sessions(project, named.pk, other.pk, "alice")
    assert stored(other).name == "Good"
    assert recompute(other) == set()


def test_a_merged_session_keeps_its_own(project: Project) -> None:
    source, target = make_session(project, "a"), make_session(project, "b")
    names.give(project.pk, source.pk, "Source", "alice")
    names.give(project.pk, target.pk, "Target", "bob")
    corrections.merge_sessions(project, source.pk, target.pk, "alice")
    assert stored(target).name == "Target"
    assert [row.session_id for row in SessionName.objects.all()] == [target.pk]


def test_deletion_deletes_it(project: Project) -> None:
    session, other = make_session(project, "a"), make_session(project, "b")
    for one in (session, other):
        names.give(project.pk, one.pk, "Good", "alice")
    receipt = cleanup.delete_sessions(project.pk, [session.pk])
    assert receipt.tables["session_name"].rows == 1
    cleanup.delete_project(project)
    assert not SessionName.objects.exists()


def test_a_session_of_another_project_or_none_gets_no_name(project: Project) -> None:
    session = make_session(make_project("other"), "a")
    assert not names.give(project.pk, session.pk, "Mine", "alice")
    assert not names.give(project.pk, uuid.uuid4(), "Mine", "alice")
    assert not SessionName.objects.exists()


def test_every_change_counts_as_a_revision(project: Project) -> None:
    session = make_session(project, "a", make_log(request_id="one", response=None, session_id="a"))
    seen = [session.revision]

    def changed() -> bool:
        seen.append(stored(session).revision)
        return seen[-1] > seen[-2]

    store_logs(project, make_log("More", session_id="a"))
    assert changed()
    store_logs(project, make_log(request_id="one", session_id="a"))
    assert changed()
    names.give(project.pk, session.pk, "Mine", "alice")
    assert changed()
    names.give(project.pk, session.pk, "Mine", "alice")
    recompute(session)
    assert not changed()


@pytest.mark.parametrize(("text", "name"), [(" a\n b ", "a b"), ("\0\x1f", ""), ("x" * 300, "x" * 200)])
def test_names_are_cleaned(text: str, name: str) -> None:
    assert names.clean_name(text) == name
