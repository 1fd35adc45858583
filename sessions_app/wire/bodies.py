"""Request and response bodies of the model APIs: which members are messages, and what the other members say.

Followed: OpenAI Chat Completions, Completions, Responses and Embeddings (2025), Anthropic Messages 2023-06-01, Gemini
generateContent v1beta. A body of another shape is kept whole; its large values become parts.
"""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from sessions_app.content.documents import PartKind
from sessions_app.content.json_bytes import DocumentError, JsonBytes, array_items, kind_of, loads, object_fields
from sessions_app.content.splitting import Splitter, WriteMember
from sessions_app.records import StreamNote, Usage
from sessions_app.wire import failures
from sessions_app.wire.errors import Failure
from sessions_app.wire.streams import events
from sessions_app.wire.unread_members import (
    KNOWN_IN_CHOICE,
    KNOWN_IN_REQUEST,
    KNOWN_IN_RESPONSE,
    cut_unread,
    cuts_of_unread,
)
from sessions_app.wire.usage import UNKNOWN_USAGE
from sessions_app.wire.usage_places import counted_in

INPUT_MEMBERS = frozenset({"messages", "input", "contents", "prompt"})
SYSTEM_MEMBERS = frozenset({"system", "instructions", "systemInstruction", "system_instruction"})
TOOL_MEMBERS = frozenset({"tools", "functions"})


@dataclass(slots=True)
class RequestFacts:
    """What a request body says beside its messages. `call_type` is the API that takes bodies of this shape, or ""."""

    model: str = ""
    previous_response_id: str = ""
    call_type: str = ""
    user: str = ""


@dataclass(slots=True)
class ResponseFacts:
    """What a response body says beside its messages. `alternatives`: its outputs are choices to pick from, not one
    sequence. `stream`: it was put together from events.
    """

    id: str = ""
    model: str = ""
    finish_reason: str = ""
    usage: Usage = UNKNOWN_USAGE
    cost: Decimal | None = None
    alternatives: bool = False
    failure: Failure | None = None
    stream: StreamNote | None = None


def split_request(splitter: Splitter, raw: JsonBytes) -> tuple[bytes, RequestFacts]:
    """Cut a request body into parts; returns its skeleton and its facts."""
    kind = kind_of(raw)
    if kind in ("array", "string"):
        return splitter.items("i", raw, PartKind.MESSAGE), RequestFacts()
    if kind != "object":
        return bytes(raw), RequestFacts()
    fields = object_fields(raw)
    cuts = request_cuts(splitter)
    cuts |= cuts_of_unread(splitter, fields, KNOWN_IN_REQUEST, cuts.keys())
    return splitter.object(fields, cuts, 0), _request_facts(fields)


def request_cuts(splitter: Splitter) -> dict[str, WriteMember]:
    """For each member that becomes parts, the function that cuts it."""

    def messages(value: JsonBytes) -> bytes:
        return splitter.items("i", value, PartKind.MESSAGE)

    def system(value: JsonBytes) -> bytes:
        return splitter.item("c", value, PartKind.SYSTEM)

    def tools(value: JsonBytes) -> bytes:
        return splitter.items("c", value, PartKind.TOOL)

    cuts: dict[str, WriteMember] = dict.fromkeys(INPUT_MEMBERS, messages)
    return cuts | dict.fromkeys(SYSTEM_MEMBERS, system) | dict.fromkeys(TOOL_MEMBERS, tools)


def _request_facts(fields: dict[str, JsonBytes]) -> RequestFacts:
    return RequestFacts(
        model=text_member(fields, "model"),
        previous_response_id=text_member(fields, "previous_response_id"),
        call_type=call_type_of(fields),
        user=text_member(fields, "user") or text_member(fields, "safety_identifier") or _user_in_metadata(fields),
    )


def _user_in_metadata(fields: dict[str, JsonBytes]) -> str:
    """The end user in a request to Anthropic's Messages API (2023-06-01)."""
    raw = fields.get("metadata")
    if raw is None or kind_of(raw) != "object" or b'"user_id"' not in bytes(raw):
        return ""
    return text_member(object_fields(raw), "user_id")


def call_type_of(fields: dict[str, JsonBytes]) -> str:
    """The API that takes request bodies of this shape; "" if none is known."""
    if "contents" in fields:
        return "generate_content"
    if "messages" in fields:
        return "messages" if "system" in fields or "anthropic_version" in fields else "chat.completions"
    if "input" in fields:
        responses = fields.keys() & {"instructions", "tools", "previous_response_id", "reasoning", "text", "store"}
        if responses or (kind_of(fields["input"]) == "array" and _holds_objects(fields["input"])):
            return "responses"
        return "embeddings" if "embed" in text_member(fields, "model") else "responses"
    return "completions" if "prompt" in fields else ""


def _holds_objects(raw: JsonBytes) -> bool:
    return bytes(memoryview(raw)[:16]).replace(b" ", b"").startswith(b"[{")


def split_response(splitter: Splitter, raw: JsonBytes) -> tuple[bytes, ResponseFacts]:
    """Cut a response body into parts; returns its skeleton and its facts."""
    kind = kind_of(raw)
    if kind in ("string", "array") and (streamed := split_stream(splitter, raw)):
        return streamed
    if kind == "string":
        return splitter.item("o", raw, PartKind.MESSAGE), ResponseFacts()
    if kind != "object":
        found = failures.of_events(raw) if kind == "array" else None
        return cut_unread(splitter, raw), ResponseFacts(failure=found)
    fields = object_fields(raw)
    facts = _response_facts(fields)
    cuts = response_cuts(splitter, fields, facts)
    cuts |= cuts_of_unread(splitter, fields, KNOWN_IN_RESPONSE, cuts.keys())
    return splitter.object(fields, cuts, 0), facts


def split_stream(splitter: Splitter, raw: JsonBytes) -> tuple[bytes, ResponseFacts] | None:
    """Like `split_response`, of a stream: a list of events or the text of one. None for anything else.

    What was sent are the events, so the parts of the answer are derived.
    """
    assembled = events.of_array(raw) if kind_of(raw) == "array" else events.of_text(text_member({"": raw}, ""))
    if assembled is None:
        return None
    inner = Splitter()
    _, facts = split_response(inner, assembled.body)
    splitter.derived("o", inner.document.output)
    facts.stream = StreamNote(assembled.events, assembled.is_broken_off)
    return splitter.rest(raw), facts


def response_cuts(splitter: Splitter, fields: dict[str, JsonBytes], facts: ResponseFacts) -> dict[str, WriteMember]:
    """For each member of this response body that becomes parts, the function that cuts it."""

    def choices(value: JsonBytes) -> bytes:
        return _choices(splitter, value, facts)

    def items(value: JsonBytes) -> bytes:
        return splitter.items("o", value, PartKind.MESSAGE)

    def item(value: JsonBytes) -> bytes:
        return splitter.item("o", value, PartKind.MESSAGE)

    def converse(value: JsonBytes) -> bytes:
        inner = object_fields(value)
        return splitter.object(inner, {"message": item} if "message" in inner else {}, 1)

    cuts: dict[str, WriteMember] = {}
    for names, kinds, write in (
        (("output",), ("object",), converse),
        (("choices", "candidates"), ("array",), choices),
        (("output",), ("array", "string"), items),
        (("content",), ("array", "string"), item),
        (("message",), () if "choices" in fields else ("object",), item),
    ):
        cuts |= {name: write for name in names if name in fields and kind_of(fields[name]) in kinds}
    return cuts


def _choices(splitter: Splitter, raw: JsonBytes, facts: ResponseFacts) -> bytes:
    """`choices` of OpenAI or `candidates` of Gemini. The message of each is an output.

    If none of them is an answer, the call has failed.
    """
    choices = array_items(raw)
    facts.alternatives = len(choices) > 1

    def message(value: JsonBytes) -> bytes:
        if kind_of(value) in ("object", "string"):
            return splitter.item("o", value, PartKind.MESSAGE)
        return cut_unread(splitter, value)

    cuts: dict[str, WriteMember] = dict.fromkeys(_CHOICE_MEMBERS, message)
    written: list[bytes] = []
    failed: list[Failure | None] = []
    for choice in choices:
        if kind_of(choice) != "object":
            written.append(cut_unread(splitter, choice))
            failed.append(None)
            continue
        fields = object_fields(choice)
        reason = text_member(fields, "finish_reason") or text_member(fields, "finishReason")
        facts.finish_reason = facts.finish_reason or reason
        failed.append(failures.of_choice(fields, reason))
        unread = cuts_of_unread(splitter, fields, KNOWN_IN_CHOICE, _CHOICE_MEMBERS)
        written.append(splitter.object(fields, cuts | unread if unread else cuts, 1))
    facts.failure = facts.failure or failures.of_choices(failed)
    return b"[" + b",".join(written) + b"]"


_CHOICE_MEMBERS = frozenset({"message", "text", "content", "delta"})


def _response_facts(fields: dict[str, JsonBytes]) -> ResponseFacts:
    usage, cost = counted_in(fields)
    facts = ResponseFacts(
        id=first_text(fields, "id", "responseId", "response_id"),
        model=first_text(fields, "model", "modelVersion", "model_version"),
        finish_reason=first_text(fields, *failures.STOPS),
        usage=usage,
        cost=cost,
    )
    if "output" in fields and not facts.finish_reason:
        # `incomplete` has a reason, which says more.
        details = small_member(fields, "incomplete_details")
        reason = details.get("reason") if isinstance(details, dict) else None
        facts.finish_reason = reason if isinstance(reason, str) and reason else text_member(fields, "status")
    facts.failure = failures.of_body(fields)
    return facts


def text_member(fields: dict[str, JsonBytes], name: str) -> str:
    """A member that is a text; "" when it is absent or of another kind."""
    raw = fields.get(name)
    if raw is None or kind_of(raw) != "string":
        return ""
    text = bytes(raw[1:-1]) if type(raw) is bytes else b"\\"
    if b"\\" not in text and text.isascii():
        return text.decode()
    try:
        value = loads(raw)
    except DocumentError:
        return ""
    return value if isinstance(value, str) else ""


def first_text(fields: dict[str, JsonBytes], *names: str) -> str:
    """The first of these members that is a text and not empty."""
    return next((text for name in names if (text := text_member(fields, name))), "")


def small_member(fields: dict[str, JsonBytes], name: str, most: int = 100_000) -> Any:
    """A decoded member; None when it is absent, unreadable or larger than `most` bytes."""
    raw = fields.get(name)
    if raw is None or len(raw) > most:
        return None
    try:
        return loads(raw)
    except DocumentError:
        return None
