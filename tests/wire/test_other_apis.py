"""Bodies of APIs beside those of the large providers: what was asked and answered, and what it took."""

from __future__ import annotations

import json
from decimal import Decimal
from typing import Any

import pytest

from sessions_app.content.blocks import CitationsBlock, MediaBlock, ReasoningBlock, TextBlock, ToolCallBlock, text_of
from sessions_app.records import ERROR, Usage
from sessions_app.wire import litellm
from tests.wire.test_bodies import COUNTED, NOW, answers, asked, record, words

PICTURE = "data:image/png;base64,iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJ"
DIFY = {"inputs": {}, "query": "How deep?", "response_mode": "blocking", "user": "ada"}
USAGE = {"prompt_tokens": 9, "completion_tokens": 4, "total_tokens": 13, "total_price": "0.0025", "currency": "USD"}


def test_an_app_of_dify() -> None:
    found_in = [{"position": 1, "document_name": "lakes.md", "content": "40 m", "score": 0.9}]
    response = {
        "event": "message",
        "message_id": "m",
        "conversation_id": "c-1",
        "answer": "40 metres",
        "metadata": {"usage": USAGE, "retriever_resources": found_in},
    }
    found = record(DIFY, response)
    assert words(asked(found)) == ["How deep?"]
    assert words(answers(found)) == ["40 metres"]
    (cited,) = [block for block in answers(found)[0].blocks if isinstance(block, CitationsBlock)]
    assert [(one.title, one.quote) for one in cited.citations] == [("lakes.md", "40 m")]
    assert (found.usage, found.cost, found.claim.key) == (Usage(9, 4), Decimal("0.0025"), "c-1")


def test_variables_of_an_app_are_input_too() -> None:
    found = record(DIFY | {"inputs": {"lake": "Mjøsa"}}, None)
    assert [len(message.blocks) for message in asked(found)] == [1, 1]
    assert words(asked(found)) == ["How deep?"]


def dify_stream(*events: dict[str, Any]) -> str:
    return "".join(f"data: {json.dumps({'task_id': 't', 'conversation_id': 'c'} | event)}\n\n" for event in events)


THOUGHT = {"event": "agent_thought", "id": "1", "thought": "Look it up", "tool": "search", "tool_input": '{"q": 1}'}
PIECES = ({"event": "agent_message", "answer": "40 "}, {"event": "agent_message", "answer": "metres"})


def test_a_stream_of_dify() -> None:
    end = {"event": "message_end", "metadata": {"usage": USAGE}}
    found = record(DIFY, dify_stream(THOUGHT, THOUGHT | {"observation": "it is 40"}, *PIECES, end))
    (answer,) = answers(found)
    assert words([answer]) == ["40 metres"]
    assert words([answer], ReasoningBlock) == ["Look it up"]
    assert [block.name for block in answer.blocks if isinstance(block, ToolCallBlock)] == ["search"]
    assert (found.usage, found.cost) == (Usage(9, 4), Decimal("0.0025"))


def test_streams_of_dify_that_end_otherwise() -> None:
    broken = record(DIFY, dify_stream(*PIECES))
    assert words(answers(broken)) == ["40 metres"]
    failed = record(
        DIFY, dify_stream(*PIECES, {"event": "error", "status": 400, "code": "full", "message": "Too much"})
    )
    assert (failed.status, failed.error_type, failed.error_message) == (ERROR, "full", "Too much")
    replaced = record(
        DIFY, dify_stream(*PIECES, {"event": "message_replace", "answer": "No"}, {"event": "message_end"})
    )
    assert words(answers(replaced)) == ["No"]


def test_what_mistral_reads_of_a_document() -> None:
    request = {
        "model": "mistral-ocr-latest",
        "document": {"type": "document_url", "document_url": "https://x.org/a.pdf"},
    }
    pages = [{"index": 0, "markdown": "# Lakes", "images": [{"id": "i", "image_base64": PICTURE}]}, {"markdown": "Two"}]
    found = record(request, {"pages": pages, "model": "mistral-ocr-2505", "usage_info": {"pages_processed": 2}})
    assert [type(block) for block in asked(found)[0].blocks] == [MediaBlock]
    (answer,) = answers(found)
    assert [type(block) for block in answer.blocks] == [TextBlock, MediaBlock, TextBlock]
    assert found.call_type == "ocr"


def test_a_source_of_mistrals_tools() -> None:
    source = {"type": "tool_reference", "tool": "web_search", "title": "Ice", "url": "https://x.org/i", "favicon": "f"}
    content = [{"type": "text", "text": "Thick"}, source]
    outputs = [{"type": "message.output", "role": "assistant", "content": content}]
    found = record({"inputs": "?"}, {"object": "conversation.response", "conversation_id": "c", "outputs": outputs})
    assert words(answers(found)) == ["Thick"]
    assert [type(block) for block in answers(found)[0].blocks] == [TextBlock, CitationsBlock]


@pytest.mark.parametrize(
    ("body", "text", "usage"),
    [
        ({"generation": "Deep", "prompt_token_count": 5, "generation_token_count": 3}, "Deep", Usage(5, 3)),
        ({"outputs": [{"text": "Deep", "stop_reason": "stop"}]}, "Deep", Usage()),
        ({"completion": "Deep", "stop_reason": "stop"}, "Deep", Usage()),
    ],
)
def test_bodies_that_boto3_received_as_text(body: dict[str, Any], text: str, usage: Usage) -> None:
    asked_for = {"modelId": "m", "body": json.dumps({"prompt": "How?", "max_gen_len": 9})}
    found = record(asked_for, {"body": json.dumps(body), "contentType": "application/json"})
    assert (words(answers(found)), found.usage) == ([text], usage)


def test_json_that_a_model_wrote_is_its_answer() -> None:
    text = json.dumps({"completion": "Deep"})
    found = record(response={"choices": [{"message": {"role": "assistant", "content": text}}]})
    assert words(answers(found)) == [text]


def test_watsonx() -> None:
    results = [
        {"generated_text": "Deep", "generated_token_count": 4, "input_token_count": 6, "stop_reason": "eos_token"}
    ]
    found = record({"model_id": "ibm/granite", "input": "How?"}, {"model_id": "ibm/granite", "results": results})
    assert (words(answers(found)), found.usage, found.finish_reason) == (["Deep"], Usage(6, 4), "eos_token")


def test_a_video_is_no_completion() -> None:
    found = record({"model": "sora-2", "prompt": "A cat"}, {"id": "video_1", "object": "video", "status": "queued"})
    assert (found.kind, found.call_type) == ("other", "videos")


@pytest.mark.parametrize(
    ("asked_for", "model"),
    [("model-router", "m-1"), ("openrouter/auto", "m-1"), ("auto", "m-1"), ("gpt-auto", "gpt-auto"), ("m", "m")],
)
def test_a_router_is_not_the_model(asked_for: str, model: str) -> None:
    found = record({"model": asked_for, "messages": [{"role": "user", "content": "?"}]})
    assert (found.model, found.requested_model) == (model, asked_for)


@pytest.mark.parametrize("sums", [(23_000, 1_000), (203_000, 4_500)], ids=["beside", "inside"])
def test_summaries_of_a_conversation_are_counted(sums: tuple[int, int]) -> None:
    steps = [
        {"type": "compaction", "input_tokens": 180_000, "output_tokens": 3_500},
        {"type": "message", "input_tokens": 23_000, "output_tokens": 1_000},
    ]
    usage = {"input_tokens": sums[0], "output_tokens": sums[1], "iterations": steps}
    content = [{"type": "compaction", "content": "Summary"}, {"type": "text", "text": "On"}]
    found = record(response={"type": "message", "role": "assistant", "content": content, "usage": usage})
    assert (found.usage.input_tokens, found.usage.output_tokens) == (203_000, 4_500)


def test_what_a_vector_store_found() -> None:
    items = [{"file_id": "f", "filename": "ice.md", "score": 0.9, "content": [{"type": "text", "text": "Thick"}]}]
    found = record({"query": "Ice?"}, {"object": "x", "search_query": ["Ice?"], "data": items, "has_more": False})
    (block,) = answers(found)[0].blocks
    assert isinstance(block, MediaBlock)
    assert (block.name, block.text) == ("ice.md", "Thick")


def test_grounding_that_litellm_writes_beside_the_choices() -> None:
    chunks = [{"web": {"uri": "https://x.org/i", "title": "Ice"}}]
    grounding = [{"webSearchQueries": ["ice"], "groundingChunks": chunks}]
    found = record(response=COUNTED | {"vertex_ai_grounding_metadata": grounding, "vertex_ai_safety_results": []})
    blocks = [block for message in answers(found) for block in message.blocks]
    assert [type(block) for block in blocks] == [TextBlock, ToolCallBlock, CitationsBlock]


def test_events_that_litellm_lists_of_a_spoken_conversation() -> None:
    item = {"type": "message", "role": "assistant", "content": [{"type": "audio", "transcript": "Thick"}]}
    event = {"type": "response.done", "response": {"object": "realtime.response", "id": "r", "output": [item]}}
    found = record(response={"object": "realtime", "results": [event]})
    assert [block.text for block in answers(found)[0].blocks if isinstance(block, MediaBlock)] == ["Thick"]


@pytest.mark.parametrize(
    ("call_type", "response", "text"),
    [
        ("aocr", {"object": "ocr", "pages": [{"markdown": "Lakes"}], "usage_info": {"pages_processed": 1}}, "Lakes"),
        (
            "avector_store_search",
            {"search_query": "?", "data": [{"content": [{"type": "text", "text": "Ice"}]}]},
            "Ice",
        ),
    ],
)
def test_calls_of_litellm_that_are_no_conversation(call_type: str, response: dict[str, Any], text: str) -> None:
    payload = {"id": "1", "call_type": call_type, "status": "success", "messages": [], "response": response}
    found = litellm.read_log(json.dumps(payload).encode(), NOW, "made-up")
    assert [text_of(block) for message in answers(found) for block in message.blocks] == [text]


LIVE = [
    {"setupComplete": {}},
    {"serverContent": {"modelTurn": {"parts": [{"text": "Hm", "thought": True}]}}},
    {"serverContent": {"modelTurn": {"parts": [{"text": "40 "}]}}},
    {"serverContent": {"modelTurn": {"parts": [{"text": "metres"}]}}},
    {"toolCall": {"functionCalls": [{"id": "f", "name": "depth", "args": {"lake": "Mjøsa"}}]}},
    {"serverContent": {"outputTranscription": {"text": "for"}}},
    {"serverContent": {"outputTranscription": {"text": "ty"}}},
    {
        "serverContent": {"turnComplete": True},
        "usageMetadata": {"promptTokenCount": 10, "responseTokenCount": 20, "totalTokenCount": 30},
    },
]


def test_a_turn_of_geminis_live_api() -> None:
    turns = [{"role": "user", "parts": [{"text": "How deep?"}]}]
    setup = {"model": "models/gemini-live", "systemInstruction": {"parts": [{"text": "Speak"}]}}
    found = record({"setup": setup, "clientContent": {"turns": turns, "turnComplete": True}}, LIVE)
    assert words(asked(found)) == ["How deep?"]
    (answer,) = answers(found)
    assert words([answer]) == ["40 metres", "forty"]
    assert words([answer], ReasoningBlock) == ["Hm"]
    assert [block.name for block in answer.blocks if isinstance(block, ToolCallBlock)] == ["depth"]
    assert (found.model, found.usage, found.finish_reason) == ("models/gemini-live", Usage(10, 20), "STOP")
    assert "broke off" not in found.problems[0]


def test_a_turn_that_was_interrupted() -> None:
    events = [*LIVE[:4], {"serverContent": {"interrupted": True}}, {"serverContent": {"turnComplete": True}}]
    found = record(response=events)
    assert (words(answers(found)), found.finish_reason) == (["40 metres"], "INTERRUPTED")


def test_a_list_of_messages() -> None:
    item = {"type": "message", "id": "m", "role": "assistant", "content": [{"type": "output_text", "text": "Thick"}]}
    found = record(None, {"object": "list", "data": [item], "has_more": False})
    assert words(answers(found)) == ["Thick"]


def test_a_run_of_an_assistant_that_failed() -> None:
    error = {"code": "rate_limit_exceeded", "message": "Too much"}
    found = record(response={"id": "run_1", "object": "thread.run", "status": "failed", "last_error": error})
    assert (found.status, found.error_type, found.error_message) == (ERROR, "rate_limit_exceeded", "Too much")
    fine = record(response={"id": "run_1", "object": "thread.run", "status": "completed", "last_error": None})
    assert fine.status == "success"
