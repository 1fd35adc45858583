"""What pages and API show of a span: request and response as an API has them, whatever the library wrote."""

from __future__ import annotations

import json
from typing import Any

import pytest

from sessions_app.wire import genai
from tests.wire.genai.captures import FOLDERS, Call, calls_of, records_of
from tests.wire.genai.spans import item, read

# Its two calls have no definitions on their spans.
_WITHOUT_TOOLS = ("openai-v2-latest", "openai-v2-legacy", "strands", "strands-latest")


def documents(call: Call) -> tuple[dict[str, Any], dict[str, Any]]:
    found = genai.documents_of(call.record.document.joined())
    return json.loads(found.request or b"{}"), json.loads(found.response or b"{}")


def tool_calls(folder: str) -> list[Call]:
    return [call for call in calls_of(folder) if "tool-round-trip" in call.file][:2]


@pytest.mark.parametrize("folder", FOLDERS)
def test_a_tool_round_trip_is_openai_messages(folder: str) -> None:
    first, second = tool_calls(folder)
    _, response = documents(first)
    (call,) = [call for choice in response["choices"] for call in choice["message"].get("tool_calls", ())]
    assert call["function"]["name"] == "get_weather"
    assert json.loads(call["function"]["arguments"]) == {"city": "Paris"}
    request, response = documents(second)
    roles = [message["role"] for message in request["messages"] if message["role"] != "system"]
    assert roles == ["user", "assistant", "tool"]
    answered = request["messages"][-1]
    assert answered["tool_call_id"] == request["messages"][-2]["tool_calls"][0]["id"]
    assert "18 degrees and sunny" in answered["content"]
    assert response["choices"][0]["message"]["content"] == "It is 18 degrees and sunny in Paris."


@pytest.mark.parametrize("folder", [folder for folder in FOLDERS if folder not in _WITHOUT_TOOLS])
def test_tool_definitions_are_those_of_openai(folder: str) -> None:
    request, _ = documents(tool_calls(folder)[0])
    (tool,) = {json.dumps(tool, sort_keys=True) for tool in request["tools"]}
    function = json.loads(tool)["function"]
    assert function["name"] == "get_weather"
    assert function["parameters"]["properties"]["city"]["type"] == "string"


@pytest.mark.parametrize("folder", FOLDERS)
def test_the_system_prompt_comes_first(folder: str) -> None:
    first = next(call for call in calls_of(folder) if "three-turns" in call.file)
    request, _ = documents(first)
    assert request["messages"][0]["role"] == "system"
    assert request["messages"][0]["content"].startswith("You are a terse travel guide.")


def test_an_embedding_has_input() -> None:
    (call,) = [call for call in calls_of("openinference-openai") if call.record.kind == "embedding"]
    request, _ = documents(call)
    assert request["input"] == "a fox in the snow"


def test_a_tool_shows_what_it_was_called_with_and_gave_back() -> None:
    (tool,) = [record for record, _ in records_of("google-adk").values() if record.kind == "tool"]
    found = genai.documents_of(tool.document.joined())
    request = json.loads(found.request or b"")
    assert (request["name"], request["arguments"]) == ("get_weather", {"city": "Paris"})
    assert json.loads(found.response or b"") == {"result": "18 degrees and sunny"}


def test_parameters() -> None:
    raw = item({"gen_ai.operation.name": "chat", "gen_ai.request.temperature": 0.2, "gen_ai.request.model": "m"})
    found = genai.documents_of(read(raw).document.joined())
    assert found.parameters == {"temperature": 0.2}
    assert json.loads(found.request or b"") == {"model": "m", "temperature": 0.2}


def test_images_and_reasoning() -> None:
    parts = [
        {"type": "text", "content": "Look:"},
        {"type": "blob", "modality": "image", "mime_type": "image/png", "content": "aGk="},
        {"type": "uri", "modality": "image", "uri": "https://example.org/a.png"},
    ]
    answer = [{"type": "reasoning", "content": "I think."}, {"type": "text", "content": "A picture."}]
    attributes = {
        "gen_ai.operation.name": "chat",
        "gen_ai.input.messages": json.dumps([{"role": "user", "parts": parts}]),
        "gen_ai.output.messages": json.dumps([{"role": "assistant", "parts": answer}]),
    }
    found = genai.documents_of(read(item(attributes)).document.joined())
    (asked,) = json.loads(found.request or b"")["messages"]
    assert [part["type"] for part in asked["content"]] == ["text", "image_url", "image_url"]
    assert asked["content"][1]["image_url"]["url"] == "data:image/png;base64,aGk="
    (choice,) = json.loads(found.response or b"")["choices"]
    assert choice["message"] == {"role": "assistant", "content": "A picture.", "reasoning_content": "I think."}


def test_metadata_has_what_is_shown_nowhere_else() -> None:
    raw = item({"gen_ai.operation.name": "chat", "app.feature": "search"}, resource={"service.name": "travel"})
    metadata = json.loads(genai.documents_of(read(raw).document.joined()).metadata or b"")
    assert metadata["app.feature"] == "search"
    assert metadata["resource"] == {"service.name": "travel"}
