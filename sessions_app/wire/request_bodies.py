"""Cuts request bodies of the model APIs into messages, system prompts, tools and the rest."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from functools import partial

from sessions_app.content.documents import PartKind
from sessions_app.content.json_bytes import JsonBytes, array_items, kind_of, object_fields
from sessions_app.content.splitting import Splitter, WriteMember
from sessions_app.wire.members import (
    MOST_WRAPPED,
    Fields,
    are_messages,
    conversation_in,
    first_text,
    held_in,
    json_in,
    text_member,
)
from sessions_app.wire.request_shapes import (
    ASKED,
    CONTENT,
    DIFY,
    HISTORY,
    HOLDERS,
    INPUT_MEMBERS,
    MESSAGE,
    OCR,
    RANKED,
    READ,
    RESULTS,
    SAID,
    SEVERAL,
    SYSTEM_MEMBERS,
    TOOL_MEMBERS,
    TURNS,
    WRAPPERS,
    call_type_of,
    is_prompt_template,
)
from sessions_app.wire.session_claims import id_in_metadata
from sessions_app.wire.single_calls import EMBEDDINGS, TRANSCRIPTIONS
from sessions_app.wire.unread_members import KNOWN_IN_REQUEST, cuts_of_unread


@dataclass(slots=True)
class RequestFacts:
    """What a request body says beside its messages. `call_type` is the API that takes bodies of this shape, or "".

    `conversation`: the id of the provider's conversation that it belongs to, and the member that has it.
    """

    model: str = ""
    previous_response_id: str = ""
    call_type: str = ""
    user: str = ""
    conversation: tuple[str, str] = ("", "")


def split_request(splitter: Splitter, raw: JsonBytes, depth: int = 0) -> tuple[bytes, RequestFacts]:
    """Cut a request body into parts; returns its skeleton and its facts."""
    kind = kind_of(raw)
    if kind == "string" and (opened := json_in(raw)) is not None and _is_request(opened):
        return splitter.rest(raw), _derived_request(splitter, opened, depth)
    if kind == "array":
        return split_messages(splitter, raw), RequestFacts()
    if kind == "string":
        return splitter.item("i", raw, PartKind.MESSAGE), RequestFacts()
    if kind != "object":
        return bytes(raw), RequestFacts()
    fields = object_fields(raw)
    wrapper = held_in(fields, WRAPPERS, INPUT_MEMBERS - {"input"}, _is_request) if depth < MOST_WRAPPED else ""
    if wrapper:
        return _split_wrapped_request(splitter, fields, wrapper, depth)
    if "role" in fields and INPUT_MEMBERS.isdisjoint(fields):
        return splitter.item("i", raw, PartKind.MESSAGE), _request_facts(fields)
    cuts = request_cuts(splitter, fields)
    cuts |= cuts_of_unread(splitter, fields, KNOWN_IN_REQUEST, cuts.keys())
    return splitter.object(fields, cuts, 0), _request_facts(fields)


def body_of(raw: JsonBytes) -> JsonBytes:
    """The body itself: without what is around it, and as JSON if it came as a text."""
    for _ in range(MOST_WRAPPED):
        if kind_of(raw) == "string":
            opened = json_in(raw)
            if opened is None or not _is_request(opened):
                return raw
            raw = opened
        if kind_of(raw) != "object":
            return raw
        fields = object_fields(raw)
        wrapper = held_in(fields, WRAPPERS, INPUT_MEMBERS - {"input"}, _is_request)
        if not wrapper:
            return raw
        raw = fields[wrapper]
    return raw


def _derived_request(splitter: Splitter, raw: bytes, depth: int) -> RequestFacts:
    """Cut a request body that was sent as a text. The parts are derived."""
    inner = Splitter()
    skeleton, facts = split_request(inner, raw, depth + 1)
    document = inner.finish(skeleton)
    for letter, parts in (("i", document.input), ("c", document.context)):
        for content, kind in zip(parts.contents, parts.kinds, strict=True):
            if kind is not PartKind.OTHER:
                splitter.derived(letter, content, kind)
    return facts


def _split_wrapped_request(splitter: Splitter, fields: Fields, name: str, depth: int) -> tuple[bytes, RequestFacts]:
    """A body within another object, as in a line of a batch. What the body does not say, that says."""
    facts = RequestFacts()

    def write(value: JsonBytes) -> bytes:
        nonlocal facts
        skeleton, facts = split_request(splitter, value, depth + 1)
        return skeleton

    skeleton = splitter.object(fields, {name: write}, 0)
    around = _request_facts(fields)
    facts.model = facts.model or around.model
    facts.user = facts.user or around.user
    if name == "input" and facts.call_type == "completions":
        facts.call_type = ""
    if "modelId" in fields and "body" in fields:
        facts.call_type = "invoke_model"
    return skeleton, facts


def _is_request(raw: JsonBytes) -> bool:
    """Whether this is a body with messages, or a text that has one."""
    if kind_of(raw) == "string":
        opened = json_in(raw)
        return opened is not None and kind_of(opened) == "object" and _is_request(opened)
    if kind_of(raw) != "object":
        return False
    fields = object_fields(raw)
    return bool(call_type_of(fields)) or held_in(fields, WRAPPERS, frozenset(), _is_small_request) != ""


def _is_small_request(raw: JsonBytes) -> bool:
    return kind_of(raw) == "object" and bool(call_type_of(object_fields(raw)))


def request_cuts(splitter: Splitter, fields: Fields) -> dict[str, WriteMember]:
    """For each member that becomes parts, the function that cuts it."""

    def messages(value: JsonBytes) -> bytes:
        return split_messages(splitter, value)

    def system(value: JsonBytes) -> bytes:
        return splitter.item("c", value, PartKind.SYSTEM)

    def tools(value: JsonBytes) -> bytes:
        return splitter.items("c", value, PartKind.TOOL)

    def holder(value: JsonBytes) -> bytes:
        inner = object_fields(value)
        return splitter.object(inner, writers_of(inner), 1)

    def writers_of(given: Fields) -> dict[str, WriteMember]:
        found: dict[str, WriteMember] = dict.fromkeys(SYSTEM_MEMBERS & given.keys(), system)
        return found | dict.fromkeys(TOOL_MEMBERS & given.keys(), tools)

    cuts = writers_of(fields)
    inputs = INPUT_MEMBERS & fields.keys()
    if "prompt" in inputs and is_prompt_template(fields):
        inputs -= {"prompt"}
    call_type = call_type_of(fields)
    if call_type == DIFY:
        inputs = frozenset()
        cuts |= _in_this_order(splitter, fields, (name for name in ASKED if fields.get(name) != b"{}"))
    cuts |= dict.fromkeys(inputs, messages)
    cuts |= {name: holder for name in HOLDERS & fields.keys() if kind_of(fields[name]) == "object"}
    if SAID in fields and kind_of(fields[SAID]) == "object":
        cuts[SAID] = lambda value: splitter.object(object_fields(value), {TURNS: messages}, 1)
    if MESSAGE in fields and not inputs and call_type != DIFY:
        # With results of tools there is no new message.
        cuts |= _in_this_order(splitter, fields, (HISTORY, MESSAGE, RESULTS))
    elif not inputs and all(name in fields for name in RANKED):
        cuts |= _in_this_order(splitter, fields, RANKED)
    elif not inputs and call_type in _ONLY_INPUTS:
        cuts |= _in_this_order(splitter, fields, (_ONLY_INPUTS[call_type],))
    elif not inputs and "role" not in fields and call_type == EMBEDDINGS:
        cuts |= {CONTENT: messages, SEVERAL: partial(_split_instances, splitter)}
    if "instances" in fields:
        cuts["instances"] = partial(_split_instances, splitter)
    return cuts


_ONLY_INPUTS = {TRANSCRIPTIONS: "file", OCR: READ}


def _in_this_order(splitter: Splitter, fields: Fields, names: Iterable[str]) -> dict[str, WriteMember]:
    """Members that are messages one after another, in whatever order they stand in the body."""
    holes = {
        name: splitter.placed("i", partial(splitter.items, "i", fields[name], PartKind.MESSAGE))
        for name in names
        if name in fields and kind_of(fields[name]) in ("array", "object", "string") and fields[name] != b'""'
    }
    return {name: partial(_instead, hole) for name, hole in holes.items()}


def _instead(hole: bytes, _: JsonBytes) -> bytes:
    return hole


def _split_instances(splitter: Splitter, raw: JsonBytes) -> bytes:
    """The inputs of Vertex AI's predict and of Gemini's batches: texts, or objects with messages or a prompt."""
    if kind_of(raw) != "array":
        return splitter.rest(raw)
    names = {*INPUT_MEMBERS, "content", "text"}

    def write(item: JsonBytes) -> bytes:
        if kind_of(item) != "object":
            return splitter.item("i", item, PartKind.MESSAGE) if kind_of(item) == "string" else splitter.rest(item)
        cuts: dict[str, WriteMember] = dict.fromkeys(names, partial(split_messages, splitter))
        if "messages" in object_fields(item):
            cuts["context"] = partial(splitter.item, "c", kind=PartKind.SYSTEM)
        return splitter.object(object_fields(item), cuts, 1)

    return b"[" + b",".join([write(item) for item in array_items(raw)]) + b"]"


def split_messages(splitter: Splitter, raw: JsonBytes) -> bytes:
    """Messages as a list, as the one list in a list (LangChain), or as a JSON text."""
    if kind_of(raw) == "string":
        opened = json_in(raw)
        if opened is None or not are_messages(opened):
            return splitter.item("i", raw, PartKind.MESSAGE)
        for item in array_items(opened):
            splitter.derived("i", item, PartKind.MESSAGE)
        return splitter.rest(raw)
    if bytes(memoryview(raw)[:16]).replace(b" ", b"").startswith(b"[["):
        (first, *others) = array_items(raw)
        if not others and are_messages(first):
            return b"[" + splitter.items("i", first, PartKind.MESSAGE) + b"]"
    return splitter.items("i", raw, PartKind.MESSAGE)


def _request_facts(fields: Fields) -> RequestFacts:
    return RequestFacts(
        model=first_text(fields, "model", "modelId", "model_id") or _model_of_setup(fields),
        previous_response_id=text_member(fields, "previous_response_id"),
        call_type=call_type_of(fields),
        user=text_member(fields, "user") or text_member(fields, "safety_identifier") or _user_in_metadata(fields),
        conversation=_conversation(fields),
    )


def _model_of_setup(fields: Fields) -> str:
    """The model of Gemini's Live API."""
    setup = fields.get("setup", b"null")
    return text_member(object_fields(setup), "model") if kind_of(setup) == "object" else ""


def _conversation(fields: Fields) -> tuple[str, str]:
    """The conversation that a request names, else the id of a session in its metadata."""
    named = conversation_in(fields)
    return named if named[0] or "metadata" not in fields else id_in_metadata(fields["metadata"])


def _user_in_metadata(fields: Fields) -> str:
    """The end user in a request to Anthropic's Messages API (2023-06-01)."""
    raw = fields.get("metadata")
    if raw is None or kind_of(raw) != "object" or b'"user_id"' not in bytes(raw):
        return ""
    return text_member(object_fields(raw), "user_id")
