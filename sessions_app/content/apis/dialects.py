"""Messages and content blocks as telemetry and frameworks write them, turned into the form of a model API.

Followed are the message parts of OpenTelemetry GenAI (semantic-conventions-genai, November 2026), Vercel AI SDK 4 to 7,
Bedrock Converse (which Strands uses) and LangChain 1.
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
    if read is not None:
        return read(item)
    for key, read_inner in _BY_MEMBER.items():
        if isinstance(item.get(key), dict):
            return read_inner(item[key])
    return None


def known_message(value: JsonObject) -> JsonObject:
    """A message of LangChain gets a role; any other stays as it is."""
    if "role" in value:
        return value
    inner = value.get("kwargs") if "lc" in value else value.get("data")
    if isinstance(inner, dict) and ("lc" in value or str(value.get("type")) in _LANGCHAIN_ROLES):
        return known_message({"type": value.get("type")} | inner)
    role = _LANGCHAIN_ROLES.get(str(value.get("type")))
    return value | {"role": role} if role and "content" in value else value


_LANGCHAIN_ROLES = {
    "human": "user",
    "ai": "assistant",
    "tool": "tool",
    "system": "system",
    "function": "tool",
    "AIMessageChunk": "assistant",
    "HumanMessageChunk": "user",
}


def function_of(call: JsonObject) -> JsonObject | None:
    """OpenAI's `function` member of a tool call that has its name and arguments beside its id (LangChain, AI SDK)."""
    name = call.get("name", call.get("toolName"))
    if not isinstance(name, str):
        return None
    return {"name": name, "arguments": call.get("args", call.get("input", call.get("arguments")))}


def id_of(call: JsonObject) -> Any:
    return call.get("id", call.get("toolCallId"))


def are_results(content: Any) -> bool:
    """Whether this content of a tool's message consists of results that each name their call."""
    return isinstance(content, list) and any(isinstance(item, dict) and _is_result(item) for item in content)


def _is_result(item: JsonObject) -> bool:
    return str(item.get("type")) in _RESULTS or bool(item.keys() & _RESULT_MEMBERS)


_RESULTS = frozenset({"tool_call_response", "tool-result", "tool_result"})
_RESULT_MEMBERS = frozenset({"toolResult", "functionResponse", "function_response"})


def _call(item: JsonObject) -> JsonObject:
    return {
        "type": "tool_use",
        "id": item.get("id", item.get("toolCallId", item.get("toolUseId"))),
        "name": item.get("name", item.get("toolName")),
        "input": item.get("arguments", item.get("input", item.get("args"))),
    }


def _result(item: JsonObject) -> JsonObject:
    call_id = item.get("id", item.get("toolCallId", item.get("toolUseId")))
    content = next((item[name] for name in ("response", "result", "output", "content") if name in item), None)
    failed = outcomes.said_failed(item)
    if isinstance(content, dict) and "value" in content and isinstance(content.get("type"), str):
        # The AI SDK names the kind of a result: text, json, error-text, error-json or content.
        failed = True if content["type"].startswith("error") else failed
        content = content["value"]
    return {"type": "tool_result", "tool_use_id": call_id, "content": _readable(content), "is_error": failed}


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
    media_type = item.get("mime_type") or _GUESSES.get(str(item.get("modality")), "")
    return {"inline_data": {"mime_type": media_type, "data": item.get("content", item.get("data"))}}


_GUESSES = {"image": "image/png", "audio": "audio/wav", "video": "video/mp4"}


def _uri(item: JsonObject) -> JsonObject:
    if item.get("modality") == "image":
        return {"type": "image_url", "image_url": {"url": item.get("uri")}}
    return {"file_data": {"mime_type": item.get("mime_type"), "file_uri": item.get("uri")}}


def _bedrock_reasoning(item: JsonObject) -> JsonObject:
    text = item.get("reasoningText")
    return {"type": "thinking", "thinking": text.get("text") if isinstance(text, dict) else ""}


def _bedrock_image(item: JsonObject) -> JsonObject:
    source = item.get("source")
    data = source.get("bytes") if isinstance(source, dict) else None
    return {"inline_data": {"mime_type": f"image/{item.get('format', 'png')}", "data": data}}


_BY_TYPE: dict[str, Callable[[JsonObject], JsonObject]] = {
    "tool_call": _call,
    "tool-call": _call,
    "tool_call_response": _result,
    "tool-result": _result,
    "server_tool_call": _call,
    "server_tool_call_response": _result,
    "blob": _blob,
    "uri": _uri,
}
_BY_MEMBER: dict[str, Callable[[JsonObject], JsonObject]] = {
    "toolUse": _call,
    "toolResult": _result,
    "reasoningContent": _bedrock_reasoning,
    "image": _bedrock_image,
}
