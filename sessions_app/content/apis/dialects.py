"""Messages and content blocks as telemetry and frameworks write them, turned into the form of a model API.

Followed are the message parts of OpenTelemetry GenAI (semantic-conventions-genai, November 2026), Vercel AI SDK 4 to 7
and LangChain 1.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

from sessions_app.content import outcomes
from sessions_app.content.json_values import JsonObject


def known_form(item: JsonObject) -> JsonObject | None:
    """The same block in the form of an API; None for a block that is not of these dialects."""
    kind = item.get("type")
    read = _BY_TYPE.get(kind) if isinstance(kind, str) else None
    return read(item) if read is not None else None


def known_message(value: JsonObject) -> JsonObject:
    """A message of LangChain gets a role in the place of its type, an event about an item is that item; any other stays
    as it is.
    """
    if isinstance(blocks := value.get("blocks"), list) and "content" not in value:
        # LlamaIndex.
        content = [{"type": one.get("block_type")} | one if isinstance(one, dict) else one for one in blocks]
        return {name: item for name, item in value.items() if name != "blocks"} | {"content": content}
    if "role" in value:
        return value
    if isinstance(inner := value.get("message"), dict) and "role" in inner and "content" not in value:
        # A choice (Semantic Kernel).
        return inner
    if isinstance(inner := value.get("content"), dict) and isinstance(inner.get("parts"), list):
        # An answer of Google's Agent Development Kit.
        return {"role": "model"} | inner
    if isinstance(kind := value.get("type"), str) and kind.startswith(_ITEM_EVENTS):
        return _item_of_event(value)
    if isinstance(author := value.get("author"), str) and "content" in value and "type" not in value:
        # Vertex AI's chat models.
        return {name: item for name, item in value.items() if name != "author"} | {"role": _AUTHORS.get(author, author)}
    if value.keys() == {"call", "outputs"} and isinstance(value["call"], dict):
        # What a tool returned in Cohere's chat v1, which has no ids.
        return {"role": "tool", "name": value["call"].get("name"), "content": json.dumps(value["outputs"])}
    inner = value.get("kwargs") if "lc" in value else value.get("data")
    if isinstance(inner, dict) and ("lc" in value or str(value.get("type")) in _LANGCHAIN_ROLES):
        names = value.get("id") if "lc" in value else None
        kind = names[-1] if isinstance(names, list) and names else value.get("type")
        return known_message({"type": kind} | inner)
    role = _LANGCHAIN_ROLES.get(str(value.get("type")))
    if not role or "content" not in value:
        return value
    return {name: item for name, item in value.items() if name != "type"} | {"role": role}


def _item_of_event(event: JsonObject) -> JsonObject:
    """The item that an event of OpenAI's Realtime API adds to a conversation, or the words that were heard in it."""
    if isinstance(event.get("item"), dict):
        return known_message(event["item"])
    if isinstance(event.get("transcript"), str):
        return {"role": "user", "content": [{"type": "input_audio", "transcript": event["transcript"]}]}
    return event


_ITEM_EVENTS = "conversation.item."
_AUTHORS = {"bot": "assistant", "model": "assistant", "1": "assistant", "0": "user"}
_LANGCHAIN_ROLES = {
    "human": "user",
    "user": "user",
    "assistant": "assistant",
    "developer": "system",
    "ai": "assistant",
    "tool": "tool",
    "system": "system",
    "function": "tool",
    "AIMessageChunk": "assistant",
    "HumanMessageChunk": "user",
    # The classes that LangChain's own serialisation names.
    "AIMessage": "assistant",
    "HumanMessage": "user",
    "SystemMessage": "system",
    "ToolMessage": "tool",
    "FunctionMessage": "tool",
}


def function_of(call: JsonObject) -> JsonObject | None:
    """OpenAI's `function` of a tool call that has its name and arguments beside its id (LangChain, AI SDK, Cohere)."""
    name = call.get("name", call.get("toolName"))
    if not isinstance(name, str):
        return None
    arguments = (call[member] for member in ("args", "input", "arguments", "parameters") if member in call)
    return {"name": name, "arguments": next(arguments, None)}


def id_of(call: JsonObject) -> Any:
    return call.get("id", call.get("toolCallId"))


def are_results(content: Any) -> bool:
    """Whether this content of a tool's message consists of results that each name their call."""
    return isinstance(content, list) and any(isinstance(item, dict) and _is_result(item) for item in content)


def _is_result(item: JsonObject) -> bool:
    kind = str(item.get("type"))
    return kind in _RESULTS or kind.endswith("_tool_result") or bool(item.keys() & _RESULT_MEMBERS)


_RESULTS = frozenset({"tool_call_response", "tool-result", "tool_result", "tool-approval-response"})
_RESULT_MEMBERS = frozenset({"toolResult", "functionResponse", "function_response"})


def _call(item: JsonObject) -> JsonObject:
    return {
        "type": "tool_use",
        "id": item.get("id", item.get("toolCallId", item.get("toolUseId"))),
        "name": item.get("name", item.get("toolName")),
        "input": item.get("arguments", item.get("input", item.get("args"))),
        "providerExecuted": item.get("providerExecuted"),
    }


def _result(item: JsonObject) -> JsonObject:
    call_id = item.get("id", item.get("toolCallId", item.get("toolUseId")))
    content = next((item[name] for name in ("response", "result", "output", "content") if name in item), None)
    failed = outcomes.said_failed(item)
    if isinstance(content, dict) and "value" in content and isinstance(content.get("type"), str):
        # The AI SDK names the kind of a result: text, json, error-text, error-json or content.
        failed = True if content["type"].startswith("error") else failed
        content = content["value"]
    found = {"type": "tool_result", "tool_use_id": call_id, "content": _readable(content), "is_error": failed}
    return found | {"name": item.get("toolName")}


def _readable(content: Any) -> Any:
    """Blocks and texts stay as they are; anything else becomes JSON text."""
    if isinstance(content, list) and all(
        isinstance(item, dict) and ("type" in item or _is_bedrock(item)) for item in content
    ):
        return [_unwrapped(item) for item in content]
    if content is None or isinstance(content, str):
        return content
    return json.dumps(content, ensure_ascii=False)


def _is_bedrock(item: JsonObject) -> bool:
    return len(item) == 1 and bool(item.keys() & {"text", "json", "image", "document"})


def _unwrapped(item: JsonObject) -> Any:
    return json.dumps(item["json"], ensure_ascii=False) if item.keys() == {"json"} else item


def _blob(item: JsonObject) -> JsonObject:
    return _medium(item) | {"data": item.get("content", item.get("data"))}


def _uri(item: JsonObject) -> JsonObject:
    return _medium(item) | {"url": item.get("uri")}


def _medium(item: JsonObject) -> JsonObject:
    media_type = item.get("mime_type") or item.get("media_type")
    modality = item.get("modality") or str(media_type).partition("/")[0]
    kind = modality if modality in ("image", "audio", "video") else "media"
    return {"type": kind, "mime_type": media_type, "name": item.get("file_name", item.get("name"))}


_BY_TYPE: dict[str, Callable[[JsonObject], JsonObject]] = {
    "tool_call": _call,
    "tool-call": _call,
    "tool_call_response": _result,
    "tool-result": _result,
    # The latter is Pydantic AI's.
    **dict.fromkeys(("blob", "binary"), _blob),
    "uri": _uri,
}
