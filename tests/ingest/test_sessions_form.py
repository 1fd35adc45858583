"""Which requests are one session, by which rule: the cases that users meet."""

from __future__ import annotations

import itertools
import json
import uuid
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from sessions_app.ingest.accept import accept_body
from sessions_app.ingest.digest import digest_until_empty
from sessions_app.models import MovedId, Project, RequestKey, RequestLog, Session

pytestmark = pytest.mark.django_db

START = datetime(2026, 11, 20, 10, tzinfo=UTC)


def send(project: Project, *logs: dict[str, Any], source: str = "native") -> None:
    accepted = accept_body(project.id, source, json.dumps(logs).encode())
    assert not accepted.rejected, accepted.rejected
    digest_until_empty()


def groups(project: Project) -> set[frozenset[str]]:
    """The requests of each session, by their ids."""
    found: dict[uuid.UUID, set[str]] = {}
    for session_id, name in RequestLog.objects.filter(project_id=project.pk).values_list("session_id", "request_id"):
        found.setdefault(session_id, set()).add(name)
    return {frozenset(names) for names in found.values()}


def rules(project: Project) -> dict[str, str]:
    return dict(RequestLog.objects.filter(project_id=project.pk).values_list("request_id", "rule"))


def one(*names: str) -> frozenset[str]:
    return frozenset(names)


def respond(name: str, previous: str | None = None, minute: int = 0, **more: Any) -> dict[str, Any]:
    """A call of /responses whose response has the id `resp_<name>`."""
    return {
        "request_id": name,
        "started_at": (START + timedelta(minutes=minute)).isoformat(),
        "request": {
            "model": "gpt-4o",
            "input": f"question {name}",
            "previous_response_id": previous and f"resp_{previous}",
        },
        "response": {"id": f"resp_{name}", "object": "response", "output": []},
    } | more


def chat(name: str, *turns: str, answer: str | None = "", minute: int = 0, **more: Any) -> dict[str, Any]:
    """A chat completion: texts of user and assistant in turn, the last one asked now. None as answer: it failed."""
    roles = itertools.cycle(("user", "assistant"))
    messages = [{"role": role, "content": text} for role, text in zip(roles, turns, strict=False)]
    log: dict[str, Any] = {
        "request_id": name,
        "started_at": (START + timedelta(minutes=minute)).isoformat(),
        "request": {"model": "gpt-4o", "messages": messages},
    }
    if answer is None:
        log |= {"status": "error", "error": {"type": "RateLimitError", "message": "slow down"}}
    else:
        log |= {"response": {"choices": [{"message": {"role": "assistant", "content": answer or f"answer {name}"}}]}}
    return log | more


def in_any_order(project: Project, logs: list[dict[str, Any]], expected: set[frozenset[str]]) -> None:
    """Deliver the logs one by one, in every order, each time as another user's: the sessions are the expected ones."""
    for number, order in enumerate(itertools.permutations(logs)):
        fresh = Project.objects.create(slug=f"{project.slug}-{number}")
        for log in order:
            send(fresh, log)
        assert groups(fresh) == expected, [log["request_id"] for log in order]


# --- /responses -----------------------------------------------------------------------------------------------------


def test_chain_of_responses_with_a_fork_is_one_session_in_any_order(project: Project) -> None:
    logs = [respond("a"), respond("b", "a", 1), respond("c", "b", 2), respond("d", "a", 3)]
    in_any_order(project, logs, {one("a", "b", "c", "d")})


def test_chain_whose_first_request_never_arrives(project: Project) -> None:
    logs = [respond("b", "lost", 1), respond("c", "b", 2), respond("d", "lost", 3)]
    in_any_order(project, logs, {one("b", "c", "d")})
    send(project, *logs)
    request = RequestLog.objects.get(project_id=project.pk, request_id="d")
    assert (request.rule, request.rule_detail) == ("previous_response_id", "resp_lost")


def test_long_chain_that_comes_backwards(project: Project) -> None:
    logs = [respond(f"r{n}", f"r{n - 1}" if n else None, n) for n in range(60)]
    for start in range(60, 0, -7):
        send(project, *reversed(logs[max(start - 7, 0) : start]))
    assert groups(project) == {one(*(f"r{n}" for n in range(60)))}
    assert Session.objects.get().request_count == 60


def test_response_ids_of_two_projects_are_kept_apart(project: Project) -> None:
    other = Project.objects.create(slug="other")
    send(project, respond("a"))
    send(other, respond("b", "a", 1))
    assert groups(project) == {one("a")}
    assert groups(other) == {one("b")}


def test_chain_crosses_keys_and_users(project: Project) -> None:
    send(project, respond("a", user="ada"), respond("b", "a", 1, user="bob"))
    assert groups(project) == {one("a", "b")}


def test_responses_that_name_each_other_end_no_loop(project: Project) -> None:
    logs = [respond("a", "c"), respond("b", "a", 1), respond("c", "b", 2)]
    in_any_order(project, logs, {one("a", "b", "c")})


# --- conversations --------------------------------------------------------------------------------------------------


def test_request_that_re_sends_the_history_continues_it_in_any_order(project: Project) -> None:
    logs = [
        chat("a", "Hi", user="ada"),
        chat("b", "Hi", "answer a", "And?", minute=1, user="ada"),
        chat("c", "Hi", "answer a", "And?", "answer b", "So?", minute=2, user="ada"),
        chat("d", "Hi", "answer a", "But?", minute=3, user="ada"),
    ]
    in_any_order(project, logs, {one("a", "b", "c", "d")})
    send(project, *logs)
    assert rules(project) == {"a": "own", "b": "conversation", "c": "conversation", "d": "conversation"}


def test_conversation_with_a_lost_request_is_one_session(project: Project) -> None:
    logs = [
        chat("a", "Hi"),
        chat("c", "Hi", "answer a", "And?", "answer b", "So?", minute=2),
        chat("d", "Hi", "answer a", "And?", "answer b", "So?", "answer c", "Bye", minute=3),
    ]
    in_any_order(project, logs, {one("a", "c", "d")})


def test_same_first_message_and_answer_of_two_users_are_two_sessions(project: Project) -> None:
    logs = [
        chat("a1", "Hi", answer="Hello!", user="ada"),
        chat("b1", "Hi", answer="Hello!", minute=1, user="bob"),
        chat("a2", "Hi", "Hello!", "I am Ada", minute=2, user="ada"),
        chat("b2", "Hi", "Hello!", "I am Bob", minute=3, user="bob"),
    ]
    in_any_order(project, logs, {one("a1", "a2"), one("b1", "b2")})


def test_conversation_ends_with_the_window(project: Project, settings: Any) -> None:
    day = 24 * 60
    late = chat("b", "Hi", "answer a", "And?", minute=day + 1)
    send(project, chat("a", "Hi"), late)
    assert groups(project) == {one("a"), one("b")}
    settings.LOGSUI_CONVERSATION_WINDOW_HOURS = 25
    other = Project.objects.create(slug="other")
    send(other, chat("a", "Hi"), late)
    assert groups(other) == {one("a", "b")}


def test_first_answer_made_again_is_another_session_and_a_later_one_a_branch(project: Project) -> None:
    logs = [
        chat("a", "Hi", answer="one"),
        chat("again", "Hi", answer="two", minute=1),
        chat("b", "Hi", "one", "And?", answer="three", minute=2),
        chat("b again", "Hi", "one", "And?", answer="four", minute=3),
    ]
    in_any_order(project, logs, {one("a", "b", "b again"), one("again")})


def test_side_calls_stay_outside_unless_an_id_says_otherwise(project: Project) -> None:
    title = chat("title", "Give a title for: Hi / answer a", answer="Greeting", minute=1)
    send(project, chat("a", "Hi"), title, chat("b", "Hi", "answer a", "And?", minute=2))
    assert groups(project) == {one("a", "b"), one("title")}
    other = Project.objects.create(slug="other")
    send(other, chat("a", "Hi", session_id="s"), title | {"session_id": "s"})
    assert groups(other) == {one("a", "title")}


def test_examples_in_the_prompt_are_no_conversation(project: Project) -> None:
    """Few-shot prompts share their beginning, which nobody ever asked."""
    logs = [chat(f"q{n}", "2+2", "4", f"{n}+{n}", minute=n) for n in range(3)]
    in_any_order(project, logs, {one("q0"), one("q1"), one("q2")})


# --- retries --------------------------------------------------------------------------------------------------------


def test_same_input_after_a_failure_is_another_attempt(project: Project) -> None:
    logs = [chat("try 1", "Hi", answer=None), chat("try 2", "Hi", answer=None, minute=1), chat("try 3", "Hi", minute=2)]
    in_any_order(project, logs, {one("try 1", "try 2", "try 3")})
    send(project, *logs, chat("later", "Hi", minute=40))
    assert groups(project) == {one("try 1", "try 2", "try 3"), one("later")}
    assert rules(project)["try 3"] == "attempt"
    session = Session.objects.get(project_id=project.pk, request_count=3)
    assert (session.error_count, session.retry_count) == (2, 2)


def test_retries_end_with_the_first_success(project: Project) -> None:
    """A health check that failed once is not the beginning of all that follow."""
    checks = [chat(f"check {n}", "ping", answer="pong" if n else None, minute=n) for n in range(4)]
    in_any_order(project, checks, {one("check 0", "check 1"), one("check 2"), one("check 3")})


def test_a_success_that_comes_late_ends_the_retries_all_the_same(project: Project) -> None:
    logs = [chat("failed", "ping", answer=None), chat("good", "ping", minute=1), chat("later", "ping", minute=2)]
    send(project, logs[0], logs[2])
    assert groups(project) == {one("failed", "later")}
    send(project, logs[1])
    assert groups(project) == {one("failed", "good"), one("later")}


def test_a_success_in_a_session_of_its_own_ends_the_retries(project: Project) -> None:
    logs = [
        chat("failed", "ping", answer=None),
        chat("good", "ping", minute=1, session_id="s"),
        chat("later", "ping", minute=2),
    ]
    in_any_order(project, logs, {one("failed"), one("good"), one("later")})


def test_retries_count_within_a_session_that_was_chosen(project: Project) -> None:
    logs = [
        chat("a", "Hi", session_id="s"),
        chat("try 2", "Hi", "answer a", "And?", minute=2, session_id="s"),
        chat("try 1", "Hi", "answer a", "And?", answer=None, minute=1, session_id="s"),
    ]
    for log in logs:
        send(project, log)
    assert Session.objects.get().retry_count == 1


# --- ids that callers chose -----------------------------------------------------------------------------------------


def test_request_whose_caller_chose_a_session_is_not_moved(project: Project) -> None:
    logs = [
        chat("a", "Hi", session_id="s1"),
        chat("b", "Hi", "answer a", "And?", minute=1, session_id="s2"),
        chat("c", "Hi", "answer a", "And?", "answer b", "So?", minute=2),
    ]
    in_any_order(project, logs, {one("a"), one("b", "c")})


def payload(name: str, trace: str, call: str, *turns: str, minute: int = 0, **more: Any) -> dict[str, Any]:
    roles = itertools.cycle(("user", "assistant"))
    started = (START + timedelta(minutes=minute)).timestamp()
    return {
        "id": name,
        "litellm_call_id": call,
        "trace_id": trace,
        "status": "success",
        "startTime": started,
        "endTime": started + 1,
        "messages": [{"role": role, "content": text} for role, text in zip(roles, turns, strict=False)],
        "response": {"choices": [{"message": {"role": "assistant", "content": f"answer {name}"}}]},
        "metadata": {"user_api_key_hash": "a" * 64},
    } | more


RANDOM = [str(uuid.UUID(int=n, version=4)) for n in range(1, 9)]


def test_random_trace_ids_of_litellm_give_way_to_the_conversation(project: Project) -> None:
    a = payload("a", RANDOM[0], RANDOM[1], "Hi")
    b = payload("b", RANDOM[2], RANDOM[3], "Hi", "answer a", "And?", minute=1)
    for order in ((a, b), (b, a)):
        fresh = Project.objects.create(slug=f"p{order[0]['id']}")
        for log in order:
            send(fresh, log, source="litellm")
        assert groups(fresh) == {one("a", "b")}
        session = Session.objects.get(project_id=fresh.pk)
        assert session.session_key == RANDOM[0]


def test_trace_id_that_a_second_call_carries_takes_its_requests_back(project: Project) -> None:
    logs = [
        payload("a", RANDOM[0], RANDOM[1], "Hi"),
        payload("b", RANDOM[2], RANDOM[3], "Hi", "answer a", "And?", minute=1),
        payload("b2", RANDOM[4], RANDOM[5], "Hi", "answer a", "And?", "answer b", "So?", minute=2),
        payload("c", RANDOM[2], RANDOM[6], "Something else", minute=3),
    ]
    for number, order in enumerate(itertools.permutations(logs)):
        fresh = Project.objects.create(slug=f"p{number}")
        for log in order:
            send(fresh, log, source="litellm")
        assert groups(fresh) == {one("a"), one("b", "b2", "c")}
        assert Session.objects.get(project_id=fresh.pk, request_count=3).session_key == RANDOM[2]
        assert not RequestLog.objects.filter(project_id=fresh.pk, request_id="b", weak=True).exists()


def test_attempts_of_one_call_are_one_session(project: Project) -> None:
    failed = payload("x", RANDOM[0], RANDOM[1], "Hi", status="failure", response={})
    send(project, payload("y", RANDOM[0], RANDOM[1], "Hi", minute=1), failed, source="litellm")
    assert groups(project) == {one("x", "y")}
    assert Session.objects.get().retry_count == 1


def test_tool_that_the_proxy_ran_is_with_the_call_that_caused_it(project: Project) -> None:
    tool = payload("tool", RANDOM[2], RANDOM[1], "{}", minute=1, call_type="call_mcp_tool")
    for order in ((0, 1), (1, 0)):
        fresh = Project.objects.create(slug=f"p{order[0]}")
        logs = [payload("llm", RANDOM[0], RANDOM[1], "Hi"), tool]
        for index in order:
            send(fresh, logs[index], source="litellm")
        assert groups(fresh) == {one("llm", "tool")}
        assert rules(fresh) == {"llm": "trace_id", "tool": "attempt"}


# --- merging --------------------------------------------------------------------------------------------------------


def test_merged_session_leaves_word_where_it_went(project: Project) -> None:
    send(project, chat("b", "Hi", "answer a", "And?", minute=1))
    before = RequestLog.objects.get()
    send(project, chat("a", "Hi"))
    after = RequestLog.objects.get(request_id="b")
    assert after.session_id != before.session_id
    for old in (before.id, before.session_id):
        key = RequestKey.objects.get(id=MovedId.objects.get(id=old).key_id)
        assert (key.request_log_id, key.session_id) == (after.id, after.session_id)
    assert list(Session.objects.values_list("id", flat=True)) == [after.session_id]


def test_later_copy_of_a_moved_request_finds_it(project: Project) -> None:
    late = chat("b", "Hi", "answer a", "And?", minute=1)
    send(project, late | {"response": None})
    send(project, chat("a", "Hi"))
    send(project, late)
    send(project, late)
    assert groups(project) == {one("a", "b")}
    assert RequestLog.objects.get(request_id="b").output_preview == "answer b"
    assert Session.objects.get().request_count == 2
    send(project, chat("c", "Hi", "answer a", "And?", "answer b", "So?", minute=2))
    assert groups(project) == {one("a", "b", "c")}


def test_answer_that_comes_later_changes_what_continues(project: Project) -> None:
    """The first copy had no answer, so nothing could continue it."""
    first = chat("a", "Hi")
    send(project, first | {"response": None}, chat("b", "Hi", "answer a", "And?", minute=1))
    assert groups(project) == {one("a"), one("b")}
    send(project, first)
    assert groups(project) == {one("a", "b")}


def test_logs_without_a_time_are_grouped_in_any_order(project: Project) -> None:
    """They have the time of their receipt: one for all logs of a body, and in whatever order bodies come."""
    logs = [
        chat("a", "Hi"),
        chat("b", "Hi", "answer a", "And?"),
        chat("c", "Hi", "answer a", "And?", "answer b", "So?"),
        chat("d", "Hi", "answer a", "But?"),
    ]
    for log in logs:
        del log["started_at"]
    in_any_order(project, logs, {one("a", "b", "c", "d")})
    for order in itertools.permutations(logs):
        fresh = Project.objects.create(slug="-".join(log["request_id"] for log in order))
        send(fresh, *order)
        assert groups(fresh) == {one("a", "b", "c", "d")}


def test_attempt_of_a_call_leaves_an_earlier_one_where_it_is(project: Project) -> None:
    """The attempts of a call do not continue the same: one fell back to a shorter history."""
    long = ("Hi", "answer a", "And?", "answer b", "So?")
    logs = [
        payload("a", RANDOM[0], RANDOM[1], "Hi"),
        payload("b", RANDOM[2], RANDOM[3], "Hi", "answer a", "And?", minute=1),
        payload("c", RANDOM[4], RANDOM[5], *long, minute=2, status="failure", response={}),
        payload("c again", RANDOM[4], RANDOM[5], "So?", minute=3),
    ]
    for number, order in enumerate(itertools.permutations(logs)):
        fresh = Project.objects.create(slug=f"p{number}")
        for log in order:
            send(fresh, log, source="litellm")
        assert groups(fresh) == {one("a", "b", "c", "c again")}


def test_same_question_after_a_success_is_no_retry(project: Project) -> None:
    logs = [
        chat("try 1", "Hi", answer=None, session_id="s"),
        chat("try 2", "Hi", minute=1, session_id="s"),
        chat("again", "Hi", answer="another", minute=2, session_id="s"),
    ]
    for log in reversed(logs):
        send(project, log)
    assert Session.objects.get().retry_count == 1
