"""One session and what its requests added: loaded in a constant number of statements."""

from __future__ import annotations

import json
import uuid
from datetime import timedelta

import pytest
from pytest_django import DjangoAssertNumQueries

from sessions_app.models import Project, RequestLog
from sessions_app.queries import content
from sessions_app.queries.session import SessionFacts, find_session, load_all_lines
from sessions_app.queries.thread import load_window
from sessions_app.queries.window import Window
from sessions_app.structure.histories import Change
from tests.factories import START, make_log, make_project, make_session
from tests.pages.conversations import agent, assistant, chat, turns, user

pytestmark = pytest.mark.django_db


def facts_of(project: Project, session_id: uuid.UUID) -> SessionFacts:
    found = find_session(project.pk, session_id)
    assert found is not None
    return found


def window_of(session: SessionFacts, first: int = 0, last: int = 100) -> Window:
    return load_window(session, load_all_lines(session).requests, first, last)


def printed_texts(window: Window, index: int) -> list[str]:
    """The texts of the messages that a request prints."""
    digests = window.inputs(index, window.printed(index))
    return [json.loads(window.parts[digest].content or b"")["content"] for _, digest in digests]


def test_it_works(project: Project) -> None:
    session = facts_of(project, make_session(project, "trip", *turns(["One", "Two"], user="alice", cost=0.5)).id)

    assert (session.session_key, session.name, session.request_count, session.users) == ("trip", "One", 2, ("alice",))
    lines = load_all_lines(session).requests
    assert [(line.started_at, line.status, line.model) for line in lines] == [
        (START, "success", "gpt-4o"),
        (START + timedelta(seconds=10), "success", "gpt-4o"),
    ]
    window = window_of(session)
    assert list(window.continues) == [None, 0]
    assert printed_texts(window, 0) == ["Be brief.", "One"]
    assert printed_texts(window, 1) == ["Two"]


def test_session_of_another_project_is_not_found(project: Project) -> None:
    session = make_session(project, "mine")

    assert find_session(make_project("other").pk, session.id) is None
    assert find_session(project.pk, uuid.uuid4()) is None


def test_changed_system_prompt_is_printed_again(project: Project) -> None:
    first, second = turns(["One", "Two"])
    second["request"]["messages"][0] = {"role": "system", "content": "Be brief. It is 10 o'clock."}
    window = window_of(facts_of(project, make_session(project, "s", first, second).id))

    assert window.continues[1] == 0
    assert printed_texts(window, 1) == ["Be brief. It is 10 o'clock.", "Two"]


def test_user_message_in_another_form_is_not_printed_again(project: Project) -> None:
    """Clients move cache marks from message to message: the text is the same, its JSON is not."""
    first = chat([user("One")], "Answer")
    marked = user([{"type": "text", "text": "One", "cache_control": {"type": "ephemeral"}}])
    second = chat([marked, assistant("Answer"), user("Two")], "Answer", at=5)
    window = window_of(facts_of(project, make_session(project, "s", first, second).id))

    assert window.added[1].first_changed
    assert printed_texts(window, 1) == ["Two"]


def test_attempts_of_one_call_print_what_they_sent_once_with_the_last(project: Project) -> None:
    failed = make_log("One", response=None, error={"message": "overloaded"}, status="error")
    retried = make_log("One", started_at=START + timedelta(seconds=3))
    session = facts_of(project, make_session(project, "s", failed, retried).id)
    window = window_of(session)

    assert window.folded == {1: (0,)}
    assert (printed_texts(window, 0), printed_texts(window, 1)) == ([], ["One"])
    alone = window_of(session, 1, 2)
    assert alone.folded == {}
    assert printed_texts(alone, 1) == []


def test_rewritten_history_is_printed(project: Project) -> None:
    first = chat([user("One")], "Answer")
    second = chat([user("One"), assistant("Another answer"), user("Two")], "Answer", at=5)
    window = window_of(facts_of(project, make_session(project, "s", first, second).id))

    assert window.continues[1] is None
    assert printed_texts(window, 1) == ["Another answer", "Two"]
    assert window.added[1].changes == (Change("edited", range(1, 2), range(1, 2)),)


def test_history_in_another_form_is_not_a_rewritten_one(project: Project) -> None:
    """Beyond the window nothing is continued, and the answer is sent back without what the provider added to it."""
    first = chat([user("One")], assistant("Answer", annotations=[], refusal=None))
    marked = user([{"type": "text", "text": "One", "cache_control": {"type": "ephemeral"}}])
    second = chat([{"role": "system", "content": "."}, user("One"), assistant("Answer"), user("Two")], "Yes", at=90_000)
    third = chat([marked, assistant("Answer"), user("Two"), assistant("Yes"), user("Three")], "No", at=190_000)
    window = window_of(facts_of(project, make_session(project, "s", first, second, third).id))

    assert window.continues == [None, None, None]
    assert [added.changes for added in window.added.values()] == [(), (), ()]
    assert printed_texts(window, 2) == ["Three"]


def test_history_that_was_replaced_by_a_summary_another_request_wrote(project: Project) -> None:
    summary = "The user wants to move to Bergen, has two cats and a budget of 1,500 euros a month."
    talk = turns([f"Text {n}" for n in range(4)])
    history = [*talk[-1]["request"]["messages"], assistant("Answer 4")]
    asked = chat([*history, user("Summarise all of this.")], summary, at=50)
    system = {"role": "system", "content": "Be brief."}
    after = chat([system, user(f"So far: {summary} Now: which flat?")], "The second.", at=60)
    unrelated = chat([system, user("Which flat?")], "The second.", at=70)
    window = window_of(facts_of(project, make_session(project, "s", *talk, asked, after, unrelated).id))

    assert window.added[5].base == 4
    assert window.added[5].changes == (Change("replaced", range(1, 9), range(1, 2)),)
    assert not window.added[6].changes


def test_window_brings_the_calls_and_results_at_its_edges(project: Project) -> None:
    session = facts_of(project, make_session(project, "s", *agent()).id)
    first, second = window_of(session, 0, 1), window_of(session, 1, 2)

    assert first.children(0) == [1]
    assert all(digest in first.parts for _, digest in first.inputs(1, first.printed(1)))
    assert all(digest in second.parts for digest in second.outputs(0))


def test_session_over_two_months_is_read_whole(project: Project) -> None:
    logs = turns(["One", "Two"], every=31 * 24 * 3600)
    session = facts_of(project, make_session(project, "s", *logs).id)

    assert len(session.buckets) == 2
    assert printed_texts(window_of(session), 1) == ["Two"]


@pytest.mark.parametrize("count", [1, 40, 150])
def test_number_of_statements_does_not_grow(
    project: Project, count: int, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    session = facts_of(project, make_session(project, "s", *turns([f"Text {n}" for n in range(count)])).id)

    # Without full blocks of digests nothing asks for blocks.
    with django_assert_num_queries(3 if count == 1 else 4):
        window_of(session, 0, 50)


def test_long_history_is_opened_only_where_it_ends(project: Project) -> None:
    session = facts_of(project, make_session(project, "s", *turns([f"Text {n}" for n in range(150)])).id)
    window = window_of(session, 140, 150)

    assert printed_texts(window, 149) == ["Text 149"]
    # What ten requests added and what they continue, not the 300 messages that the last one sent.
    assert len(window.parts) < 60


def test_part_beyond_the_budget_has_no_content(project: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(content.load_parts, "__defaults__", (0, 5_000))
    session = facts_of(project, make_session(project, "s", make_log("x" * 6_000), make_log("small")).id)
    parts = window_of(session).parts.values()

    assert {part.content is None for part in parts if part.byte_size > 5_000} == {True}
    assert {part.content is None for part in parts if part.byte_size < 5_000} == {False}


def test_documents_come_back_as_sent(project: Project) -> None:
    sent = make_log("Hello", request={"messages": [user("a\u0000b")], "temperature": 1.0}, metadata={"a": [1]})
    make_session(project, "s", sent)
    documents = content.load_documents(RequestLog.objects.get())

    assert json.loads(documents.request or b"") == sent["request"]
    assert json.loads(documents.response or b"") == sent["response"]
    assert documents.parameters == {"temperature": 1.0}
    assert json.loads(documents.metadata or b"") == {"a": [1]}


@pytest.mark.parametrize("digest", ["", "zz", "00" * 7, "00" * 8, "00" * 9, "é" * 16])
def test_part_that_is_not_there(project: Project, digest: str) -> None:
    session = make_session(project, "s")
    assert content.load_part(session.id, digest) is None
