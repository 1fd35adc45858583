"""What pages show as it came: nothing that was read, and nothing that only says where something stands."""

from __future__ import annotations

import json
import re
from html import unescape
from typing import Any

import pytest
from django.test import Client

from sessions_app.ingest.accept import accept_body
from sessions_app.ingest.digest import digest_until_empty
from sessions_app.models import Project, RequestLog

MESSAGES = [{"role": "user", "content": "When is high water?"}]
BOXES = ("More of the message", "More of the re")


def page_of(client: Client, project: Project, response: Any, request: Any = None) -> str:
    """The text of the page of a request."""
    log = {"request_id": "one", "request": request or {"model": "m", "messages": MESSAGES}, "response": response}
    assert not accept_body(project.pk, "native", json.dumps(log).encode()).rejected
    digest_until_empty()
    stored = RequestLog.objects.get(request_id="one")
    html = client.get(f"/p/{project.slug}/requests/{stored.id}/").content.decode()
    html = html[html.index("<main") :].partition('id="raw"')[0]
    return " ".join(unescape(re.sub(r"<[^>]*>", " ", html)).split())


def claude(**members: Any) -> dict[str, Any]:
    content = [{"type": "text", "text": "At six"}]
    return {"type": "message", "role": "assistant", "content": content, "usage": {"input_tokens": 4}} | members


def titan() -> dict[str, Any]:
    return {"inputTextTokenCount": 3, "results": [{"tokenCount": 2, "outputText": "At six", "completionReason": "X"}]}


@pytest.mark.parametrize("inner", [claude(stop_reason="end_turn"), claude(), titan()])
@pytest.mark.parametrize("around", [{"contentType": "application/json"}, {"statusCode": 200, "content_type": "a/b"}])
def test_what_was_read_in_a_json_text_is_read(
    project: Project, signed_in: Client, inner: dict[str, Any], around: dict[str, Any]
) -> None:
    around = {name: value for name, value in around.items() if name != "statusCode"}
    said = page_of(signed_in, project, {"body": json.dumps(inner)} | around)
    assert "At six" in said
    assert not any(box in said for box in BOXES)


def test_what_was_not_read_in_a_json_text_is_shown(project: Project, signed_in: Client) -> None:
    said = page_of(signed_in, project, {"body": json.dumps(claude(tide_table={"station": "Husum"}))})
    assert "At six" in said
    assert "More of the message, as it came" in said
    assert "Husum" in said


def test_a_text_of_json_that_nobody_read_is_shown(project: Project, signed_in: Client) -> None:
    said = page_of(signed_in, project, claude(stop_reason="end_turn", extra='{"status": "ebbing"}'))
    assert "ebbing" in said


def sse(*events: dict[str, Any]) -> str:
    return "".join(f"event: {event['type']}\ndata: {json.dumps(event)}\n\n" for event in events)


def test_an_error_within_a_stream_is_only_the_error(project: Project, signed_in: Client) -> None:
    start = {"type": "message", "role": "assistant", "id": "msg_1", "model": "claude", "content": []}
    said = page_of(
        signed_in,
        project,
        sse(
            {"type": "message_start", "message": start},
            {"type": "content_block_start", "index": 0, "content_block": {"type": "text", "text": ""}},
            {"type": "content_block_delta", "index": 0, "delta": {"type": "text_delta", "text": "At six "}},
            {"type": "error", "error": {"type": "overloaded_error", "message": "Overloaded now"}},
        ),
    )
    assert "At six" in said
    assert said.count("Overloaded now") == 1
    assert not any(box in said for box in BOXES)


@pytest.mark.parametrize("error", [{"type": "api_error", "message": "Broke off"}, "Broke off"])
def test_an_error_beside_an_answer_is_only_the_error(project: Project, signed_in: Client, error: Any) -> None:
    said = page_of(signed_in, project, claude(error=error))
    assert "At six" in said
    assert said.count("Broke off") == 1
    assert not any(box in said for box in BOXES)


# --- citations ------------------------------------------------------------------------------------------------------

SUPPORTS = [
    {
        "segment": {"partIndex": 0, "startIndex": 0, "endIndex": 5, "text": "At six"},
        "groundingChunkIndices": [0],
        "confidenceScores": [0.91],
    }
]
GEMINI = {
    "candidates": [
        {
            "content": {"role": "model", "parts": [{"text": "At six"}]},
            "finishReason": "STOP",
            "groundingMetadata": {
                "groundingChunks": [{"web": {"uri": "https://tides.example", "title": "Tides"}}],
                "groundingSupports": SUPPORTS,
            },
        }
    ]
}
ANNOTATION = {
    "type": "url_citation",
    "start_index": 3,
    "end_index": 6,
    "url": "https://tides.example",
    "title": "Tides",
}
OPENAI = {
    "object": "response",
    "output": [
        {
            "type": "message",
            "role": "assistant",
            "content": [{"type": "output_text", "text": "At six", "annotations": [ANNOTATION]}],
        }
    ],
}
PLACE = {"type": "char_location", "document_index": 0, "start_char_index": 40, "end_char_index": 55}
ANTHROPIC = claude(
    stop_reason="end_turn",
    content=[
        {
            "type": "text",
            "text": "At six",
            "citations": [PLACE | {"document_title": "Tides", "cited_text": "06:00"}],
        }
    ],
)
CONVERSE_CITED = {
    "content": [{"text": "At six"}],
    "citations": [
        {
            "title": "Tides",
            "location": {"documentChar": {"documentIndex": 0, "start": 4, "end": 9}},
            "sourceContent": [{"text": "06:00"}],
        }
    ],
}
CONVERSE = {
    "output": {"message": {"role": "assistant", "content": [{"citationsContent": CONVERSE_CITED}]}},
    "stopReason": "end_turn",
}
COHERE_COUNTS = {"api_version": {"version": "1"}, "billed_units": {"input_tokens": 3}, "tokens": {"input_tokens": 9}}


def cohere(source: dict[str, Any]) -> dict[str, Any]:
    cited = [{"start": 3, "end": 6, "text": "six", "type": "TEXT_CONTENT", "sources": [source]}]
    message = {"role": "assistant", "content": [{"type": "text", "text": "At six"}], "citations": cited}
    return {"id": "c", "finish_reason": "COMPLETE", "message": message, "usage": {"tokens": {"input_tokens": 9}}}


def old_cohere(**members: Any) -> dict[str, Any]:
    cited = [{"start": 3, "end": 6, "text": "six", "document_ids": ["doc_0"]}]
    documents = [
        {"id": "doc_0", "title": "Tides", "snippet": "high water 06:00", "url": "https://tides.example"},
        {"id": "doc_1", "title": "Moons", "snippet": "waning gibbous"},
    ]
    body = {"text": "At six", "generation_id": "g", "finish_reason": "COMPLETE", "meta": COHERE_COUNTS}
    return body | {"citations": cited, "documents": documents} | members


@pytest.mark.parametrize(
    ("response", "words"),
    [
        (GEMINI, "Tides"),
        (OPENAI, "Tides"),
        (ANTHROPIC, "06:00"),
        (CONVERSE, "06:00"),
        (cohere({"type": "tool", "id": "t:0", "tool_output": {"height": "3.2 m"}}), "3.2 m"),
        (
            cohere({"type": "document", "id": "d:0", "document": {"id": "d:0", "title": "Tides", "text": "3.2 m"}}),
            "3.2 m",
        ),
        (cohere({"type": "document", "id": "d:0", "document": {"id": "d:0", "station": "Husum", "m": "3.2"}}), "Husum"),
        (old_cohere(), "high water 06:00"),
        (old_cohere(), "waning gibbous"),
        (old_cohere(citations=[]), "high water 06:00"),
        (old_cohere(citations=None), "Moons"),
    ],
)
def test_citations_are_understood(project: Project, signed_in: Client, response: dict[str, Any], words: str) -> None:
    said = page_of(signed_in, project, response)
    assert "Sources" in said
    assert words in said
    assert not any(box in said for box in BOXES), said


def test_a_score_that_is_the_answer_is_shown(project: Project, signed_in: Client) -> None:
    assert "0.93" in page_of(signed_in, project, {"verdict": {"score": 0.93}})


def test_a_score_with_its_name_is_shown(project: Project, signed_in: Client) -> None:
    said = page_of(signed_in, project, claude(stop_reason="end_turn", rating={"mood": "calm", "level": 0.93}))
    assert "calm" in said
    assert "0.93" in said


# --- tools of Mistral's agents, and answers in pieces ---------------------------------------------------------------


def conversation(*outputs: dict[str, Any]) -> dict[str, Any]:
    said = {"type": "message.output", "role": "assistant", "content": [{"type": "text", "text": "At six"}]}
    return {"object": "conversation.response", "conversation_id": "cv", "outputs": [*outputs, said]}


@pytest.mark.parametrize(
    ("item", "words"),
    [
        ({"name": "web_search", "arguments": '{"query": "tides Husum"}', "info": {}}, ("web_search", "tides Husum")),
        (
            {"name": "code_interpreter", "arguments": "{}", "info": {"code": "1+1", "code_output": "two"}},
            ("code_interpreter", "1+1", "two"),
        ),
        (
            {"type": "function.call", "tool_call_id": "abc", "name": "get_tide", "arguments": '{"at": "Husum"}'},
            ("get_tide", "Husum"),
        ),
        (
            {"type": "agent.handoff", "previous_agent_name": "clerk", "next_agent_name": "pilot"},
            ("agent.handoff", "clerk", "pilot"),
        ),
    ],
)
def test_items_of_mistrals_conversations(
    project: Project, signed_in: Client, item: dict[str, Any], words: tuple[str, ...]
) -> None:
    item = {"object": "entry", "type": "tool.execution", "id": "te1", "created_at": "2026-11-01T10:00:00Z"} | item
    said = page_of(signed_in, project, conversation(item), {"model": "mistral", "inputs": "When is high water?"})
    assert "At six" in said
    assert all(word in said for word in words), said
    assert not any(box in said for box in BOXES), said


@pytest.mark.parametrize("response", [{"output": ["At", " si", "x ", "sharp"]}, ["At", " six ", "sharp"]])
def test_a_text_in_pieces_is_one_answer(project: Project, signed_in: Client, response: Any) -> None:
    said = page_of(signed_in, project, response)
    assert "At six sharp" in said
    assert "choice" not in said


@pytest.mark.parametrize(
    "response", [{"output": ["Husum", "Sylt"]}, {"output": ["https://a/1.png", "https://a/2.png"]}]
)
def test_a_list_is_not_made_one_text(project: Project, signed_in: Client, response: Any) -> None:
    said = page_of(signed_in, project, response)
    first, second = response["output"]
    assert first in said
    assert second in said
    assert first + second not in said


# --- filters, thoughts, batches, classes ----------------------------------------------------------------------------

SAFE = {"hate": {"filtered": False, "severity": "safe"}, "jailbreak": {"filtered": False, "detected": False}}


def azure(reason: str, content: str, results: dict[str, Any]) -> dict[str, Any]:
    message = {"role": "assistant", "content": content}
    choice = {"index": 0, "finish_reason": reason, "content_filter_results": results, "message": message}
    return {"choices": [choice], "prompt_filter_results": [{"prompt_index": 0, "content_filter_results": SAFE}]}


def chat(content: str, **members: Any) -> dict[str, Any]:
    return {
        "choices": [{"index": 0, "finish_reason": "stop", "message": {"role": "assistant", "content": content}}]
    } | members


LINES = [
    {"id": "b", "custom_id": "row-1", "response": {"status_code": 200, "request_id": "r", "body": chat("At six")}},
    {"custom_id": "row-1", "result": {"type": "succeeded", "message": claude(stop_reason="end_turn")}},
    {"key": "row-1", "response": {"candidates": [{"content": {"role": "model", "parts": [{"text": "At six"}]}}]}},
]
CLASS = ["langchain", "schema", "messages", "AIMessage"]
GENERATION = {
    "text": "At six",
    "message": {"lc": 1, "type": "constructor", "id": CLASS, "kwargs": {"content": "At six", "type": "ai"}},
}


@pytest.mark.parametrize(
    "response",
    [
        azure("stop", "At six", SAFE),
        chat("<think>Look at the table</think>At six"),
        chat("Look at the table</think>\n\nAt six"),
        json.dumps(chat("At six")),
        json.dumps(json.dumps(chat("At six"))),
        *LINES,
        GENERATION["message"],
        {"success": True, "errors": [], "messages": [], "result": {"response": "At six", "usage": {"total_tokens": 4}}},
    ],
)
def test_nothing_is_left_of_answers_that_are_read(project: Project, signed_in: Client, response: Any) -> None:
    said = page_of(signed_in, project, response)
    assert "At six" in said
    assert not any(box in said for box in BOXES), said


def test_what_never_ended_is_a_thought(project: Project, signed_in: Client) -> None:
    said = page_of(signed_in, project, chat("<think>Look at the table"))
    assert "Look at the table" in said
    assert not any(box in said for box in BOXES), said


def test_the_filter_that_stopped_an_answer_is_named(project: Project, signed_in: Client) -> None:
    hit = SAFE | {"violence": {"filtered": True, "severity": "high"}}
    said = page_of(signed_in, project, azure("content_filter", "", hit))
    assert "violence: high" in said
    assert not any(box in said for box in BOXES), said


def test_an_error_of_a_choice_is_only_the_error(project: Project, signed_in: Client) -> None:
    choice = {"index": 0, "finish_reason": "error", "error": {"code": 502, "message": "Upstream gone"}}
    said = page_of(signed_in, project, {"choices": [choice | {"message": {"role": "assistant", "content": "At six"}}]})
    assert said.count("502") == 1
    assert not any(box in said for box in BOXES), said


def test_tools_that_ran_beside_the_answer(project: Project, signed_in: Client) -> None:
    found = {"results": [{"title": "Tides", "url": "https://tides.example", "content": "06:00", "score": 0.8}]}
    ran = {"index": 0, "type": "search", "arguments": '{"query": "tides"}', "output": "06:00", "search_results": found}
    response = chat("At six")
    response["choices"][0]["message"]["executed_tools"] = [ran, "odd"]
    said = page_of(signed_in, project, response)
    assert "search query: tides" in said
    assert "Sources 1 Tides" in said


RATINGS = [{"category": "HARM_CATEGORY_HATE_SPEECH", "probability": "NEGLIGIBLE"}]


def candidate(**members: Any) -> dict[str, Any]:
    said = {"content": {"role": "model", "parts": [{"text": "At six"}]}, "finishReason": "STOP"}
    return {"candidates": [said | members]}


@pytest.mark.parametrize(
    "response",
    [
        candidate(safetyRatings=RATINGS),
        chat("At six", service_tier="default")
        | {
            "choices": [
                {
                    "index": 0,
                    "message": {"role": "assistant", "content": "At six"},
                    "logprobs": {"content": [{"token": "At", "logprob": -0.1, "top_logprobs": [{"token": "By"}]}]},
                }
            ]
        },
        claude(
            stop_reason="end_turn",
            content=[{"type": "redacted_thinking", "data": "RW5jcnlwdGVk"}, {"type": "text", "text": "At six"}],
        ),
    ],
)
def test_notes_beside_an_answer_are_no_content(project: Project, signed_in: Client, response: Any) -> None:
    said = page_of(signed_in, project, response)
    assert "At six" in said
    assert not any(box in said for box in BOXES), said


def test_a_rating_that_blocked_is_shown(project: Project, signed_in: Client) -> None:
    hit = {"category": "HARM_CATEGORY_HARASSMENT", "probability": "HIGH", "blocked": True}
    assert "HARM_CATEGORY_HARASSMENT" in page_of(signed_in, project, candidate(safetyRatings=[*RATINGS, hit]))


@pytest.mark.parametrize("name", ["citationSources", "citations"])
def test_where_a_text_of_gemini_is_from(project: Project, signed_in: Client, name: str) -> None:
    sources = {name: [{"startIndex": 0, "endIndex": 6, "uri": "https://tides.example/husum"}]}
    said = page_of(signed_in, project, candidate(citationMetadata=sources))
    assert "Sources 1" in said
    assert "https://tides.example/husum" in said
    assert not any(box in said for box in BOXES), said


def test_tools_of_google_have_names(project: Project, signed_in: Client) -> None:
    tools = [{"google_search": {}}, {"urlContext": {}, "functionDeclarations": [{"name": "get_tide"}]}]
    request = {"model": "gemini", "contents": [{"role": "user", "parts": [{"text": "Hi"}]}], "tools": tools}
    said = page_of(signed_in, project, candidate(), request)
    assert all(name in said for name in ("google_search", "urlContext", "get_tide"))


def test_counts_of_vertex_predictions(project: Project, signed_in: Client) -> None:
    counts = {"inputTokenCount": {"totalTokens": 3}, "outputTokenCount": {"totalTokens": 2}}
    response = {"predictions": [{"candidates": [{"content": "At six"}]}], "metadata": {"tokenMetadata": counts}}
    said = page_of(signed_in, project, response)
    log = RequestLog.objects.get(request_id="one")
    assert (log.input_tokens, log.output_tokens) == (3, 2)
    assert not any(box in said for box in BOXES), said


def test_tools_of_coheres_first_chat(project: Project, signed_in: Client) -> None:
    asked = {"role": "CHATBOT", "message": "", "tool_calls": [{"name": "get_tide", "parameters": {"at": "Husum"}}]}
    result = {"call": {"name": "get_tide", "parameters": {"at": "Husum"}}, "outputs": [{"high": "six-ish"}]}
    request = {
        "model": "command-r",
        "message": "",
        "chat_history": [{"role": "USER", "message": "When is high water?"}, asked],
        "tool_results": [result],
    }
    said = page_of(signed_in, project, {"text": "At six", "finish_reason": "COMPLETE"}, request)
    assert "get_tide at: Husum" in said
    assert "six-ish" in said
    assert "Empty message" not in said
    assert "no result" not in said
    assert not any(box in said for box in BOXES), said


def test_the_template_of_a_prompt_is_no_message(project: Project, signed_in: Client) -> None:
    template = {"id": "pmpt_1", "version": "2", "variables": {"city": "Husum"}}
    said = page_of(signed_in, project, chat("At six"), {"model": "m", "prompt": template, "input": "When?"})
    assert "1 message" in said
    assert "Husum" in said


def test_results_of_the_ai_sdk(project: Project, signed_in: Client) -> None:
    call = {"type": "tool-call", "toolCallId": "a1", "toolName": "get_tide", "input": {"at": "Husum"}}
    output = {"type": "text", "value": "six-ish"}
    result = {"type": "tool-result", "toolCallId": "a1", "toolName": "get_tide", "output": output}
    messages = [*MESSAGES, {"role": "assistant", "content": [call]}, {"role": "tool", "content": [result]}]
    said = page_of(signed_in, project, chat("At six"), {"model": "m", "messages": messages})
    assert "six-ish" in said
    assert not any(box in said for box in BOXES), said


def test_what_a_response_repeats_of_its_request_is_no_answer(project: Project, signed_in: Client) -> None:
    tool = {"type": "function", "name": "tides", "parameters": {"type": "object"}}
    request = {"model": "m", "input": "hi", "instructions": "Be brief", "tools": [tool], "max_output_tokens": 77}
    response = {
        "object": "response",
        "status": "completed",
        "instructions": "Be brief",
        "tools": [tool | {"strict": True, "description": None}],
        "text": {"format": {"type": "text"}},
        "max_output_tokens": 77,
        "max_tool_calls": 9,
        "output": [{"type": "message", "role": "assistant", "content": [{"type": "output_text", "text": "At six"}]}],
    }
    assert not any(box in page_of(signed_in, project, response, request) for box in BOXES)


def test_what_a_kept_prompt_became_is_shown(project: Project, signed_in: Client) -> None:
    request = {"model": "m", "input": "hi", "prompt": {"id": "pmpt_1"}}
    output = [{"type": "message", "role": "assistant", "content": [{"type": "output_text", "text": "At six"}]}]
    response = {"object": "response", "status": "completed", "instructions": "Speak as a harbour", "output": output}
    assert "Speak as a harbour" in page_of(signed_in, project, response, request)


def test_an_answer_that_is_not_there_yet_has_not_ended(project: Project, signed_in: Client) -> None:
    said = page_of(signed_in, project, {"object": "response", "status": "queued", "output": []})
    assert "finished with" not in said
    assert "Running" in said


def test_a_refusal_without_words_is_no_message_to_open(project: Project, signed_in: Client) -> None:
    said = page_of(signed_in, project, claude(content=[], stop_reason="refusal"))
    assert "The answer was refused" in said
    assert "Show this message" not in said


@pytest.mark.parametrize("reason", ["model_context_window_exceeded", "max_tokens"])
def test_an_answer_that_a_limit_stopped_says_so(project: Project, signed_in: Client, reason: str) -> None:
    said = page_of(signed_in, project, claude(stop_reason=reason))
    assert ("context window of the model is full" if "window" in reason else "Stopped by the limit") in said
