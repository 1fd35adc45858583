"""Items of OpenAI's Responses API that are no plain tool calls or results. `shapes` reads those."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from sessions_app.content import base64_text
from sessions_app.content.apis import shapes
from sessions_app.content.apis.tool_results import ReadContent, tool_result
from sessions_app.content.blocks import (
    ContentBlock,
    MediaBlock,
    OtherBlock,
    ReasoningBlock,
    ToolCallBlock,
    ToolResultBlock,
    joined_text,
)
from sessions_app.content.json_values import JsonObject, as_text, to_json

ItemReader = Callable[[JsonObject, ReadContent], list[ContentBlock]]
# So many tools of a list are named.
MOST_TOOLS = 500


def item_reader(kind: Any) -> ItemReader | None:
    """The reader for items of this `type`; None for all other values."""
    if not isinstance(kind, str):
        return None
    reader = _READERS.get(kind)
    if reader is None and "approval" in kind:
        words = kind.replace("-", "_")
        reader = _APPROVALS.get(words[words.index("approval") :])
    return reader if reader is not None or "compaction" not in kind else _provider_item


def _message(item: JsonObject, read: ReadContent) -> list[ContentBlock]:
    return read(item.get("content"))


def _reasoning(item: JsonObject, read: ReadContent) -> list[ContentBlock]:
    blocks = [block for name in ("summary", "content", "text") for block in read(item.get(name))]
    text = joined_text(blocks, "\n\n")
    if not text and item.get("encrypted_content"):
        return [ReasoningBlock(encrypted_chars=len(as_text(item.get("encrypted_content"))))]
    return [ReasoningBlock(text)] if text else []


def _provider_item(item: JsonObject, read: ReadContent) -> list[ContentBlock]:
    """Something that the provider makes while it answers; a client sends it back as it is or drops it."""
    return [OtherBlock(item, by_provider=True)]


def _reference(item: JsonObject, read: ReadContent) -> list[ContentBlock]:
    return [OtherBlock(item)]


# --- tools of the provider ------------------------------------------------------------------------------------------


def _web_search(item: JsonObject, read: ReadContent) -> list[ContentBlock]:
    action = item.get("action")
    found = item.get("results")
    if isinstance(action, dict):
        found = action.get("sources") or found
        action = {name: value for name, value in action.items() if name != "sources"}
    returned = {"results": found} if found else {}
    return shapes.called_by_provider(item, read, "web_search", action, returned, as_text(item.get("id")))


def _image_generation(item: JsonObject, read: ReadContent) -> list[ContentBlock]:
    """The call with the prompt that was in fact used, and the image."""
    about = {name: value for name, value in item.items() if name not in ("type", "id", "status", "result") and value}
    call_id, name = as_text(item.get("id")), "image_generation"
    call = ToolCallBlock(name, to_json(about) if about else "", call_id, by_provider=True)
    result = as_text(item.get("result"))
    media_type = f"image/{as_text(item.get('output_format')) or 'png'}"
    media_type = base64_text.media_type_of(result) or media_type
    url = result if ":" in result[:10] else f"data:{media_type};base64,{result}" if result else ""
    picture = MediaBlock("image", url, media_type, id=call_id)
    return [call, ToolResultBlock(call_id, "", name, None, [picture])]


def _tool_list(item: JsonObject, read: ReadContent) -> list[ContentBlock]:
    returned = {"error": item["error"]} if item.get("error") else {}
    if isinstance(item.get("tools"), list):
        returned = {"tools": tools_in_words(item["tools"]), **returned}
    about = {"server_label": item["server_label"]} if item.get("server_label") else {}
    arguments = to_json(about) if about else ""
    return shapes.called_by_provider(item, read, "mcp_list_tools", arguments, returned, as_text(item.get("id")))


def tools_in_words(tools: list[Any]) -> str:
    """The tools that a search or a server offers, a line each."""
    return "\n".join(_tool_in_words(tool) for tool in tools[:MOST_TOOLS])


def _tool_in_words(tool: Any) -> str:
    if not isinstance(tool, dict) or not isinstance(tool.get("name"), str):
        return to_json(tool)
    about = tool.get("description")
    inner = tool["tools"][:MOST_TOOLS] if isinstance(tool.get("tools"), list) else []
    names = [as_text(one.get("name")) for one in inner if isinstance(one, dict)]
    words = ": ".join(filter(None, (tool["name"], about if isinstance(about, str) else "")))
    return f"{words} ({', '.join(names)})" if names else words


def _tool_search_output(item: JsonObject, read: ReadContent) -> list[ContentBlock]:
    tools = item.get("tools")
    if not isinstance(tools, list):
        return shapes.result_blocks(item, read)
    return [tool_result(read, tools_in_words(tools), shapes.call_id_of(item), "tool_search")]


# --- approvals ------------------------------------------------------------------------------------------------------

_APPROVAL_IDS = ("approval_request_id", "approvalId", "approval_id")


def _approval_id(item: JsonObject) -> str:
    return next((as_text(item[name]) for name in _APPROVAL_IDS if item.get(name)), as_text(item.get("id")))


def _approval_request(item: JsonObject, read: ReadContent) -> list[ContentBlock]:
    """The question whether a tool may be called: a call that a person answers."""
    asked = shapes.tool_name(item) if item.get("name") or item.get("toolName") else ""
    about = item.get("arguments", item.get("input"))
    if about is None:
        left_out = ("type", "id", "name", *_APPROVAL_IDS)
        about = {name: value for name, value in item.items() if name not in left_out and value is not None}
    name = f"approval of {asked}" if asked else "approval"
    return [ToolCallBlock(name, as_text(about) if about else "", _approval_id(item))]


def _approval_response(item: JsonObject, read: ReadContent) -> list[ContentBlock]:
    answer = item.get("approve", item.get("approved"))
    words = _ANSWERS[answer] if isinstance(answer, bool) else f"Answered: {as_text(answer)}"
    reason = as_text(item.get("reason"))
    return [tool_result(read, f"{words}: {reason}" if reason else words, _approval_id(item), "approval")]


_ANSWERS = {True: "Approved", False: "Refused"}
_APPROVALS: dict[str, ItemReader] = {
    "approval_request": _approval_request,
    "approval_response": _approval_response,
}
_READERS: dict[str, ItemReader] = {
    "message": _message,
    "item_reference": _reference,
    "reasoning": _reasoning,
    "web_search_call": _web_search,
    "image_generation_call": _image_generation,
    "mcp_list_tools": _tool_list,
    "tool_search_output": _tool_search_output,
}
