"""What an OpenAI chat message holds beside its content: reasoning, refusal, audio, images, tool calls."""

from __future__ import annotations

from typing import Any

from sessions_app.content.apis import dialects
from sessions_app.content.apis.tool_results import ReadContent
from sessions_app.content.blocks import (
    ContentBlock,
    MediaBlock,
    OtherBlock,
    ReasoningBlock,
    RefusalBlock,
    ToolCallBlock,
)
from sessions_app.content.json_values import JsonObject, as_text


def before_content(message: JsonObject, read: ReadContent) -> list[ContentBlock]:
    """The reasoning, which DeepSeek, vLLM and LiteLLM add to the format."""
    text = message.get("reasoning_content") or message.get("reasoning")
    if isinstance(text, str) and text:
        return [ReasoningBlock(text)]
    thinking = message.get("thinking_blocks")
    return read(thinking) if isinstance(thinking, list) else []


def after_content(message: JsonObject, read: ReadContent) -> list[ContentBlock]:
    """Everything else."""
    blocks: list[ContentBlock] = []
    if refusal := _refusal(message):
        blocks.append(RefusalBlock(refusal))
    audio = message.get("audio")
    if isinstance(audio, dict) and audio:
        blocks.append(MediaBlock("audio", text=as_text(audio.get("transcript")), id=as_text(audio.get("id"))))
    images = message.get("images")
    if isinstance(images, list):
        blocks += read(images)
    return blocks + _tool_calls(message)


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
