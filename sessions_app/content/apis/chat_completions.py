"""What an OpenAI chat message holds beside its content: refusal, audio, images, tool calls, citations."""

from __future__ import annotations

from typing import Any

from sessions_app.content.apis import citations, dialects, media, shapes
from sessions_app.content.apis.tool_results import ReadContent
from sessions_app.content.blocks import (
    ContentBlock,
    MediaBlock,
    OtherBlock,
    RefusalBlock,
    ToolCallBlock,
)
from sessions_app.content.json_values import JsonObject, as_text

# The members of a message that has nothing beside its content.
_INSIDE = frozenset({"role", "content", "parts", "text", "type", "id", "name", "status"})


def after_content(message: JsonObject, read: ReadContent) -> list[ContentBlock]:
    """Everything else."""
    if message.keys() <= _INSIDE:
        return []
    blocks: list[ContentBlock] = []
    if refusal := _refusal(message):
        blocks.append(RefusalBlock(refusal))
    audio = message.get("audio")
    if isinstance(audio, dict) and audio:
        data = audio.get("data")
        size = len(data) * 3 // 4 if isinstance(data, str) else 0
        words, audio_id = as_text(audio.get("transcript")), as_text(audio.get("id"))
        blocks.append(MediaBlock("audio", text=words, id=audio_id, byte_size=size))
    images = message.get("images")
    if isinstance(images, list):
        for image in images:
            blocks += media.bare_image(image) or read([image])
    return [*blocks, *_executed(message, read), *_tool_calls(message), *_cited(message)]


def _executed(message: JsonObject, read: ReadContent) -> list[ContentBlock]:
    """The tools that Groq ran itself, with what they returned and found."""
    items = message.get("executed_tools")
    blocks: list[ContentBlock] = []
    for item in items[:_MOST_EXECUTED] if isinstance(items, list) else ():
        if not isinstance(item, dict):
            continue
        found = item.get("search_results")
        output = {"output": item["output"]} if item.get("output") else {}
        name = as_text(item.get("name") or item.get("type"))
        blocks += shapes.called_by_provider({}, read, name, item.get("arguments"), output, "")
        blocks += citations.blocks_of({"citations": found.get("results")}) if isinstance(found, dict) else []
    return blocks


_MOST_EXECUTED = 200


def _cited(message: JsonObject) -> list[ContentBlock]:
    # LiteLLM and Azure put them into another object.
    places = (message, *(message.get(name) for name in ("provider_specific_fields", "context")))
    cited = (citations.blocks_of(place) for place in places if isinstance(place, dict))
    found = next(filter(None, cited), [])
    return [*found, *citations.grounding_blocks(message)]


def _refusal(message: JsonObject) -> str:
    refusal, extra = message.get("refusal"), message.get("provider_specific_fields")
    if refusal is None and isinstance(extra, dict):
        # LiteLLM puts it there.
        refusal = extra.get("refusal")
    return refusal if isinstance(refusal, str) else ""


def _tool_calls(message: JsonObject) -> list[ContentBlock]:
    calls = message.get("tool_calls")
    found = [_tool_call(call) for call in calls] if isinstance(calls, list) else []
    # The older form, for a single call.
    call = message.get("function_call")
    return [*found, _tool_call({"function": call})] if isinstance(call, dict) and call else found


def _tool_call(call: Any) -> ContentBlock:
    if not isinstance(call, dict):
        return OtherBlock(call)
    function = call.get("function") or call.get("custom") or dialects.function_of(call)
    function = function if isinstance(function, dict) else {}
    arguments = function.get("arguments", function.get("input"))
    call_id = as_text(dialects.id_of(call))
    # LiteLLM lists the tools that Anthropic ran itself among the others.
    by_provider = call_id.startswith("srvtoolu_")
    return ToolCallBlock(as_text(function.get("name")), as_text(arguments), call_id, by_provider)
