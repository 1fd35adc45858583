"""What a request continues and what may continue it: link tokens, from ids and from the conversation itself.

A request *provides* the token of its response id and one for its normalised input and output together; it *needs*
that of its previous response id and one for its normalised input up to the last assistant turn. System prompts are
left out: they may carry the time of day and still be the same conversation.
"""

from __future__ import annotations

import hashlib
import re
import uuid
from collections.abc import Iterator
from dataclasses import dataclass, field

from sessions_app import ids, messages
from sessions_app.documents import PartKind, PartList
from sessions_app.messages import MessageReader
from sessions_app.records import Record
from sessions_app.wire.fields import clean

# The first user text becomes the session's title; the others are labels in a list.
TITLE_CHARS = 160
_FENCE = re.compile(r"```\w*")
LABEL_CHARS = 64


@dataclass(slots=True)
class Links:
    """What a request can be found by, and what it looks for.

    `needs` begins with the token of the previous response, if there is one; then come those of what the input begins
    with, the longest first. `attempt` stands for the whole input and who sent it, `call` for the proxy's call.
    `resent_count`: how many leading input parts reach up to and include the last assistant turn.
    """

    provides: list[uuid.UUID] = field(default_factory=list)
    needs: list[uuid.UUID] = field(default_factory=list)
    attempt: uuid.UUID | None = None
    call: uuid.UUID | None = None
    resent_count: int = 0
    input_preview: str = ""
    output_preview: str = ""


def links_of(project_key: uuid.UUID, record: Record, reader: MessageReader) -> Links:
    """The link tokens of a request and its one-line previews."""
    links = Links()
    if record.response_id:
        links.provides.append(ids.token(project_key, "response", record.response_id))
    if record.previous_response_id:
        links.needs.append(ids.token(project_key, "response", record.previous_response_id))
    if record.call_id:
        links.call = ids.token(project_key, "call", record.call_id)
    conversation = _read_conversation(record.document.input, reader)
    caller = caller_of(record)
    if record.kind == "llm":
        _link_conversation(project_key, record, reader, conversation, caller, links)
    if conversation.chain:
        links.attempt = ids.token(project_key, "attempt", _attempt(record, conversation.chain, caller))
    _previews(record, reader, links)
    return links


def caller_of(record: Record) -> bytes:
    """Who made a call, as far as that keeps conversations apart: the end user, else the proxy's key."""
    if record.end_user:
        return b"user\x00" + record.end_user.encode("utf-8", "surrogatepass")
    key = record.key_hash or record.key_alias
    return b"key\x00" + key.encode("utf-8", "surrogatepass") if key else b""


@dataclass(frozen=True, slots=True)
class _Conversation:
    """How far a conversation is: the hash of all it says, and the same up to its last two assistant turns.

    `last` is where the last assistant turn ends, `before` where the one before it does; b"" where there is none.
    """

    chain: bytes = b""
    last: bytes = b""
    before: bytes = b""
    is_answer: bool = False
    resent_count: int = 0


def _link_conversation(
    project_key: uuid.UUID,
    record: Record,
    reader: MessageReader,
    conversation: _Conversation,
    caller: bytes,
    links: Links,
) -> None:
    links.resent_count = conversation.resent_count
    for begin in (conversation.last, conversation.before):
        if begin:
            links.needs.append(ids.token(project_key, "conversation", begin + caller))
    for end in _ends(conversation.chain, record, reader):
        links.provides.append(ids.token(project_key, "conversation", end + caller))


def _attempt(record: Record, chain: bytes, caller: bytes) -> bytes:
    """The same input to another kind of model, or after another response, is no repetition."""
    previous = record.previous_response_id.encode("utf-8", "surrogatepass")
    return b"\x00".join((chain, record.kind.encode(), hashlib.sha256(previous).digest(), caller))


def _read_conversation(parts: PartList, reader: MessageReader) -> _Conversation:
    """Read the input, from where a remembered array ends that it begins with."""
    known = parts.base.facts if parts.base else None
    start = len(parts.base.digests) if parts.base and known else 0
    known = known or _Conversation()
    chain, last, before = known.chain, known.last, known.before
    is_answer, resent_count = known.is_answer, known.resent_count
    for index in range(start, len(parts)):
        role, meaning = _meaning(parts, index, reader, "user")
        if meaning is None or role == "system":
            continue
        chain = _extend(chain, meaning)
        if role == "assistant":
            # Items of one answer are one turn.
            before = before if is_answer else last
            last, resent_count = chain, index + 1
        is_answer = role == "assistant"
    conversation = _Conversation(chain, last, before, is_answer, resent_count)
    if parts.array:
        parts.array.facts = conversation
    return conversation


def _ends(chain: bytes, record: Record, reader: MessageReader) -> Iterator[bytes]:
    """The conversation after each alternative answer, or after the whole answer."""
    end = chain
    for index in range(len(record.document.output)):
        _, meaning = _meaning(record.document.output, index, reader, "assistant")
        if meaning is None:
            continue
        if record.alternative_outputs:
            yield _extend(chain, meaning)
        else:
            end = _extend(end, meaning)
    if end != chain:
        yield end


def _meaning(parts: PartList, index: int, reader: MessageReader, default_role: str) -> tuple[str, bytes | None]:
    if parts.kinds[index] is not PartKind.MESSAGE:
        return "system", None
    return reader.meaning(parts.digests[index], parts.content(index), default_role)


def _extend(chain: bytes, meaning: bytes) -> bytes:
    return hashlib.sha256(chain + meaning).digest()[:16]


def _previews(record: Record, reader: MessageReader, links: Links) -> None:
    """The newest user text that this request added, and the beginning of its answer."""
    parts = record.document.input
    for index in range(len(parts) - 1, links.resent_count - 1, -1):
        role, _ = _meaning(parts, index, reader, "user")
        if role == "user":
            message = reader.message(parts.digests[index], parts.content(index), "user")
            most = LABEL_CHARS if links.resent_count else TITLE_CHARS
            links.input_preview = one_line(messages.plain_text(message), most)
            if links.input_preview:
                break
    outputs = record.document.output
    for index, digest in enumerate(outputs.digests):
        links.output_preview = answer_line(reader.message(digest, outputs.content(index), "assistant"))
        if links.output_preview:
            break


def answer_line(message: messages.Message) -> str:
    """An answer in one line: its text, else the names of the tools it calls."""
    text = one_line(messages.plain_text(message), LABEL_CHARS)
    if text:
        return text
    names = [block.name for block in message.blocks if block.type == messages.TOOL_CALL and block.name]
    return one_line(", ".join(names), LABEL_CHARS)


def one_line(text: str, most: int) -> str:
    """The beginning of a text, white space folded and code fences dropped; an ellipsis tells that there is more."""
    line = " ".join(_FENCE.sub(" ", text[: most * 4]).split())
    return clean(line if len(line) <= most else line[: most - 1] + "…", most)
