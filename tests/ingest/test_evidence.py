"""Clients that rewrite the history: ids of tool calls, quoted answers and tasks say what a request goes on from."""

from __future__ import annotations

import itertools
import json
from pathlib import Path
from typing import Any

import pytest

from sessions_app.models import Project, RequestLog
from sessions_app.queries.session import find_session, load_all_lines, structure_of
from sessions_app.queries.thread import load_window
from sessions_app.structure.parents import starters
from tests.ingest.test_sessions_form import START, groups, one, rules, send, timedelta

pytestmark = pytest.mark.django_db

PAYLOADS = Path(__file__).parent.parent / "payloads"
ID, OTHER = "call_0bff66b78c654234bf7cb22b", "call_b798a8ae9f3c4fc4bbab51d7"
LONG = "I looked at all of the files in this folder, and the only mistake that I found is in the function add."


def user(text: str) -> dict[str, Any]:
    return {"role": "user", "content": text}


def said(text: str | None, *calls: dict[str, Any]) -> dict[str, Any]:
    return {"role": "assistant", "content": text} | ({"tool_calls": list(calls)} if calls else {})


def call(call_id: Any = ID, name: str = "look", arguments: str = '{"path": "."}') -> dict[str, Any]:
    named = {} if call_id is None else {"id": call_id}
    return {**named, "type": "function", "function": {"name": name, "arguments": arguments}}


def result(call_id: str, text: str = "calc.py") -> dict[str, Any]:
    return {"role": "tool", "tool_call_id": call_id, "content": text}


def log(name: str, minute: float, messages: list[dict[str, Any]], answer: dict[str, Any], caller: str = "ada") -> Any:
    return {
        "request_id": name,
        "user": caller,
        "started_at": (START + timedelta(minutes=minute)).isoformat(),
        "request": {"model": "gpt-4o", "messages": [{"role": "system", "content": "Be brief."}, *messages]},
        "response": {"choices": [{"index": 0, "message": answer, "finish_reason": "stop"}]},
    }


def in_any_order(logs: list[dict[str, Any]], expected: set[frozenset[str]]) -> dict[str, str]:
    """The rules by which the requests are grouped as expected, the same in every order of arrival."""
    found: list[dict[str, str]] = []
    for number, order in enumerate(itertools.permutations(logs)):
        fresh = Project.objects.create(slug=f"order-{number}-of-{len(logs)}")
        for one_log in order:
            send(fresh, one_log)
        assert groups(fresh) == expected, [one_log["request_id"] for one_log in order]
        found.append(rules(fresh))
    assert all(one_of == found[0] for one_of in found)
    return found[0]


def captured(folder: str, file: str) -> tuple[str, list[dict[str, Any]]]:
    document = json.loads((PAYLOADS / folder / file).read_text())
    address = document.get("post_to") or document["endpoint"]
    return ("litellm" if "litellm" in address else "native"), document.get("payloads") or document["body"]


# --- captured -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("folder", "file", "expected"),
    [
        ("agents", "01b_text_beside_tool_call_dropped_sk.json", ["trace_id", "tool_call", "tool_call", "conversation"]),
        ("agents", "04_first_message_rebuilt_on_resume.json", ["trace_id", "tool_call"]),
        ("agents", "09_sub_agent.json", ["trace_id", "sub_agent", *["conversation"] * 4]),
        ("reports", "04-gemini-answer-without-call-id-history-with-long-id.json", ["own", "conversation"]),
    ],
)
@pytest.mark.parametrize("backwards", [False, True])
def test_captured_conversation_is_one_session(
    folder: str, file: str, expected: list[str], backwards: bool, project: Project
) -> None:
    source, logs = captured(folder, file)
    for one_log in reversed(logs) if backwards else logs:
        send(project, one_log, source=source)
    requests = RequestLog.objects.filter(project_id=project.pk).order_by("started_at")
    assert len({request.session_id for request in requests}) == 1
    assert [request.rule for request in requests] == expected
    assert not forks(project)


def test_calls_without_their_text_are_no_other_history(project: Project) -> None:
    source, logs = captured("agents", "01b_text_beside_tool_call_dropped_sk.json")
    send(project, *logs, source=source)
    session = find_session(project.pk, RequestLog.objects.filter(project_id=project.pk)[0].session_id)
    assert session is not None
    window = load_window(session, load_all_lines(session).requests, 0, 4)
    assert not any(added.changes for added in window.added.values())


def test_encrypted_ids_of_responses_leave_those_of_calls(project: Project) -> None:
    source, logs = captured("agents", "03_previous_response_encrypted.json")
    send(project, *logs, source=source)
    requests = list(RequestLog.objects.filter(project_id=project.pk).order_by("started_at"))
    assert [request.rule for request in requests] == ["trace_id", *["tool_call"] * 4, "previous_response_id"]
    assert len({request.session_id for request in requests[:5]}) == 1
    assert requests[1].rule_detail == "call_052dc712278640e5910f5074"


def forks(project: Project) -> list[Any]:
    return [
        fork
        for session_id in set(RequestLog.objects.filter(project_id=project.pk).values_list("session_id", flat=True))
        if (facts := find_session(project.pk, session_id))
        for fork in structure_of(load_all_lines(facts).requests).forks.values()
    ]


# --- ids ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("answered", [None, "", "0", "call_0", "look", "functions.look_at_the_files:0"])
def test_id_of_a_client_does_not_hide_an_answer_without_one(answered: str | None) -> None:
    name = "look_at_the_files" if answered and ":" in answered else "look"
    first = log("a", 0, [user("look")], said(None, call(answered, name)))
    second = log("b", 1, [user("look"), said(None, call(ID, name)), result(ID)], said("It is calc.py."))
    # The client makes other ids each time.
    third = log(
        "c",
        2,
        [user("look"), said(None, call(OTHER, name)), result(OTHER), said("It is calc.py."), user("ok")],
        said("!"),
    )
    found = in_any_order([first, second, third], {one("a", "b", "c")})
    assert found == {"a": "own", "b": "conversation", "c": "conversation"}


def test_runs_side_by_side_with_long_ids_stay_apart() -> None:
    """Also when the request that one of them goes on from was never logged."""
    runs = [log(f"{run}1", 0, [user("look")], said(None, call(call_id))) for run, call_id in (("a", ID), ("b", OTHER))]
    runs += [
        log(f"{run}2", 1, [user("look"), said(None, call(call_id)), result(call_id)], said("calc.py"))
        for run, call_id in (("a", ID), ("b", OTHER))
    ]
    assert in_any_order(runs, {one("a1", "a2"), one("b1", "b2")})
    assert in_any_order([runs[0], runs[3]], {one("a1"), one("b2")})


def test_id_of_a_call_is_enough() -> None:
    """The text beside the call is gone, the first message is another one, and what follows is reordered."""
    first = log("a", 0, [user("look")], said("Let me see.", call()))
    second = log("b", 1, [user("Today is Monday. look"), result(ID), said(None, call())], said("calc.py"))
    third = log(
        "c", 2, [user("again"), said(None, call()), result(ID, "shortened"), said("calc.py"), user("ok")], said("!")
    )
    found = in_any_order([first, second, third], {one("a", "b", "c")})
    assert found == {"a": "own", "b": "tool_call", "c": "tool_call"}


def test_id_that_several_answers_have_is_no_evidence() -> None:
    logs = [log(name, 0, [user(f"task {name}")], said("Let me see.", call())) for name in ("a", "b")]
    logs.append(log("c", 1, [user("task a"), said(None, call()), result(ID)], said("calc.py")))
    in_any_order(logs, {one("a"), one("b"), one("c")})


def test_id_of_another_caller_is_no_evidence() -> None:
    first = log("a", 0, [user("look")], said("Let me see.", call()))
    second = log("b", 1, [user("look"), said(None, call()), result(ID)], said("calc.py"), caller="bob")
    in_any_order([first, second], {one("a"), one("b")})


def test_calls_written_as_text_keep_their_ids() -> None:
    first = log("a", 0, [user("look")], said("Let me see.", call()))
    written = f"Let me see.\nCalling tools:\n[{{'id': '{ID}', 'function': {{'name': 'look'}}}}]"
    second = log("b", 1, [user("look"), said(written), user("Observation: calc.py")], said("calc.py"))
    assert in_any_order([first, second], {one("a", "b")})["b"] == "tool_call"


def test_results_written_as_text_after_such_calls_keep_their_ids() -> None:
    first = log("a", 0, [user("look")], said("Let me see.", call()))
    written = [said(f"I call look ({ID})."), user(f"Result of {ID}: calc.py")]
    second = log("b", 1, [user("The files changed. look"), *written], said("calc.py"))
    assert in_any_order([first, second], {one("a", "b")})["b"] == "tool_call"


@pytest.mark.parametrize(
    "quoting",
    [
        [user(f"Rate this transcript: the assistant called look with id {ID} and said calc.py.")],
        [user(f"What failed here?\n{{'tool_calls': [{{'id': '{ID}'}}]}}"), user("Be brief.")],
        [user("Hi"), said("What is it?"), user(f"My log: {ID}, 200 OK")],
        [{"role": "user", "content": [{"type": "text", "text": "Judge:"}, {"type": "text", "text": f"tool {ID}"}]}],
        [{"role": "system", "content": f"The last call was {ID}."}, user("Go on")],
    ],
)
@pytest.mark.parametrize("answer", ["It is fine.", f"The call {ID} is fine."])
def test_a_text_that_quotes_an_id_is_no_evidence(quoting: list[dict[str, Any]], answer: str) -> None:
    first = log("a", 0, [user("look")], said("Let me see.", call()))
    second = log("b", 1, [user("look"), said(None, call()), result(ID)], said("calc.py"))
    judge = log("judge", 2, quoting, said(answer))
    assert in_any_order([first, second, judge], {one("a", "b"), one("judge")})["b"] == "tool_call"


def test_two_requests_that_continue_one_call_are_branches(project: Project) -> None:
    send(project, log("a", 0, [user("look")], said("Let me see.", call())))
    for minute, text in ((1, "calc.py"), (2, "README.md")):
        send(project, log(text, minute, [user("look"), said(None, call()), result(ID, text)], said(text)))
    assert [fork.branches for fork in forks(project)] == [(1, 2)]


SEALED = {"type": "compaction", "id": "cmp_1", "encrypted_content": "gAAAAABo1f9a0c7be2d84a6f9b3c"}


def of_responses(name: str, minute: float, items: list[Any], output: list[Any], caller: str = "ada") -> dict[str, Any]:
    entry = log(name, minute, [], {}, caller)
    return entry | {
        "request": {"model": "gpt-5", "input": items},
        "response": {"object": "response", "output": output},
    }


def assistant_item(text: str) -> dict[str, Any]:
    return {"type": "message", "role": "assistant", "content": [{"type": "output_text", "text": text}]}


@pytest.mark.parametrize("later", [[assistant_item("beta answer"), user("gamma")], [user("gamma")]])
def test_an_item_that_stands_for_a_history_ties_the_next_request(later: list[Any]) -> None:
    history = [user("alpha"), assistant_item("alpha answer"), user("beta")]
    first = of_responses("a", 0, history, [SEALED, assistant_item("beta answer")])
    second = of_responses("b", 1, [SEALED, *later], [assistant_item("gamma answer")])
    third = of_responses("c", 2, [SEALED, *later, assistant_item("gamma answer"), user("delta")], [assistant_item("d")])
    other = of_responses("other", 3, [SEALED | {"encrypted_content": "gAAAAABo" + "x" * 20}, *later], [])
    in_any_order([first, second, third, other], {one("a", "b", "c"), one("other")})


@pytest.mark.parametrize(("item", "caller"), [(SEALED | {"encrypted_content": "x"}, "ada"), (SEALED, "bob")])
def test_a_short_item_and_one_of_another_caller_tie_nothing(item: dict[str, Any], caller: str) -> None:
    first = of_responses("a", 0, [user("alpha")], [item])
    second = of_responses("b", 1, [item, user("beta")], [assistant_item("b")], caller)
    in_any_order([first, second], {one("a"), one("b")})


def test_a_block_with_a_summary_ties_the_next_request() -> None:
    block = {"type": "compaction", "content": "Summary: alpha was discussed at length."}
    answer = {"role": "assistant", "content": [block, {"type": "text", "text": "beta answer"}]}
    first = log("a", 0, [user("alpha"), said("alpha answer"), user("beta")], {})
    first["response"] = {"type": "message"} | answer
    second = log("b", 1, [answer, user("gamma")], said("gamma answer"))
    in_any_order([first, second], {one("a", "b")})


# --- quoted answers -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "sent_back",
    [
        LONG + "\nObservation: ok\nFile: calc.py",
        LONG + "\n<read_file>\n<path>calc.py</path>\n</read_file>",
        LONG + "\nCalling tools:\n[{'id': 'call_1'}]",
        LONG + "\n\nI changed the file.",
        "Thought: " + LONG + "\nObservation: ok",
    ],
)
def test_long_answer_is_found_at_the_beginning_of_what_is_sent_back(sent_back: str) -> None:
    first = log("a", 0, [user("Mend it.")], said(LONG))
    second = log("b", 1, [user("Mend it."), said(sent_back), user("Go on.")], said("Done."))
    assert in_any_order([first, second], {one("a", "b")})["b"] == "conversation"


@pytest.mark.parametrize(
    ("asked", "sent_back"),
    [
        ("Something else.", LONG + "\nObservation: ok"),
        ("Mend it.", LONG[:-10] + "\nObservation: ok"),
        ("Mend it.", LONG + " And more.\nObservation: ok"),
    ],
)
def test_another_long_answer_or_question_is_not_the_same(asked: str, sent_back: str) -> None:
    first = log("a", 0, [user("Mend it.")], said(LONG))
    second = log("b", 1, [user(asked), said(sent_back), user("Go on.")], said("Done."))
    in_any_order([first, second], {one("a"), one("b")})


# --- sub-agents -----------------------------------------------------------------------------------------------------

TASK = "Investigate the repository and report what calc.py does."


def delegating(name: str, minute: float, call_id: str = ID, caller: str = "ada", question: str = "Help me.") -> Any:
    arguments = json.dumps({"input": TASK})
    return log(name, minute, [user(question)], said(None, call(call_id, "ask_investigator", arguments)), caller)


def test_run_of_a_sub_agent_is_with_the_call_that_started_it(project: Project) -> None:
    run = [
        log("s1", 1, [user(TASK)], said("Let me see.", call(OTHER))),
        log("s2", 2, [user(TASK), said("Let me see.", call(OTHER)), result(OTHER)], said("It adds.")),
    ]
    arguments = json.dumps({"input": TASK})
    answered = [user("Help me."), said(None, call(ID, "ask_investigator", arguments)), result(ID, "It adds.")]
    logs = [delegating("m1", 0), *run, log("m2", 3, answered, said("It adds numbers."))]
    found = in_any_order(logs, {one("m1", "s1", "s2", "m2")})
    assert found == {"m1": "own", "s1": "sub_agent", "s2": "conversation", "m2": "conversation"}
    send(project, *logs)
    facts = find_session(project.pk, RequestLog.objects.filter(project_id=project.pk)[0].session_id)
    assert facts is not None
    lines = load_all_lines(facts).requests
    assert starters(lines) == [None, 0, None, None]
    assert structure_of(lines).continues == [None, None, 1, 0]


def test_run_that_two_calls_may_have_started_is_apart() -> None:
    logs = [
        delegating("a", 0),
        delegating("b", 1, OTHER, question="Me, too."),
        log("s", 2, [user(TASK)], said("It adds.")),
    ]
    in_any_order(logs, {one("a"), one("b"), one("s")})


@pytest.mark.parametrize(("minute", "caller"), [(40, "ada"), (-1, "ada"), (1, "bob")])
def test_run_at_another_time_or_of_another_caller_is_apart(minute: float, caller: str) -> None:
    in_any_order([delegating("a", 0), log("s", minute, [user(TASK)], said("It adds."), caller)], {one("a"), one("s")})


def test_a_lost_request_of_a_server_without_ids_splits_no_conversation(project: Project) -> None:
    first, second, third = (f"client_{number}0123456789abcdef" for number in "abc")
    history = [user("go on")]
    logs = []
    for number, call_id in enumerate((first, second, third)):
        logs.append(log(f"r{number}", number, [*history], said(None, call(None, arguments=f'{{"n": {number}}}'))))
        history += [said(None, call(call_id, arguments=f'{{"n": {number}}}')), result(call_id, f"calc{number}.py")]
    logs.append(log("end", 4, history, said("done")))
    lost = logs.pop(2)
    assert lost["request_id"] == "r2"
    in_any_order(logs, {frozenset({"r0", "r1", "end"})})
