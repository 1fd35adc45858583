"""Pages claim that something is absent only where it is: small inputs as they were sent."""

from __future__ import annotations

import json
import re
import uuid
from pathlib import Path
from typing import Any

import pytest
from django.test import Client
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from sessions_app.content.search_text import hashes_of
from sessions_app.ingest.accept import accept_body
from sessions_app.ingest.digest import digest_until_empty
from sessions_app.models import Project, RequestLog, RequestSearch
from tests.pages.html.test_messages import text

PAYLOADS = Path(__file__).parents[2] / "payloads"
REPORTS, AGENTS = PAYLOADS / "reports", PAYLOADS / "agents"


def send(project: Project, body: Any, source: str = "native") -> None:
    accepted = accept_body(project.pk, source, json.dumps(body).encode())
    assert not accepted.rejected
    digest_until_empty()


def pages_of(client: Client, log: RequestLog) -> list[str]:
    """The texts of the page of a request and of its session."""
    paths = (f"/p/acme/requests/{log.pk}/", f"/p/acme/sessions/{log.session_id}/")
    return [re.sub(r"\s+", " ", text(client.get(path).content.decode())) for path in paths]


def test_results_of_reused_ids_stand_under_their_calls(signed_in: Client, project: Project) -> None:
    send(project, json.loads((REPORTS / "01-reused-tool-call-ids.json").read_text())["body"])
    for page in pages_of(signed_in, RequestLog.objects.get()):
        for town, weather in (("Aa", "rain in Aa"), ("Bb", "sun in Bb"), ("Cc", "snow in Cc")):
            assert f"weather town: {town} {weather}" in page
        assert "no result" not in page
        assert "tool result" not in page


# --- answers and inputs ---------------------------------------------------------------------------------------------

NOT_LOGGED, EMPTY = "No answer was logged", "Empty answer"
CHOICES = {"choices": [{"message": {"role": "assistant", "content": "Rain"}}]}
ASKED = {"model": "m", "messages": [{"role": "user", "content": "town?"}]}


def answered(project: Project, response: Any, request: Any = ASKED) -> RequestLog:
    send(project, [{"request_id": "one", "request": request, "response": response}])
    return RequestLog.objects.get()


@pytest.mark.parametrize("response", [None])
def test_an_answer_that_was_not_logged_is_said_to_be_so(signed_in: Client, project: Project, response: Any) -> None:
    for page in pages_of(signed_in, answered(project, response)):
        assert NOT_LOGGED in page


SETTINGS = {"object": "response", "output": [], "text": {"format": {"type": "text"}}, "tool_choice": {"type": "auto"}}


@pytest.mark.parametrize(
    "response", [{"choices": []}, "", {"id": "x", "object": "o", "usage": {"prompt_tokens": 4}}, SETTINGS]
)
def test_an_answer_that_holds_nothing_is_empty(signed_in: Client, project: Project, response: Any) -> None:
    for page in pages_of(signed_in, answered(project, response)):
        assert EMPTY in page
        assert NOT_LOGGED not in page


@pytest.mark.parametrize(
    "response",
    [
        {"verdict": {"words": "Quokkas in Aa"}},
        {"choices": {"0": "Quokkas in Aa"}},
        {"choices": [["Quokkas in Aa"]]},
        {"odd": [{"type": "Quokkas in Aa"}]},
        {"choices": [{"message": 7, "speech": "Quokkas in Aa"}]},
        {"choices": [{"message": {"role": "assistant", "content": "", "drawing": {"title": "Quokkas in Aa"}}}]},
        {
            "choices": [
                {"message": {"role": "assistant", "content": [{"type": "text", "text": {"odd": "Quokkas in Aa"}}]}}
            ]
        },
        {"output": [{"type": "message", "content": [], "aside": "Quokkas in Aa"}]},
        [["Quokkas in Aa"]],
        {"big": ["Quokkas in Aa", "x" * 3_000]},
    ],
)
def test_an_answer_that_is_not_understood_is_shown_as_it_came(
    signed_in: Client, project: Project, response: Any
) -> None:
    for page in pages_of(signed_in, answered(project, response)):
        assert "Quokkas in Aa" in page
        assert NOT_LOGGED not in page
        assert EMPTY not in page


def test_an_answer_that_the_page_has_no_room_for_is_a_link_away(signed_in: Client, project: Project) -> None:
    log = answered(project, {"big": list(range(20_000))})
    path = f"/p/acme/sessions/{log.session_id}/"
    page = signed_in.get(path).content.decode()
    assert "Not shown here" in page
    assert NOT_LOGGED not in page
    assert f'href="/p/acme/requests/{log.pk}/?raw=response#raw"' in page


def test_members_beside_an_answer_are_folded(signed_in: Client, project: Project) -> None:
    response = {
        "id": "r",
        "choices": [{"index": 0, "message": {"role": "assistant", "content": "Rain"}, "safety": "Quokkas"}],
    }
    page, _ = pages_of(signed_in, answered(project, response))
    assert "Rain More of the response, as it came" in page
    usual = {"id": "r2", "choices": [{"index": 0, "message": {"role": "assistant", "content": "Rain"}}]}
    send(project, [{"request_id": "two", "request": ASKED, "response": usual}])
    assert "More of the" not in pages_of(signed_in, RequestLog.objects.get(request_id="two"))[0]


def test_settings_that_a_response_repeats_are_not_called_unknown(signed_in: Client, project: Project) -> None:
    item = {"type": "message", "role": "assistant", "content": [{"type": "output_text", "text": "Rain"}]}
    settings = {"store": True, "reasoning": {"effort": "medium"}, "previous_response_id": "resp_1"}
    response = {"id": "r", "object": "response", "status": "completed", "output": [item], **settings}
    page, _ = pages_of(signed_in, answered(project, response))
    assert "Rain" in page
    assert "More of the" not in page
    send(project, [{"request_id": "two", "request": ASKED, "response": {**response, "id": "r2", "omen": "Quokkas"}}])
    assert "More of the response, as it came" in pages_of(signed_in, RequestLog.objects.get(request_id="two"))[0]


def test_an_empty_message_of_a_call_that_failed_is_no_answer(signed_in: Client, project: Project) -> None:
    log = answered(project, {"choices": [{"index": 0, "message": {"role": "assistant", "content": ""}}]})
    assert any("Empty answer" in page for page in pages_of(signed_in, log))
    failed = {"response": {"choices": [{"index": 0, "message": {"role": "assistant", "content": ""}}]},
              "error": {"type": "tokens", "message": "Too fast"}, "status": "error", "status_code": 429}  # fmt: skip
    send(project, [{"request_id": "two", "request": ASKED, **failed}])
    for page in pages_of(signed_in, RequestLog.objects.get(request_id="two")):
        assert "Too fast" in page
        assert "Empty answer" not in page


def test_the_history_in_an_agents_state_is_understood(signed_in: Client, project: Project) -> None:
    earlier = [{"type": "human", "content": "hello"}, {"type": "ai", "content": "Hi there"}]
    state = {"messages": [*earlier, {"type": "human", "content": "town?"}, {"type": "ai", "content": "Rain"}]}
    for page in pages_of(signed_in, answered(project, state)):
        assert "Rain" in page
        assert "More of the" not in page


def test_times_counts_and_headers_of_an_answer_are_understood(signed_in: Client, project: Project) -> None:
    times = {"total_duration": 12, "load_duration": 3, "prompt_eval_count": 4, "eval_count": 5, "done": True}
    message = {"role": "assistant", "content": [{"text": "Rain"}]}
    headers = {"ResponseMetadata": {"RequestId": "r", "HTTPHeaders": {"date": "today"}}}
    converse = {"output": {"message": message}, "stopReason": "end_turn", "metrics": {"latencyMs": 7}} | headers
    for response in ({"model": "m", "message": message} | times, converse):
        RequestLog.objects.all().delete()
        send(project, [{"request_id": uuid.uuid4().hex, "request": ASKED, "response": response}])
        for page in pages_of(signed_in, RequestLog.objects.get()):
            assert "Rain" in page
            assert "More of the" not in page


def test_a_result_in_a_member_that_is_not_known_is_no_empty_result(signed_in: Client, project: Project) -> None:
    call = {"id": "c", "type": "function", "function": {"name": "weather", "arguments": "{}"}}
    messages = [
        *ASKED["messages"],
        {"role": "assistant", "content": None, "tool_calls": [call]},
        {"role": "tool", "tool_call_id": "c", "returned": {"sky": "Quokkas"}},
    ]
    for page in pages_of(signed_in, answered(project, {"choices": []}, {"model": "m", "messages": messages})):
        assert "Quokkas" in page
        assert "0 B" not in page
        assert "Empty result" not in page


@pytest.mark.parametrize(
    "body",
    [
        {"odd": {"type": "Quokkas"}},
        {"query": "Quokkas"},
        {"content": "Quokkas"},
        {"turns": {"said": "Quokkas"}},
        7.25,
        {},
    ],
)
def test_an_input_that_is_not_understood_is_shown_as_it_came(signed_in: Client, project: Project, body: Any) -> None:
    log = answered(project, {"choices": [{"message": {"role": "assistant", "content": "Hi"}}]}, body)
    for page in pages_of(signed_in, log):
        assert ("The request holds no messages" in page) == (body == {})
        assert body == {} or ("Quokkas" in page or "7.25" in page)


def test_litellm_says_that_it_logged_no_input(signed_in: Client, project: Project) -> None:
    reported = json.loads((AGENTS / "06_gemini_native_without_messages.json").read_text())
    send(project, reported["payloads"], "litellm")
    silent = [log for log in RequestLog.objects.all() if not bytes(log.input_parts)]
    assert len(silent) > 1
    for log in silent:
        for page in pages_of(signed_in, log):
            assert "LiteLLM logged no input for this call." in page
            assert "GEMINI_CLI_CUSTOM_HEADERS" in page
            assert "no result was sent back" not in page
            assert "default-message-value" not in page.split("Raw JSON")[0]


def is_found(word: str, project: Project) -> bool:
    return RequestSearch.objects.filter(words__contains=hashes_of([word], project.pk)).exists()


def test_what_is_not_understood_is_found_by_its_words(project: Project) -> None:
    odd = {
        "role": "user",
        "content": [{"type": "text", "text": "said", "aside": "inmessage"}],
        "odd": ["besidecontent"],
    }
    request = {"model": "m", "messages": [odd], "documents": [{"snippet": "inrequest"}]}
    choice = {"index": 0, "message": {"role": "assistant", "content": "Rain"}, "verdict": {"why": "inchoice\nnewline"}}
    answered(project, {"choices": [choice, ["besidechoices"]], "speech": {"words": "inresponse"}}, request)
    words = ("said", "inmessage", "besidecontent", "inrequest", "rain", "inchoice", "newline", "besidechoices")
    assert [word for word in (*words, "inresponse") if not is_found(word, project)] == []


# --- anything, anywhere ---------------------------------------------------------------------------------------------

names = st.sampled_from(["text", "content", "parts", "output", "x", "call", "message", "type", "data", "result"])
words = st.integers(0, 99_999).map(lambda number: f"quokka{number:05}")
anything = st.recursive(
    words | st.builds(lambda word, n: f"{word} and {n}", words, st.integers()),
    lambda inner: st.lists(inner, min_size=1, max_size=3) | st.dictionaries(names, inner, min_size=1, max_size=3),
    max_leaves=6,
)


def bodies_with(value: Any) -> list[tuple[Any, Any]]:
    """Requests and responses that have a value in each of their places."""
    call = {"id": "c", "type": "function", "function": {"name": "f", "arguments": value}}
    fine = {"choices": [{"index": 0, "message": {"role": "assistant", "content": "Fine"}}]}
    sent = [
        *(value, {"messages": value}, {"messages": [value]}, {"contents": value}, {"odd": value}),
        {"messages": [{"role": "user", "content": value}]},
        {"messages": [{"role": "user", "odd": value}]},
        {
            "messages": [
                {"role": "assistant", "tool_calls": [call]},
                {"role": "tool", "tool_call_id": "c", "odd": value},
            ]
        },
        {"input": [{"type": "message", "content": [value]}, {"type": "function_call_output", "output": value}]},
    ]
    returned = [
        *(value, {"choices": value}, {"choices": [value]}, {"output": value}, {"output": [value]}, {"odd": value}),
        *({"choices": [{"message": value}]}, {"choices": [{"message": {"content": value}}]}, {"content": [value]}),
        *({"choices": [{"message": {"tool_calls": [value]}}]}, {"choices": [{"message": {"tool_calls": [call]}}]}),
        *({"candidates": [{"content": {"parts": [value]}}]}, {"choices": [{"delta": {"odd": value}}]}),
    ]
    return [*((request, fine) for request in sent), *((ASKED, response) for response in returned)]


CLAIMS = (NOT_LOGGED, EMPTY, "No input was logged", "The request holds no messages", "Empty message", "Empty result")


@settings(max_examples=8, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(value=anything, data=st.data())
def test_anything_anywhere_is_shown_and_never_called_absent(
    signed_in: Client, project: Project, value: Any, data: st.DataObject
) -> None:
    request, response = data.draw(st.sampled_from(bodies_with(value)))
    name = f"any-{uuid.uuid4()}"
    send(project, [{"request_id": name, "session_id": name, "request": request, "response": response}])
    log = RequestLog.objects.get(request_id=name)
    page, of_session = pages_of(signed_in, log)
    raw = text(signed_in.get(f"/p/acme/requests/{log.pk}/?raw=request").content.decode())
    for word in set(re.findall(r"quokka\d+", json.dumps(value))):
        assert word in page or word in raw
    for claim in CLAIMS:
        assert claim not in page
        assert claim not in of_session


# --- what is there, but hardly anything ------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "response",
    [
        {"choices": [{"message": {"role": "assistant", "content": " \n\t "}}]},
        " \n ",
        {"output": [{"type": "message", "role": "assistant", "content": [{"type": "output_text", "text": " "}]}]},
    ],
)
def test_an_answer_of_white_space_is_said_to_be_so(signed_in: Client, project: Project, response: Any) -> None:
    for page in pages_of(signed_in, answered(project, response)):
        assert "White space only" in page


def test_a_tools_message_without_content_is_an_empty_result(signed_in: Client, project: Project) -> None:
    call = {"id": "c", "type": "function", "function": {"name": "weather", "arguments": '{"town": "Aa"}'}}
    asked = {"role": "assistant", "content": None, "tool_calls": [call]}
    messages = [*ASKED["messages"], asked, {"role": "tool", "tool_call_id": "c"}]
    for page in pages_of(signed_in, answered(project, CHOICES, {"messages": messages})):
        assert "weather town: Aa empty" in page
        assert "Data JSON" not in page


def test_how_other_choices_ended_is_told(signed_in: Client, project: Project) -> None:
    choices = [
        {"index": n, "finish_reason": reason, "message": {"role": "assistant", "content": f"Rain {n}"}}
        for n, reason in enumerate(("stop", "length", "stop"))
    ]
    for page in pages_of(signed_in, answered(project, {"choices": choices})):
        assert "Choice 2: finish_reason: length" in page
        assert "Choice 3:" not in page


@pytest.mark.parametrize(
    "content",
    [
        [{"type": "compaction", "content": "They spoke of quokkas."}],
        [{"type": "compaction", "summary": [{"type": "summary_text", "text": "They spoke of quokkas."}]}],
        [{"type": "compaction", "encrypted_content": "gAAAA"}],
    ],
)
def test_a_summary_of_the_provider_is_read_as_a_text(signed_in: Client, project: Project, content: Any) -> None:
    message = {"role": "assistant", "content": [*content, {"type": "text", "text": "Rain"}]}
    for page in pages_of(signed_in, answered(project, {"type": "message"} | message)):
        assert "A summary by the provider stands for what was said before" in page
        assert ("It is encrypted" in page) == ("gAAAA" in str(content))
        assert ("before They spoke of quokkas. Rain" in page) == ("quokkas" in str(content))
