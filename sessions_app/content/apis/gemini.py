"""Parts of Gemini's generateContent (v1beta), told apart by the member they have, in camel or in snake case."""

from __future__ import annotations

from typing import Any

from sessions_app.content.apis.tool_results import ReadContent, tool_result
from sessions_app.content.blocks import ContentBlock, ReasoningBlock, TextBlock, ToolCallBlock
from sessions_app.content.json_values import JsonObject, as_text

# All that is left of a part whose text was empty.
_EMPTY_TEXT = {"text", "thought", "thoughtSignature", "thought_signature"}
_CODE = "code_execution"
# The members that tell what a part is, beside texts and calls of functions.
TELLING = frozenset(
    {
        *("executableCode", "executable_code", "codeExecutionResult", "code_execution_result"),
        *("toolCall", "tool_call", "toolResponse", "tool_response"),
        *("functionCall", "function_call", "functionResponse", "function_response"),
        *("text", "thought", "thoughtSignature", "thought_signature"),
    }
)
_OUTCOMES = {"OUTCOME_OK": False, "OUTCOME_FAILED": True, "OUTCOME_DEADLINE_EXCEEDED": True}


def part_blocks(part: JsonObject, read: ReadContent) -> list[ContentBlock] | None:
    """The blocks of a part; None for one of an unknown shape."""
    text = part.get("text")
    if isinstance(text, str):
        block = ReasoningBlock(text) if part.get("thought") is True else TextBlock(text)
        return [block] if text else []
    if TELLING.isdisjoint(part):
        return None if part else []
    if (call := _member(part, "functionCall", "function_call")) is not None:
        return [ToolCallBlock(as_text(call.get("name")), as_text(call.get("args")), as_text(call.get("id")))]
    if (reply := _member(part, "functionResponse", "function_response")) is not None:
        return [_response(reply, read)]
    return _of_provider(part, read) or ([] if part.keys() <= _EMPTY_TEXT else None)


def _response(reply: JsonObject, read: ReadContent) -> ContentBlock:
    """What a function returned. Gemini 3 takes images and files beside its JSON."""
    content, parts = reply.get("response"), reply.get("parts")
    if isinstance(parts, list) and parts:
        content = [*([content] if content not in (None, {}) else []), *parts]
    return tool_result(read, content, as_text(reply.get("id")), as_text(reply.get("name")))


def _of_provider(part: JsonObject, read: ReadContent) -> list[ContentBlock]:
    """Tools that Google runs itself."""
    if (code := _member(part, "executableCode", "executable_code")) is not None:
        return [ToolCallBlock(_CODE, as_text(code.get("code")), as_text(code.get("id")), by_provider=True)]
    if (ran := _member(part, "codeExecutionResult", "code_execution_result")) is not None:
        failed = _OUTCOMES.get(as_text(ran.get("outcome")))
        return [tool_result(read, ran.get("output"), as_text(ran.get("id")), _CODE, failed)]
    if (call := _member(part, "toolCall", "tool_call")) is not None:
        return [ToolCallBlock(_tool_of(call), as_text(call.get("args")), as_text(call.get("id")), by_provider=True)]
    if (reply := _member(part, "toolResponse", "tool_response")) is not None:
        return [tool_result(read, reply.get("response"), as_text(reply.get("id")), _tool_of(reply))]
    return []


def _tool_of(item: JsonObject) -> str:
    found: Any = item.get("name") or item.get("toolType") or item.get("tool_type")
    return as_text(found).lower()


def _member(part: JsonObject, *names: str) -> JsonObject | None:
    """The object under one of these names: JSON has camel case, Python libraries write snake case."""
    return next((part[name] for name in names if isinstance(part.get(name), dict)), None)
