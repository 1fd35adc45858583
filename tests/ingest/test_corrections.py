"""Corrections by hand win over every rule, also for what comes later, and can be taken back."""

from __future__ import annotations

import uuid

import pytest
from django.core.management import call_command

from sessions_app.ingest.corrections import CorrectionError, merge_sessions, move_requests, split_session, undo
from sessions_app.models import Assignment, Correction, Link, Part, Project, RequestLog, Reroute, Session
from sessions_app.storage import rollups
from sessions_app.storage.connections import binary_cursor
from sessions_app.storage.deletion import delete_sessions
from sessions_app.storage.reader import read_log
from tests.ingest.test_sessions_form import RANDOM, chat, groups, one, payload, respond, rules, send

pytestmark = pytest.mark.django_db


def request(name: str) -> RequestLog:
    return RequestLog.objects.get(request_id=name)


def conversation(count: int = 5) -> list[dict]:
    """A conversation without any id: a, b, c, …"""
    logs, turns = [], ["Hi"]
    for number, name in enumerate("abcdefgh"[:count]):
        logs.append(chat(name, *turns, minute=number))
        turns += [f"answer {name}", f"question {number}"]
    return logs


def check_whole() -> None:
    with binary_cursor() as cursor:
        assert not rollups.recompute(cursor, Session.objects.values_list("id", flat=True), are_changed=False)
        for log in RequestLog.objects.all():
            assert read_log(cursor, log.id, log.session_id, log.bucket)
    assert set(Part.objects.values_list("session_id", flat=True)) <= set(Session.objects.values_list("id", flat=True))


def test_moved_request_goes_alone(project: Project) -> None:
    send(project, *conversation())
    correction = move_requests(project, [request("c").id], None, "ada")
    assert groups(project) == {one("a", "b", "d", "e"), one("c")}
    assert (correction.action, correction.request_count, correction.made_by) == ("move", 1, "ada")
    moved = request("c")
    assert moved.rule == "manual"
    assert moved.rule_detail.startswith("ada, 20")
    assert moved.session_id == correction.target_session_id
    check_whole()

    undo(project, correction.id, "bob")
    assert groups(project) == {one("a", "b", "c", "d", "e")}
    assert "manual" not in rules(project).values()
    assert Correction.objects.get().undone_by == "bob"
    assert not Assignment.objects.exists()
    check_whole()


def test_moved_request_stays_when_it_comes_again_and_what_continues_it_follows(project: Project) -> None:
    send(project, *conversation(3))
    send(project, chat("x", "Other", session_id="x"))
    move_requests(project, [request("c").id], request("x").session_id, "ada")
    logs = conversation(4)
    send(project, *logs)
    send(project, logs[2] | {"cost": "0.5"})
    assert groups(project) == {one("a", "b"), one("c", "d", "x")}
    call_command("regroup", project="acme", verbosity=0)
    assert groups(project) == {one("a", "b"), one("c", "d", "x")}
    check_whole()


def test_late_request_does_not_bring_a_moved_one_back(project: Project) -> None:
    send(project, *conversation(3)[1:])
    move_requests(project, [request("b").id], None, "ada")
    send(project, conversation(3)[0])
    assert groups(project) == {one("a"), one("b"), one("c")}
    assert request("b").rule == "manual"


def test_split_session_takes_what_comes_later_too(project: Project) -> None:
    logs = [respond(name, minute=minute, session_id="s") for minute, name in enumerate("abcdef")]
    send(project, *logs[:4])
    correction = split_session(project, request("a").session_id, request("c").id, "ada")
    assert groups(project) == {one("a", "b"), one("c", "d")}
    send(project, *logs)
    assert groups(project) == {one("a", "b"), one("c", "d", "e", "f")}
    assert correction.request_count == 2
    check_whole()

    undo(project, correction.id, "ada")
    assert groups(project) == {one(*"abcdef")}
    assert set(rules(project).values()) == {"session_id"}
    assert not Reroute.objects.exists()


def test_split_of_an_inferred_session(project: Project) -> None:
    send(project, *conversation(4))
    correction = split_session(project, request("a").session_id, request("c").id, "ada")
    send(project, *conversation(6))
    assert groups(project) == {one("a", "b"), one("c", "d", "e", "f")}
    undo(project, correction.id, "ada")
    assert groups(project) == {one(*"abcdef")}
    check_whole()


def test_merged_sessions_stay_merged(project: Project) -> None:
    first = [chat(name, name, session_id="one", minute=n) for n, name in enumerate("ab")]
    second = [chat(name, name, session_id="two", minute=n) for n, name in enumerate("cd")]
    send(project, *first, *second[:1])
    correction = merge_sessions(project, request("c").session_id, request("a").session_id, "ada")
    send(project, *second)
    assert groups(project) == {one("a", "b", "c", "d")}
    assert rules(project) == {"a": "session_id", "b": "session_id", "c": "manual", "d": "manual"}
    assert Session.objects.get().session_key == "one"
    check_whole()

    undo(project, correction.id, "ada")
    assert groups(project) == {one("a", "b"), one("c", "d")}
    assert set(rules(project).values()) == {"session_id"}
    check_whole()


def test_merge_of_what_was_merged(project: Project) -> None:
    logs = {name: chat(name, name, session_id=name) for name in "abc"}
    send(project, *logs.values())
    merge_sessions(project, request("a").session_id, request("b").session_id, "ada")
    last = merge_sessions(project, request("b").session_id, request("c").session_id, "ada")
    send(project, chat("late", "late", session_id="a"))
    assert groups(project) == {one("a", "b", "c", "late")}
    undo(project, last.id, "ada")
    assert groups(project) == {one("a", "b", "late"), one("c")}


def test_corrections_are_undone_last_first(project: Project) -> None:
    send(project, chat("a", "a", session_id="s"), chat("b", "b", session_id="s"))
    first = move_requests(project, [request("a").id], None, "ada")
    second = move_requests(project, [request("a").id], request("b").session_id, "ada")
    with pytest.raises(CorrectionError, match=f"correction {second.id}"):
        undo(project, first.id, "ada")
    undo(project, second.id, "ada")
    assert groups(project) == {one("a"), one("b")}
    undo(project, first.id, "ada")
    assert groups(project) == {one("a", "b")}
    with pytest.raises(CorrectionError, match="undone by ada"):
        undo(project, first.id, "ada")


def test_correction_of_another_project_or_of_nothing_is_refused(project: Project) -> None:
    other = Project.objects.create(slug="other")
    send(project, *conversation(2))
    a = request("a")
    with pytest.raises(CorrectionError, match="no longer a request of this project"):
        move_requests(other, [a.id], None, "ada")
    with pytest.raises(CorrectionError, match="a session of this project"):
        move_requests(project, [a.id], uuid.uuid4(), "ada")
    with pytest.raises(CorrectionError, match="already"):
        move_requests(project, [a.id], a.session_id, "ada")
    with pytest.raises(CorrectionError, match="first of its session"):
        split_session(project, a.session_id, a.id, "ada")
    with pytest.raises(CorrectionError, match="already"):
        merge_sessions(project, a.session_id, a.session_id, "ada")
    assert not Correction.objects.exists()


def test_weak_trace_ids_come_back_as_they_were(project: Project) -> None:
    send(project, payload("a", RANDOM[0], RANDOM[1], "Hi"), source="litellm")
    correction = move_requests(project, [request("a").id], None, "ada")
    undo(project, correction.id, "ada")
    send(project, payload("b", RANDOM[2], RANDOM[3], "Hi", "answer a", "And?", minute=1), source="litellm")
    assert groups(project) == {one("a", "b")}
    assert Session.objects.get().session_key == RANDOM[0]


def test_deleted_session_leaves_no_assignment(project: Project) -> None:
    send(project, *conversation(2))
    move_requests(project, [request("b").id], None, "ada")
    delete_sessions(project.id, list(Session.objects.values_list("id", flat=True)))
    assert not Assignment.objects.exists()


# --- regroup --------------------------------------------------------------------------------------------------------


def test_regroup_says_what_would_change_and_does_it(
    project: Project, settings: object, capsys: pytest.CaptureFixture[str]
) -> None:
    settings.LOGSUI_CONVERSATION_WINDOW_HOURS = 0  # type: ignore[attr-defined]
    send(project, *conversation(3))
    before = {one("a"), one("b"), one("c")}
    assert groups(project) == before
    settings.LOGSUI_CONVERSATION_WINDOW_HOURS = 24  # type: ignore[attr-defined]

    call_command("regroup", project="acme", dry_run=True)
    assert "2 would be moved" in capsys.readouterr().out
    assert groups(project) == before

    call_command("regroup", project="acme")
    assert "3 requests checked; 2 were moved" in capsys.readouterr().out
    assert groups(project) == {one("a", "b", "c")}
    check_whole()
    call_command("regroup", project="acme")
    assert "; 0 were moved" in capsys.readouterr().out


def test_regroup_writes_profiles_that_are_missing(project: Project) -> None:
    """As of requests that an older version stored. Who has read the session reads it again."""
    send(project, *conversation(2))
    profiles = set(RequestLog.objects.values_list("id", "profile"))
    assert all(profile for _, profile in profiles)
    RequestLog.objects.update(profile=b"")
    revision = Session.objects.get().revision
    call_command("regroup", project="acme", verbosity=0)
    assert set(RequestLog.objects.values_list("id", "profile")) == profiles
    assert Session.objects.get().revision > revision
    revision = Session.objects.get().revision
    call_command("regroup", project="acme", verbosity=0)
    assert Session.objects.get().revision == revision


def test_regroup_writes_links_that_are_missing(project: Project) -> None:
    """As of requests that an older version stored."""
    send(project, *conversation(2))
    Link.objects.filter(role__gt=3).delete()
    RequestLog.objects.update(provides=[], needs=[])
    call_command("regroup", project="acme", verbosity=0)
    send(project, *conversation(4))
    assert groups(project) == {one("a", "b", "c", "d")}
