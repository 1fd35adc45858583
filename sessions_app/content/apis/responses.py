"""Items of OpenAI's Responses API. Each is a message by itself, with a role that its type implies."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from sessions_app.content import outcomes
from sessions_app.content.apis.tool_results import ReadContent, tool_result
from sessions_app.content.blocks import ContentBlock, MediaBlock, OtherBlock, ReasoningBlock, ToolCallBlock, joined_text
from sessions_app.content.json_values import JsonObject, as_text

RoleAndBlocks = tuple[str, list[ContentBlock]]

_CALLS = ("function_call", "custom_tool_call", "computer_call", "local_shell_call")
# Tools that the provider runs itself while it answers.
_PROVIDER_CALLS = ("web_search_call", "file_search_call", "code_interpreter_call", "mcp_call")
_OUTPUTS = ("function_call_output", "custom_tool_call_output", "computer_call_output", "local_shell_call_output")
# Other items that the provider makes while it answers; a client sends them back as they are or drops them.
_PROVIDER_ITEMS = ("mcp_list_tools", "mcp_approval_request", "compaction")


def item_reader(kind: Any) -> ItemReader | None:
    """The reader for items of this `type`; None for all other values."""
    return _READERS.get(kind) if isinstance(kind, str) else None


def _message(item: JsonObject, read: ReadContent) -> RoleAndBlocks:
    return as_text(item.get("role")) or "assistant", read(item.get("content"))


def _call(item: JsonObject, read: ReadContent) -> RoleAndBlocks:
    kind = as_text(item.get("type"))
    arguments = item.get("arguments", item.get("input", item.get("action")))
    name = as_text(item.get("name")) or kind.removesuffix("_call")
    call_id = as_text(item.get("call_id") or item.get("id"))
    return "assistant", [ToolCallBlock(name, as_text(arguments), call_id, by_provider=kind in _PROVIDER_CALLS)]


def _output(item: JsonObject, read: ReadContent) -> RoleAndBlocks:
    call_id = as_text(item.get("call_id"))
    return "tool", [tool_result(read, item.get("output"), call_id, is_error=outcomes.said_failed(item))]


def _reasoning(item: JsonObject, read: ReadContent) -> RoleAndBlocks:
    blocks = [block for name in ("summary", "content", "text") for block in read(item.get(name))]
    text = joined_text(blocks, "\n\n")
    if not text and item.get("encrypted_content"):
        return "assistant", [ReasoningBlock(encrypted_chars=len(as_text(item.get("encrypted_content"))))]
    return "assistant", [ReasoningBlock(text)] if text else []


def _image_generation(item: JsonObject, read: ReadContent) -> RoleAndBlocks:
    result = as_text(item.get("result"))
    url = f"data:image/png;base64,{result}" if result else ""
    return "assistant", [MediaBlock("image", url, "image/png", id=as_text(item.get("id")))]


def _provider_item(item: JsonObject, read: ReadContent) -> RoleAndBlocks:
    return "assistant", [OtherBlock(item, by_provider=True)]


def _reference(item: JsonObject, read: ReadContent) -> RoleAndBlocks:
    return "assistant", [OtherBlock(item)]


ItemReader = Callable[[JsonObject, ReadContent], RoleAndBlocks]

_READERS: dict[str, ItemReader] = {
    "message": _message,
    **dict.fromkeys((*_CALLS, *_PROVIDER_CALLS), _call),
    **dict.fromkeys(_OUTPUTS, _output),
    **dict.fromkeys(_PROVIDER_ITEMS, _provider_item),
    "item_reference": _reference,
    "reasoning": _reasoning,
    "image_generation_call": _image_generation,
}
