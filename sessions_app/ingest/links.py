"""Makes the link keys by which a request continues others and is continued, from ids and from the conversation.

A request *provides* the link key of its response id and one for its normalised input and output together; it *needs*
that of its previous response id and one for its normalised input up to the last assistant turn. System prompts are
left out: they may contain the time of day, and it is still the same conversation. Clients that rewrite the history are
recognised by `evidence`.
"""

from __future__ import annotations

import hashlib
import re
import uuid
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from itertools import islice

from sessions_app import ids
from sessions_app.content.blocks import Message, ToolCallBlock
from sessions_app.content.call_ids import MOST_IDS
from sessions_app.content.canonical import CanonicalForm, by_reference, digests_of, pieces_of
from sessions_app.content.documents import PartKind, PartList
from sessions_app.content.message_reader import MessageReader
from sessions_app.content.message_texts import plain_text
from sessions_app.content.wrappers import is_of_client, said_by_user
from sessions_app.ingest import evidence
from sessions_app.ingest.conversations import Conversation, encoded, extended, failed_with_answer, read_conversation
from sessions_app.ingest.profiles import profile_of
from sessions_app.ingest.tool_failures import FailedResults
from sessions_app.records import Record
from sessions_app.wire.fields import clean

# The first user text becomes the session's title; the others are labels in a list.
TITLE_CHARS = 160
_FENCE = re.compile(r"```\w*")
LABEL_CHARS = 64
# So many messages of a client may stand after the newest of the user.
MOST_WRAPPERS = 20
_SPARE_CHARS = 64
# The text of an answer is looked for in so many of its items.
MOST_ANSWERS = 100
# At most so many items of an answer are looked for in later requests, and what was asked among so many last messages.
MOST_QUOTED, MOST_LOOKED_AT = 4, 8


@dataclass(slots=True)
class Links:
    """What a request can be found by, and what it looks for.

    `provides` and `needs`: first the link key of the response and that of the previous one, if there are some. What
    follows in `needs` are those of the conversations that the input begins with, the longest first, with those of
    `evidence` among them. `attempt` stands for the whole input and its sender, `call` for the call of a proxy, `task`
    for what was asked without a history. `resent_call`: the id of the last tool call sent back. `resent_count`: the
    number of input parts up to the last assistant turn, which is included. `failed`: the tool results of input and
    answer that failed.
    `profile`: what pages know of the content without reading it.
    """

    provides: list[uuid.UUID] = field(default_factory=list)
    needs: list[uuid.UUID] = field(default_factory=list)
    attempt: uuid.UUID | None = None
    call: uuid.UUID | None = None
    task: uuid.UUID | None = None
    resent_call: str = ""
    resent_count: int = 0
    input_preview: str = ""
    output_preview: str = ""
    failed: FailedResults = ()
    profile: bytes = b""


def links_of(project_key: uuid.UUID, record: Record, reader: MessageReader) -> Links:
    """The link keys of a request and its one-line previews."""
    links = Links()
    if record.response_id:
        links.provides.append(ids.link_key(project_key, "response", record.response_id))
    if record.previous_response_id:
        links.needs.append(ids.link_key(project_key, "response", record.previous_response_id))
    if record.call_id:
        links.call = ids.link_key(project_key, "call", record.call_id)
    conversation = read_conversation(record.document.input, reader)
    links.resent_count = conversation.resent_count
    links.profile = profile_of(record, conversation.said, reader)
    if record.kind == "llm":
        links.failed = failed_with_answer(conversation, record.document.output, reader)
    # Redacted texts are equal in all conversations.
    if not conversation.is_redacted:
        _link_conversation(project_key, record, reader, conversation, links)
    _previews(record, reader, links)
    return links


def _link_conversation(
    project_key: uuid.UUID, record: Record, reader: MessageReader, conversation: Conversation, links: Links
) -> None:
    caller = caller_of(record)
    if conversation.chain:
        links.attempt = ids.link_key(project_key, "attempt", _attempt(record, reader, conversation, caller))
    if record.kind != "llm":
        return
    answer = _SaidItems.of(record, reader)
    links.needs += _needs(project_key, caller, record, reader, conversation, answer)
    links.resent_call = conversation.call
    if not conversation.resent_count and not conversation.call and not record.previous_response_id:
        links.task = _task(project_key, caller, record, reader)
    links.provides += _provides(project_key, caller, record, reader, conversation, answer)


@dataclass(slots=True)
class _SaidItems:
    """What was answered: each item that says something, with its index. `is_redacted`: what it says is hidden."""

    said: list[tuple[int, CanonicalForm]]
    is_redacted: bool = False
    summary: bytes = b""

    @classmethod
    def of(cls, record: Record, reader: MessageReader) -> _SaidItems:
        parts = record.document.output
        found = cls([])
        for index, kind in enumerate(parts.kinds):
            if kind is PartKind.MESSAGE:
                form = reader.canonical_form(parts.digests[index], parts.content(index), "assistant")
                found.is_redacted = found.is_redacted or form.is_redacted
                found.summary = form.summary or found.summary
                if form.pieces:
                    found.said.append((index, form))
        return found

    @property
    def has_ids(self) -> bool:
        """Whether its tool calls have ids that nothing else has."""
        return any(form.call_ids for _, form in self.said)

    @property
    def has_calls(self) -> bool:
        return any(not form.is_text for _, form in self.said)


def _needs(
    project_key: uuid.UUID,
    caller: bytes,
    record: Record,
    reader: MessageReader,
    conversation: Conversation,
    answer: _SaidItems,
) -> Iterator[uuid.UUID]:
    """What a request continues, the strongest evidence first."""
    begins = [_conversation(project_key, begin + caller) for begin in conversation.begins() if begin]
    calls = [evidence.called(project_key, caller, call) for call in conversation.calls() if call]
    # A tool call of the last turn tells more than what was said up to an earlier turn.
    yield from dict.fromkeys([*begins[:1], *calls[:1], *begins[1:], *calls[1:]])
    if conversation.summary:
        yield evidence.summarised(project_key, caller, conversation.summary)
    # The ids in the history may be the client's own: then they do not tell where it goes on.
    for bare in (conversation.bare_last, conversation.bare_before) if not answer.has_ids else ():
        if bare:
            yield _conversation(project_key, b"bare" + bare + caller)
    if conversation.answer >= 0 and conversation.call_turn != conversation.turn:
        message = _input_message(record.document.input, conversation.answer, reader)
        yield from evidence.quoted(project_key, conversation.asked_users + caller, message)
    if conversation.turns:
        yield evidence.turns(project_key, caller, conversation.turns)


def _provides(
    project_key: uuid.UUID,
    caller: bytes,
    record: Record,
    reader: MessageReader,
    conversation: Conversation,
    answer: _SaidItems,
) -> Iterator[uuid.UUID]:
    """What others may continue."""
    if answer.is_redacted:
        return
    # An input that names a previous response is only the end of a conversation. Nobody sends that back as the whole.
    if not record.previous_response_id or conversation.last:
        for end in sorted(_ends(conversation, record, reader, answer.said)):
            yield _conversation(project_key, end + caller)
        # The ids of a client, or none: they count only where the answer has some.
        if not answer.has_ids and (conversation.bare or answer.has_calls):
            for said in _alternatives(record, answer.said):
                bare = [piece for _, form in said for piece in form.bare]
                end = extended(conversation.bare or conversation.chain, bare)
                yield _conversation(project_key, b"bare" + end + caller)
    if conversation.chain:
        for said in _alternatives(record, answer.said):
            pieces = [piece for _, form in said for piece in form.bare]
            yield evidence.turns(project_key, caller, conversation.turns_with(pieces))
    if answer.summary:
        yield evidence.summarised(project_key, caller, answer.summary)
    call_ids = dict.fromkeys(call_id for _, form in answer.said for call_id in form.call_ids)
    for call_id in list(call_ids)[:MOST_IDS]:
        yield evidence.called(project_key, caller, encoded(call_id))
    if conversation.call and not answer.has_ids:
        for said in _alternatives(record, answer.said):
            after = extended(conversation.since, [piece for _, form in said for piece in form.pieces])
            yield evidence.called(project_key, caller, after)
    parts = record.document.output
    messages = [reader.message(parts.digests[index], parts.content(index), "assistant") for index, _ in answer.said]
    for message in messages[:MOST_QUOTED]:
        yield from evidence.said(project_key, conversation.users + caller, message)
    if answer.has_calls:
        yield from evidence.tasks_asked(project_key, caller, messages)


def _conversation(project_key: uuid.UUID, value: bytes) -> uuid.UUID:
    return ids.link_key(project_key, "conversation", value)


def _task(project_key: uuid.UUID, caller: bytes, record: Record, reader: MessageReader) -> uuid.UUID | None:
    """The link key of the last user message."""
    parts = record.document.input
    for index in range(len(parts) - 1, max(len(parts) - MOST_LOOKED_AT, 0) - 1, -1):
        if parts.kinds[index] is PartKind.MESSAGE:
            form = reader.canonical_form(parts.digests[index], parts.content(index), "user")
            if form.role == "user":
                return evidence.task(project_key, caller, _input_message(parts, index, reader))
    return None


def caller_of(record: Record) -> bytes:
    """Who made a call, as far as that keeps conversations apart: the end user, else the proxy's key."""
    if record.end_user:
        return b"user\x00" + encoded(record.end_user)
    key = record.key_hash or record.key_alias
    return b"key\x00" + encoded(key) if key else b""


def _attempt(record: Record, reader: MessageReader, conversation: Conversation, caller: bytes) -> bytes:
    """The input with everything else that attempts share: system prompt, kind of model, previous response, caller."""
    hashed = hashlib.sha256(conversation.system)
    context = record.document.context
    for index, kind in enumerate(context.kinds):
        if kind is PartKind.SYSTEM:
            hashed.update(reader.digest_without_digits(context.digests[index], context.content(index)))
    hashed.update(encoded(record.previous_response_id))
    return b"\x00".join((conversation.chain, record.kind.encode(), hashed.digest(), caller))


def _ends(
    conversation: Conversation, record: Record, reader: MessageReader, said: list[tuple[int, CanonicalForm]]
) -> set[bytes]:
    """The conversation after each alternative answer, or after the only one, in each form that may be sent back."""
    found: set[bytes] = set()
    for answer in _alternatives(record, said):
        found.add(extended(conversation.chain, [piece for _, form in answer for piece in form.pieces]))
        found |= _other_ends(conversation, record, reader, answer)
    return found


def _alternatives(record: Record, said: list[tuple[int, CanonicalForm]]) -> list[list[tuple[int, CanonicalForm]]]:
    """The answers to choose from, as lists of their items."""
    return [[one] for one in said] if record.alternative_outputs else [said] if said else []


def _other_ends(
    conversation: Conversation, record: Record, reader: MessageReader, answer: list[tuple[int, CanonicalForm]]
) -> set[bytes]:
    """The conversation after an answer in other forms: without ids, by ids alone, as one message, after a prefill."""
    found: set[bytes] = set()
    chain, parts = conversation.chain, record.document.output
    if any(form.renamed for _, form in answer):
        found.add(extended(chain, [piece for _, form in answer for piece in form.renamed or form.pieces]))
    if any(form.item_id for _, form in answer):
        found.add(extended(chain, [piece for _, form in answer for piece in by_reference(form)]))
    if len(answer) == 1 and conversation.prefill < 0:
        return found
    said = [reader.message(parts.digests[index], parts.content(index), "assistant") for index, _ in answer]
    forms = [(chain, said)]
    if conversation.prefill >= 0:
        # Anthropic's models go on with the text that an input ends with. Clients send back both as one text.
        prefill = _input_message(record.document.input, conversation.prefill, reader)
        forms.append((conversation.asked, [prefill, *said]))
    return found | {_after(start, form, with_ids) for start, form in forms for with_ids in (True, False)}


def _input_message(parts: PartList, index: int, reader: MessageReader) -> Message:
    return reader.message(parts.digests[index], parts.content(index), "user")


def _after(chain: bytes, said: list[Message], with_ids: bool) -> bytes:
    """The conversation after an answer, if its items are sent back as one message."""
    answer = Message("assistant", [block for message in said for block in message.blocks])
    return extended(chain, digests_of("assistant", pieces_of(answer, with_ids)))


def _previews(record: Record, reader: MessageReader, links: Links) -> None:
    """The newest user text that this request added, or the first of the inputs of a call that is no conversation.

    If it added none, the one in its history. And the beginning of its answer.
    """
    most = LABEL_CHARS if links.resent_count else TITLE_CHARS
    is_conversation = record.kind == "llm" and "embedding" not in record.call_type
    parts = record.document.input
    order = range(links.resent_count, len(parts))
    said = _texts_of_user(parts, order[::-1] if is_conversation else order, reader)
    for message in islice(said, MOST_WRAPPERS):
        if words := one_line(said_by_user(message), most):
            links.input_preview = words
            break
        if not is_of_client(message):
            links.input_preview = links.input_preview or one_line(plain_text(message), most)
    if not links.input_preview and links.resent_count:
        asked = (one_line(said_by_user(message), most) for message in _asked_before(parts, links.resent_count, reader))
        links.input_preview = next(filter(None, asked), "")
    outputs = record.document.output
    answers = (
        reader.message(digest, outputs.content(index), "assistant")
        for index, digest in enumerate(outputs.digests[:MOST_ANSWERS])
    )
    links.output_preview = answer_line(answers)


def _asked_before(parts: PartList, resent_count: int, reader: MessageReader) -> Iterator[Message]:
    """The user's messages in a history: of the last ones the newest first, then of the first ones."""
    yield from _texts_of_user(parts, range(max(resent_count - MOST_WRAPPERS, 0), resent_count)[::-1], reader)
    yield from _texts_of_user(parts, range(min(resent_count, MOST_LOOKED_AT)), reader)


def _texts_of_user(parts: PartList, indices: range, reader: MessageReader) -> Iterator[Message]:
    """Those of these messages that the user sent."""
    for index in indices:
        if parts.kinds[index] is not PartKind.MESSAGE:
            continue
        if reader.canonical_form(parts.digests[index], parts.content(index), "user").role == "user":
            yield reader.message(parts.digests[index], parts.content(index), "user")


def answer_line(messages: Iterable[Message]) -> str:
    """An answer in one line: its first text, else the tools that it calls, else those that the provider ran."""
    called: list[str] = []
    ran: list[str] = []
    for message in messages:
        if text := one_line(plain_text(message), LABEL_CHARS):
            return text
        for call in message.blocks:
            if isinstance(call, ToolCallBlock) and call.name:
                (ran if call.by_provider else called).append(call.name)
    return one_line(", ".join(called or ran), LABEL_CHARS)


def one_line(text: str, most: int) -> str:
    """The beginning of a text in one line, without code fences. An ellipsis says that there is more."""
    line = _folded(text[: most + _SPARE_CHARS])
    # Usually that is enough. A fence at the cut may be incomplete.
    if len(line) < most + _SPARE_CHARS // 4:
        line = _folded(text[: most * 4])
    return clean(line if len(line) <= most else line[: most - 1] + "…", most)


def _folded(text: str) -> str:
    return " ".join((_FENCE.sub(" ", text) if "```" in text else text).split())
