"""Pages claim that something is absent only where it is: small inputs as they were sent."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest
from django.test import Client

from sessions_app.ingest.accept import accept_body
from sessions_app.ingest.digest import digest_until_empty
from sessions_app.models import Project, RequestLog
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
ASKED = {"model": "m", "messages": [{"role": "user", "content": "town?"}]}


def answered(project: Project, response: Any, request: Any = ASKED) -> RequestLog:
    send(project, [{"request_id": "one", "request": request, "response": response}])
    return RequestLog.objects.get()


@pytest.mark.parametrize("response", [None])
def test_an_answer_that_was_not_logged_is_said_to_be_so(signed_in: Client, project: Project, response: Any) -> None:
    for page in pages_of(signed_in, answered(project, response)):
        assert NOT_LOGGED in page


@pytest.mark.parametrize("response", [{"choices": []}, "", {"id": "x", "object": "o", "usage": {"prompt_tokens": 4}}])
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
    log = answered(project, {"big": ["Quokkas " * 20_000]})
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
    assert "Rain More of the response, not understood" in page
    usual = {"id": "r2", "choices": [{"index": 0, "message": {"role": "assistant", "content": "Rain"}}]}
    send(project, [{"request_id": "two", "request": ASKED, "response": usual}])
    assert "not understood" not in pages_of(signed_in, RequestLog.objects.get(request_id="two"))[0]


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


@pytest.mark.parametrize("body", [{"query": "Quokkas"}, {"turns": {"said": "Quokkas"}}, 7.25, {}])
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
