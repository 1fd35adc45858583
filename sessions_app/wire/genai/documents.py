"""What a stored span holds, for reading: request and response in the form of OpenAI's chat API."""

from __future__ import annotations

from typing import Any

from sessions_app.content import messages
from sessions_app.content.blocks import Message
from sessions_app.content.documents import PartKind, PartList, SplitDocument
from sessions_app.content.json_bytes import loads
from sessions_app.content.splitting import Splitter
from sessions_app.records import Documents
from sessions_app.wire.genai.closing import item_bytes
from sessions_app.wire.genai.kinds import kind_of_span
from sessions_app.wire.genai.openai_chat import chat_message, content_of, tool_definition
from sessions_app.wire.genai.reader import COUNTS, Fields
from sessions_app.wire.genai.readers import READERS, read_fields
from sessions_app.wire.genai.span import Span
from sessions_app.wire.genai.splitting import split
from sessions_app.wire.genai.unfolding import dumps


def documents_of(log: bytes) -> Documents:
    """Request, response, metadata and parameters. `log` is the span exactly as it came."""
    raw = item_bytes(log)
    span = Span(loads(raw))
    span.kind = kind_of_span(span)
    document = split(Splitter(), span, raw)
    found = read_fields(span)
    parameters = parameters_of(span)
    return Documents(
        request=_request(span, found, document, parameters),
        response=_response(span, found, document),
        metadata=_dumps(_metadata(span, document)),
        parameters=parameters,
        log=raw,
        is_span=True,
    )


def parameters_of(span: Span) -> dict[str, Any]:
    """What the request asked for beside messages, system prompt and tools."""
    found: dict[str, Any] = {}
    for reader in READERS:
        found = reader.parameters(span) | found
    return {name: value for name, value in found.items() if value is not None}


def _request(span: Span, found: Fields, document: SplitDocument, parameters: dict[str, Any]) -> bytes | None:
    inputs = _messages(document.input, "user")
    if span.kind == "tool":
        arguments = _values(document.input)
        named = {"name": found.get("tool_name"), "id": found.get("tool_call_id"), "arguments": _one(arguments)}
        return _dumps({name: value for name, value in named.items() if value is not None})
    model = found.get("requested_model") or found.get("model")
    request: dict[str, Any] = ({"model": model} if model else {}) | parameters
    if span.kind == "embedding":
        request |= {"input": _one([content_of(message) for message in inputs])} if inputs else {}
        return _dumps(request)
    system = [{"role": "system", "content": content_of(message)} for message in _messages_of(document, PartKind.SYSTEM)]
    if sent := [*system, *(part for message in inputs for part in chat_message(message))]:
        request["messages"] = sent
    if tools := [tool_definition(tool) for tool in _values(document.context, PartKind.TOOL)]:
        request["tools"] = tools
    return _dumps(request)


def _response(span: Span, found: Fields, document: SplitDocument) -> bytes | None:
    if span.kind == "tool":
        return _dumps(_one(_values(document.output)))
    outputs = [part for message in _messages(document.output, "assistant") for part in chat_message(message)]
    response: dict[str, Any] = {
        name: found[key] for name, key in (("id", "response_id"), ("model", "model")) if found.get(key)
    }
    reason = found.get("finish_reason")
    choices = [{"index": index, "message": message, "finish_reason": reason} for index, message in enumerate(outputs)]
    response |= {"choices": choices} if choices else {}
    usage = {name: found[name] for name in COUNTS if found.get(name) is not None}
    return _dumps(response | ({"usage": usage} if usage else {})) if outputs or found.get("response_id") else None


def _messages(parts: PartList, role: str) -> list[Message]:
    return [messages.read_message(raw, role) for raw in parts.contents]


def _messages_of(document: SplitDocument, kind: PartKind) -> list[Message]:
    parts = document.context
    return [
        messages.read_message(raw, "system") for raw, k in zip(parts.contents, parts.kinds, strict=True) if k is kind
    ]


def _values(parts: PartList, kind: PartKind | None = None) -> list[Any]:
    return [loads(raw) for raw, k in zip(parts.contents, parts.kinds, strict=True) if kind in (None, k)]


def _one(values: list[Any]) -> Any:
    return values[0] if len(values) == 1 else values or None


def _metadata(span: Span, document: SplitDocument) -> dict[str, Any]:
    """What is in neither request nor response: small attributes, scope, resource and problems."""
    shown = {name: value for name, value in span.attributes.items() if not _is_large(value)}
    found = {"problems": span.problems, "name": span.name, "scope": span.scope, "resource": span.resource}
    return {name: value for name, value in found.items() if value} | shown


def _is_large(value: Any) -> bool:
    return isinstance(value, (dict, list)) or (isinstance(value, str) and len(value) > 500)


def _dumps(value: Any) -> bytes | None:
    if value is None or value == {}:
        return None
    return dumps(value)
