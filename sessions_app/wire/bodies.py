"""Request and response bodies of the model APIs: which members are messages, and what the other members say.

`request_shapes` has the APIs whose requests are known, `answer_shapes` and `streams` answers that have to be put
together. A body of another shape is kept whole; its large values become parts.
"""

from __future__ import annotations

import json

from sessions_app.content.apis.citations import SOURCE_MEMBERS
from sessions_app.content.documents import PartKind
from sessions_app.content.json_bytes import JsonBytes, array_items, kind_of, object_fields
from sessions_app.content.json_values import JsonObject
from sessions_app.content.splitting import Splitter, WriteMember
from sessions_app.records import StreamNote
from sessions_app.wire import failures
from sessions_app.wire.agent_states import MESSAGES, is_state, is_update, state_of, write_stream, write_update
from sessions_app.wire.answer_shapes import (
    SHAPES,
    are_pieces,
    joined_pieces,
    messages_of_fields,
    messages_of_list,
    sources_beside,
)
from sessions_app.wire.errors import Failure, status_of
from sessions_app.wire.members import (
    MOST_LIST_BYTES,
    MOST_WRAPPED,
    Fields,
    are_blocks,
    are_messages,
    decoded,
    first_text,
    held_in,
    json_in,
    small_member,
    text_member,
)
from sessions_app.wire.request_bodies import RequestFacts, split_request
from sessions_app.wire.request_shapes import INPUT_MEMBERS, SYSTEM_MEMBERS, TOOL_MEMBERS
from sessions_app.wire.response_facts import ResponseFacts, facts_of_response
from sessions_app.wire.single_calls import WITHOUT_OUTPUT, result_of
from sessions_app.wire.streams import events
from sessions_app.wire.unread_members import (
    KNOWN_IN_CHOICE,
    KNOWN_IN_RESPONSE,
    cut_unread,
    cuts_of_unread,
)
from sessions_app.wire.usage import UNKNOWN_USAGE, added_usage
from sessions_app.wire.usage_places import input_alone

__all__ = [
    "INPUT_MEMBERS",
    "SYSTEM_MEMBERS",
    "TOOL_MEMBERS",
    "RequestFacts",
    "ResponseFacts",
    "first_text",
    "small_member",
    "split_request",
    "split_response",
    "split_stream",
    "text_member",
]


def split_response(splitter: Splitter, raw: JsonBytes, depth: int = 0) -> tuple[bytes, ResponseFacts]:
    """Cut a response body into parts; returns its skeleton and its facts."""
    kind = kind_of(raw)
    if kind == "string":
        return _split_text(splitter, raw, depth)
    if kind == "array":
        return _split_list(splitter, raw, depth)
    if kind != "object":
        return bytes(raw), ResponseFacts()
    fields = object_fields(raw)
    if is_message(fields):
        return splitter.item("o", raw, PartKind.MESSAGE), _facts_of_message(fields)
    wrapper = _around(fields) if depth < MOST_WRAPPED else ""
    if wrapper:
        return _split_wrapped(splitter, fields, wrapper, depth)
    facts = facts_of_response(fields)
    cuts = response_cuts(splitter, fields, facts)
    if "output" in cuts and are_pieces(fields["output"], fields):
        del cuts["output"]
    if not cuts:
        facts.call_type, cuts = result_of(splitter, fields)
        if facts.call_type in WITHOUT_OUTPUT and facts.usage == UNKNOWN_USAGE:
            facts.usage = input_alone(fields)
    if not cuts and is_state(fields):
        state = state_of(fields, splitter.document.input)
        cuts[MESSAGES] = lambda _: state.write(splitter)
        _add_turn(facts, state.added)
    if not cuts and is_update(fields):
        skeleton = write_update(splitter, fields)
        _add_turn(facts, splitter.document.output.contents)
        return skeleton, facts
    if not cuts and (found := messages_of_fields(fields, raw)):
        _add_derived(splitter, found, facts)
    else:
        cuts |= cuts_of_unread(splitter, fields, KNOWN_IN_RESPONSE, cuts.keys())
    skeleton = splitter.object(fields, cuts, 0)
    if "choices" in cuts and not facts.alternatives and (sources := sources_beside(fields)):
        _add_derived(splitter, [sources], facts)
    return skeleton, facts


def _add_turn(facts: ResponseFacts, messages: list[JsonBytes]) -> None:
    """What the messages of an agent's turn say of it: the counts of all its calls, and how the last one ended."""
    for raw in messages:
        if kind_of(raw) == "object":
            said = _facts_of_message(object_fields(raw))
            facts.usage = added_usage(facts.usage, said.usage)
            facts.model, facts.finish_reason = said.model or facts.model, said.finish_reason or facts.finish_reason


def _facts_of_message(fields: Fields) -> ResponseFacts:
    """LangChain keeps in `response_metadata` what the body around a message said."""
    inner = next((fields[name] for name in ("kwargs", "data") if name in fields), None)
    fields = object_fields(inner) if inner is not None and kind_of(inner) == "object" else fields
    facts = facts_of_response(fields)
    metadata = small_member(fields, "response_metadata")
    if isinstance(metadata, dict):
        texts = {name: value for name, value in metadata.items() if isinstance(value, str)}
        facts.model = facts.model or texts.get("model_name", "") or texts.get("model", "")
        reasons = (texts[name] for name in failures.STOPS if name in texts)
        facts.finish_reason = facts.finish_reason or next(reasons, "")
    return facts


def _split_text(splitter: Splitter, raw: JsonBytes, depth: int) -> tuple[bytes, ResponseFacts]:
    """What a model said, the text of a stream, or the JSON of a body."""
    if depth < MOST_WRAPPED and (streamed := split_stream(splitter, raw)):
        return streamed
    opened = json_in(raw) if depth < MOST_WRAPPED else None
    if opened is None or not _is_answer(opened):
        if failure := failures.of_text(raw):
            return splitter.rest(raw), ResponseFacts(failure=failure)
        return splitter.item("o", raw, PartKind.MESSAGE), ResponseFacts()
    return splitter.rest(raw), _derived_answer(splitter, opened, depth + 1)


def _derived_answer(splitter: Splitter, raw: bytes, depth: int = 0) -> ResponseFacts:
    """Cut an answer that was made of what was sent. Its parts are derived."""
    inner = Splitter()
    skeleton, facts = split_response(inner, raw, depth)
    output = inner.finish(skeleton).output
    for content, kind in zip(output.contents, output.kinds, strict=True):
        splitter.derived("o", content, kind)
    return facts


def _add_derived(splitter: Splitter, messages: list[JsonObject], facts: ResponseFacts) -> None:
    for message in messages:
        reason = message.pop("finish_reason", None)
        facts.finish_reason = facts.finish_reason or (reason if isinstance(reason, str) else "")
        splitter.derived("o", json.dumps(message).encode(), PartKind.MESSAGE)
    facts.alternatives = len(messages) > 1


def _split_list(splitter: Splitter, raw: JsonBytes, depth: int) -> tuple[bytes, ResponseFacts]:
    """A stream, messages, content blocks, texts, or bodies."""
    if depth < MOST_WRAPPED and (streamed := split_stream(splitter, raw)):
        return streamed
    facts = ResponseFacts(failure=failures.of_events(raw))
    if are_pieces(raw):
        _add_derived(splitter, [joined_pieces(decoded(raw))], facts)
        return splitter.rest(raw), facts
    if are_messages(raw) or bytes(memoryview(raw)[1:20]).lstrip()[:1] == b'"':
        return splitter.items("o", raw, PartKind.MESSAGE), facts
    if are_blocks(raw):
        return splitter.item("o", raw, PartKind.MESSAGE), facts
    if len(raw) <= MOST_LIST_BYTES and (written := write_stream(splitter, raw)) is not None:
        _add_turn(facts, splitter.document.output.contents)
        return written, facts
    items = array_items(raw) if len(raw) <= MOST_LIST_BYTES else []
    if len(items) == 1 and depth < MOST_WRAPPED and _is_answer(items[0]):
        skeleton, facts = split_response(splitter, items[0], depth + 1)
        return b"[" + skeleton + b"]", facts
    if found := messages_of_list(raw):
        _add_derived(splitter, found, facts)
        return splitter.rest(raw), facts
    return cut_unread(splitter, raw), facts


# Members of a body that is an answer itself, whatever else it holds.
_ANSWERS = frozenset({"choices", "candidates", "content"})
# Members that hold the body: of a batch line, of boto3's and Vertex AI's answers, of an application.
_AROUND_ANSWERS = (
    *("body", "response", "result", "message", "modelOutput", "output", "data", "payload", "raw_response", "kwargs"),
    *("events", "chunks", "stream"),
)
_STREAMS = ("events", "chunks", "stream", "body", "data", "results")
_MESSAGE_MEMBERS = frozenset({"tool_calls", "parts", "refusal", "reasoning_content", "function_call", "content"})


_BESIDE_TEXT = frozenset({"contentType", "content_type", "ResponseMetadata", "statusCode"})
_AI = ("ai", "AIMessage")


def is_message(fields: Fields) -> bool:
    """Whether a body is a message without anything around it."""
    if "role" not in fields:
        kind = text_member(fields, "type") if "type" in fields else ""
        return (kind == "constructor" and "kwargs" in fields) or (
            kind in _AI and ("content" in fields or _has_data(fields))
        )
    whole = fields.keys() & {"stop_reason", "choices", "candidates", "output", "message"}
    if fields.get("error", b"null") != b"null" and _MESSAGE_MEMBERS & fields.keys() == {"content"}:
        # A message that broke off with an error (Anthropic).
        return False
    return not whole and not _MESSAGE_MEMBERS.isdisjoint(fields)


def _has_data(fields: Fields) -> bool:
    return "data" in fields and kind_of(fields["data"]) == "object" and "content" in object_fields(fields["data"])


def _is_answer(raw: JsonBytes) -> bool:
    """Whether this is the body of a model's answer, or holds one, and not what a model wrote as JSON."""
    kind = kind_of(raw)
    if kind == "string":
        opened = json_in(raw)
        return (opened is not None and _is_object_answer(opened)) or split_stream(Splitter(), raw) is not None
    if kind == "array":
        return are_messages(raw) or events.of_array(raw) is not None
    if kind != "object":
        return False
    fields = object_fields(raw)
    if is_message(fields) or any(
        kind_of(fields[name]) == "array" for name in ("choices", "candidates") if name in fields
    ):
        return True
    if "content" in fields and ("role" in fields or "stop_reason" in fields):
        return True
    output = fields.get("output")
    if output is not None and kind_of(output) == "array":
        return text_member(fields, "object") == "response" or are_messages(output)
    held = held_in(fields, _AROUND_ANSWERS, frozenset(), _is_object_answer)
    return bool(held) or any(shape.fits(fields) for shape in SHAPES)


def _is_object_answer(raw: JsonBytes) -> bool:
    """Like `_is_answer`, one level deep, so that nested objects are not read again and again."""
    if kind_of(raw) != "object":
        return False
    fields = object_fields(raw)
    known = not {"choices", "candidates", "content", "message"}.isdisjoint(fields)
    return known or is_message(fields)


def _holds_answer(raw: JsonBytes) -> bool:
    """Whether this is an answer, or an error in its place."""
    return (
        _is_answer(raw)
        or _is_error(raw)
        or (kind_of(raw) == "object" and is_state(object_fields(raw)))
        or (kind_of(raw) == "object" and bool(held_in(object_fields(raw), _AROUND_ANSWERS, _ANSWERS, _is_error)))
    )


def _is_error(raw: JsonBytes) -> bool:
    return kind_of(raw) == "object" and failures.of_body(object_fields(raw)) is not None


def _around(fields: Fields) -> str:
    """The member of a body that holds the answer, or the list of its events; "" if it is the answer itself."""
    if not _BESIDE_TEXT.isdisjoint(fields) and kind_of(fields.get("body", b"0")) == "string":
        # What boto3 or a gateway received: it is no text of the model, so any shape counts.
        opened = json_in(fields["body"])
        if opened is not None and _holds_answer(opened):
            return "body"
    if fields.get("object") == b'"list"' and "data" in fields and are_messages(fields["data"]):
        return "data"
    return held_in(fields, _AROUND_ANSWERS, _ANSWERS, _holds_answer) or held_in(
        fields, _STREAMS, _ANSWERS, lambda raw: split_stream(Splitter(), raw) is not None, ("array",)
    )


def _split_wrapped(splitter: Splitter, fields: Fields, name: str, depth: int) -> tuple[bytes, ResponseFacts]:
    """An answer within another object. What it does not say, that says."""
    facts = ResponseFacts()

    def write(value: JsonBytes) -> bytes:
        nonlocal facts
        skeleton, facts = split_response(splitter, value, depth + 1)
        return skeleton

    unread = cuts_of_unread(splitter, fields, KNOWN_IN_RESPONSE, {name})
    skeleton = splitter.object(fields, {**unread, name: write}, 0)
    around = facts_of_response(fields)
    facts.id = facts.id or around.id
    facts.api = facts.api or around.api
    facts.model = facts.model or around.model
    facts.tier = around.tier or facts.tier
    facts.finish_reason = facts.finish_reason or around.finish_reason
    facts.failure = facts.failure or around.failure
    if facts.failure:
        # A line of a batch has the HTTP status beside the body.
        beside = {status: small_member(fields, status) for status in ("status_code", "statusCode")}
        facts.failure = facts.failure.or_else(Failure(http_status=status_of(beside)))
    if facts.usage == UNKNOWN_USAGE:
        facts.usage, facts.cost = around.usage, around.cost
    return skeleton, facts


def split_stream(splitter: Splitter, raw: JsonBytes) -> tuple[bytes, ResponseFacts] | None:
    """Like `split_response`, of a stream: a list of events or the text of one. None for anything else.

    What was sent are the events, so the parts of the answer are derived.
    """
    assembled = events.of_array(raw) if kind_of(raw) == "array" else events.of_text(text_member({"": raw}, ""))
    if assembled is None:
        return None
    facts = _derived_answer(splitter, assembled.body)
    facts.stream = StreamNote(assembled.events, assembled.is_broken_off)
    return splitter.rest(raw), facts


def response_cuts(splitter: Splitter, fields: Fields, facts: ResponseFacts) -> dict[str, WriteMember]:
    """For each member of this response body that becomes parts, the function that cuts it."""

    def choices(value: JsonBytes) -> bytes:
        return _choices(splitter, value, facts)

    def items(value: JsonBytes) -> bytes:
        return splitter.items("o", value, PartKind.MESSAGE)

    def item(value: JsonBytes) -> bytes:
        return splitter.item("o", value, PartKind.MESSAGE)

    cuts: dict[str, WriteMember] = {}
    for names, kinds, write in (
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
        members = _CHOICE_MEMBERS if facts.alternatives and _begins_with_sources(fields) else _SAID_IN_CHOICE
        cuts: dict[str, WriteMember] = dict.fromkeys(members, message)
        unread = cuts_of_unread(splitter, fields, KNOWN_IN_CHOICE, members)
        written.append(splitter.object(fields, cuts | unread if unread else cuts, 1))
    facts.failure = facts.failure or failures.of_choices(failed)
    return b"[" + b",".join(written) + b"]"


_CHOICE_MEMBERS = frozenset({"message", "text", "content", "delta"})
_SAID_IN_CHOICE = _CHOICE_MEMBERS | SOURCE_MEMBERS


def _begins_with_sources(choice: Fields) -> bool:
    """Whether sources stand before what was said. Of several answers, they belong to the one that they follow."""
    if SOURCE_MEMBERS.isdisjoint(choice):
        return False
    return next(name for name in choice if name in _SAID_IN_CHOICE) in SOURCE_MEMBERS
