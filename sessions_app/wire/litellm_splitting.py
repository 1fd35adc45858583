"""Cut a payload of LiteLLM into parts: messages, the response's outputs, tools, and other large values."""

from __future__ import annotations

from typing import Any

from sessions_app.content.documents import PartKind, SplitDocument
from sessions_app.content.json_bytes import JsonBytes, kind_of, object_fields
from sessions_app.content.splitting import Splitter
from sessions_app.wire import bodies, failures, litellm_rows, litellm_text
from sessions_app.wire.answer_shapes import is_of_shape
from sessions_app.wire.fields import text_in
from sessions_app.wire.litellm_documents import is_placeholder
from sessions_app.wire.litellm_kinds import kind_of_call
from sessions_app.wire.request_bodies import split_messages, split_request
from sessions_app.wire.single_calls import result_of
from sessions_app.wire.usage_places import counted_in

# Up to this size, other members are kept whole. Metadata and hidden parameters differ in each request, so cutting
# them up would save little.
_KEPT_BYTES = 4_096
_SPLIT = frozenset({"messages", "response", "model_parameters", "metadata", "model_map_information"})

_OUTPUT_MEMBERS = frozenset({"choices", "output", "candidates", "message"})
_RESULT_MEMBERS = frozenset({"results", "response", "text", "content"})


def split(
    splitter: Splitter, members: dict[str, JsonBytes], values: dict[str, Any]
) -> tuple[SplitDocument, bodies.ResponseFacts]:
    """Cut a payload into parts; returns the document and what its response says."""
    facts = _facts_of_text(members) if "modelParameters" in members else bodies.ResponseFacts()
    call_type = text_in(values, "call_type")
    has_request = litellm_rows.is_row(members) and not litellm_rows.has_messages(members)

    def write(key: str, value: JsonBytes) -> bytes:
        nonlocal facts
        if key == litellm_rows.REQUEST and has_request:
            return split_request(splitter, value)[0]
        if key not in _SPLIT:
            kept = bytes(value)
            return kept if len(kept) < _KEPT_BYTES else splitter.rest(value)
        if key == "messages":
            return _split_messages(splitter, value)
        if key == "response":
            skeleton, found = _split_response(splitter, value, call_type)
            facts = facts if facts.id else found
            return skeleton
        if key == "model_parameters" and kind_of(value) == "object":
            return splitter.members(object_fields(value), lambda name, raw: _split_parameter(splitter, name, raw))
        if key == "metadata":
            return _split_metadata(splitter, value, call_type)
        if key == "model_map_information":
            # An entry of the price table, the same in every request for a model.
            return splitter.item("c", value, PartKind.OTHER)
        return splitter.rest(value)

    return splitter.finish(splitter.members(members, write)), facts


def _facts_of_text(members: dict[str, JsonBytes]) -> bodies.ResponseFacts:
    response = litellm_text.decoded(members, "response")
    if not isinstance(response, dict):
        return bodies.ResponseFacts()
    return bodies.split_response(Splitter(), litellm_text.as_json(response))[1]


def _split_messages(splitter: Splitter, raw: JsonBytes) -> bytes:
    return bytes(raw) if is_placeholder(raw) else split_messages(splitter, raw)


def _split_parameter(splitter: Splitter, name: str, raw: JsonBytes) -> bytes:
    if name in bodies.TOOL_MEMBERS:
        return splitter.items("c", raw, PartKind.TOOL)
    if name in bodies.SYSTEM_MEMBERS:
        return splitter.item("c", raw, PartKind.SYSTEM)
    return splitter.rest(raw)


def _split_metadata(splitter: Splitter, raw: JsonBytes, call_type: str) -> bytes:
    """Metadata is kept whole. But an MCP call's arguments are in it: they are the input of that request."""

    def write(name: str, value: JsonBytes) -> bytes:
        if name == "mcp_tool_call_metadata":
            return splitter.item("i", value, PartKind.MESSAGE)
        return splitter.rest(value, depth=1)

    if call_type == "call_mcp_tool" and kind_of(raw) == "object":
        return splitter.members(object_fields(raw), write)
    return bytes(raw) if len(memoryview(raw)) < _KEPT_BYTES else splitter.rest(raw)


def _split_response(splitter: Splitter, raw: JsonBytes, call_type: str) -> tuple[bytes, bodies.ResponseFacts]:
    """Responses of model APIs are cut as such. In other results, the member that holds the result is the output."""
    if bytes(memoryview(raw)[:5]) == b'"{}"':
        # Of a failure, in a row of the spend logs.
        return bytes(raw), bodies.ResponseFacts()
    if kind_of(raw) == "array":
        other = bodies.ResponseFacts(failure=failures.of_events(raw))
        return bodies.split_stream(splitter, raw) or (splitter.item("o", raw, PartKind.MESSAGE), other)
    if kind_of(raw) != "object" or (kind_of_call(call_type) == "llm" and call_type != "pass_through_endpoint"):
        return bodies.split_response(splitter, raw)
    members = object_fields(raw)
    if members.keys() & _OUTPUT_MEMBERS or result_of(Splitter(), members)[1] or is_of_shape(members):
        return bodies.split_response(splitter, raw)

    def write(key: str, value: JsonBytes) -> bytes:
        if key in _RESULT_MEMBERS:
            return splitter.item("o", value, PartKind.MESSAGE)
        if key == "data" and "image" in call_type:
            return splitter.items("o", value, PartKind.MESSAGE)
        return splitter.rest(value)

    usage, cost = counted_in(members)
    model = bodies.text_member(members, "model")
    facts = bodies.ResponseFacts(id=bodies.text_member(members, "id"), model=model, usage=usage, cost=cost)
    facts.failure = failures.of_body(members)
    return splitter.members(members, write), facts
