"""The profile that is stored with a request: what its prompt consists of, its tool calls and their results."""

from __future__ import annotations

import json
from typing import Any

import pytest

from sessions_app.content.composition import CLASSES
from sessions_app.ingest.accept import accept_body
from sessions_app.ingest.digest import digest_until_empty
from sessions_app.models import Project, RequestLog
from sessions_app.structure.profiles import Profile, unpack

pytestmark = pytest.mark.django_db

SYSTEM = {"role": "system", "content": "You are kind."}
ASK = {"role": "user", "content": "How warm is it?"}
TOOL = {"type": "function", "function": {"name": "look", "parameters": {"type": "object"}}}


@pytest.fixture
def project(db: None) -> Project:
    return Project.objects.create(slug="acme", name="Acme")


def call(arguments: str, id: str = "call_1") -> dict[str, Any]:
    function = {"name": "look", "arguments": arguments}
    return {"role": "assistant", "content": None, "tool_calls": [{"id": id, "type": "function", "function": function}]}


def result(text: str, id: str = "call_1") -> dict[str, Any]:
    return {"role": "tool", "tool_call_id": id, "content": text}


def log(number: int, messages: list[Any], answer: Any, **members: Any) -> dict[str, Any]:
    request = {"model": "gpt-4o", "messages": messages, "tools": [TOOL]} | members
    return {
        "request_id": f"r{number}",
        "session_id": "s",
        "started_at": f"2026-11-20T10:{number:02}:00Z",
        "request": request,
        "response": {"choices": [{"message": answer}]},
    }


def profiles(project: Project, *logs: dict[str, Any], at_once: bool = True) -> list[Profile]:
    for batch in [list(logs)] if at_once else [[one] for one in logs]:
        accept_body(project.pk, "native", json.dumps(batch).encode())
        digest_until_empty()
    stored = RequestLog.objects.order_by("started_at").values_list("profile", flat=True)
    found = [unpack(bytes(one)) for one in stored]
    assert None not in found
    return [one for one in found if one]


def chars(profile: Profile) -> dict[str, int]:
    return {name: count for name, count in zip(CLASSES, profile.chars, strict=True) if count}


@pytest.mark.parametrize("at_once", [True, False])
def test_history_counts_in_every_prompt(project: Project, at_once: bool) -> None:
    first, second = [SYSTEM, ASK], [SYSTEM, ASK, call('{"at": "sea"}'), result("14 degrees")]
    answer = {"role": "assistant", "content": "It is mild."}
    found = profiles(
        project,
        log(1, first, call('{"at":"sea"}')),
        log(2, second, answer),
        log(3, [*second, answer, ASK], answer),
        at_once=at_once,
    )

    one, two, three = map(chars, found)
    assert (one["system"], one["user"]) == (len("You are kind."), len("How warm is it?"))
    assert one["tools"] == two["tools"] > 0
    assert two["assistant"] == len("look") + len('{"at": "sea"}')
    assert two["results"] == len("14 degrees")
    assert three == two | {"assistant": two["assistant"] + len("It is mild."), "user": 2 * two["user"]}


def test_call_and_its_result_are_tied_however_the_arguments_are_written(project: Project) -> None:
    history = [SYSTEM, ASK, call('{"at": "sea"}'), result("14 degrees")]
    again = [*history, call('{ "at":"sea" }', "call_2"), result("14 degrees", "call_2")]
    found = profiles(
        project,
        log(1, [SYSTEM, ASK], call('{"at":"sea"}')),
        log(2, history, call('{"at":"sea"}', "call_2")),
        log(3, again, call('{"at":"lake"}', "call_3")),
    )

    one, two, three = found
    assert len(one.calls) == 1
    assert one.calls == two.calls != three.calls
    assert one.calls[0].tool == three.calls[0].tool
    assert one.results == ()
    # Each request brings only what is new, and the same result has the same hashes.
    assert [(each.call, each.chars) for each in two.results] == [(one.calls[0].call, len("14 degrees"))]
    assert three.results == two.results


def test_result_without_an_id_answers_the_call_in_its_place(project: Project) -> None:
    parts = [{"functionCall": {"name": "look", "args": {"at": place}}} for place in ("sea", "lake")]
    returned = [{"functionResponse": {"name": "look", "response": {"output": text}}} for text in ("14", "12")]
    contents = [{"role": "user", "parts": [{"text": "How warm is it?"}]}]
    sent = [*contents, {"role": "model", "parts": parts}, {"role": "user", "parts": returned}]
    answers = [{"candidates": [{"content": {"role": "model", "parts": some}}]} for some in (parts, [{"text": "Mild."}])]
    logs = [
        {
            "request_id": f"g{number}",
            "session_id": "s",
            "started_at": f"2026-11-20T10:0{number}:00Z",
            "request": {"contents": asked},
            "response": answer,
        }
        for number, (asked, answer) in enumerate(zip((contents, sent), answers, strict=True))
    ]

    one, two = profiles(project, *logs)

    assert [each.call for each in two.results] == [each.call for each in one.calls]
    assert len({each.call for each in one.calls}) == 2


def test_changed_prompts_and_tools_have_other_hashes(project: Project) -> None:
    other_tool = {"type": "function", "function": {"name": "look", "description": "Look out."}}
    one, two, three, four = profiles(
        project,
        log(1, [SYSTEM, ASK], SYSTEM),
        log(2, [SYSTEM, ASK], SYSTEM),
        log(3, [{"role": "system", "content": "You are kind at 10:03."}, ASK], SYSTEM),
        log(4, [SYSTEM, ASK], SYSTEM, tools=[other_tool]),
    )

    assert (one.system, one.tools) == (two.system, two.tools)
    assert three.system not in (0, one.system)
    assert three.tools == one.tools
    assert four.system == one.system
    assert four.tools not in (0, one.tools)


def test_what_is_no_call_of_a_model_has_none(project: Project) -> None:
    embedding = {"request_id": "e", "kind": "embedding", "request": {"input": ["a", "b"]}}
    accept_body(project.pk, "native", json.dumps(embedding).encode())
    digest_until_empty()

    assert unpack(bytes(RequestLog.objects.get().profile)) is None


def test_what_a_response_keeps_is_what_was_said_without_instructions_and_tools(project: Project) -> None:
    search = {"type": "web_search_call", "id": "ws_1", "status": "completed", "action": {"query": "sea"}}
    said = {"type": "message", "role": "assistant", "content": [{"type": "output_text", "text": "It is mild."}]}
    logs = [
        {
            "request_id": f"r{number}",
            "request": {"instructions": "You are kind.", "input": "How warm is it?", "tools": [TOOL]},
            "response": {"id": f"resp_{number}", "output": output},
            "started_at": f"2026-11-20T10:0{number}:00Z",
        }
        for number, output in enumerate([[said], [search, said]])
    ]
    one, two = profiles(project, *logs)

    assert one.adds is not None
    added = {name: count for name, count in zip(CLASSES, one.adds, strict=True) if count}
    assert added == {"user": len("How warm is it?"), "assistant": len("It is mild.")}
    assert (one.ran_tools, two.ran_tools) == (False, True)
