"""Makes the link keys by which a request continues others and is continued, from ids and from the conversation.

A request *provides* the link key of its response id and one for its normalised input and output together; it *needs*
that of its previous response id and one for its normalised input up to the last assistant turn. System prompts are
left out: they may contain the time of day, and it is still the same conversation.
"""

from __future__ import annotations

import hashlib
import re
import uuid
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from itertools import islice

from sessions_app import ids
from sessions_app.content import documents
from sessions_app.content.blocks import Message, ToolCallBlock
from sessions_app.content.canonical import CanonicalForm, by_reference, digests_of, pieces_of
from sessions_app.content.documents import PartKind, PartList
from sessions_app.content.message_reader import MessageReader
from sessions_app.content.message_texts import plain_text
from sessions_app.content.wrappers import said_by_user
from sessions_app.records import Record
from sessions_app.wire.fields import clean

# The first user text becomes the session's title; the others are labels in a list.
TITLE_CHARS = 160
_FENCE = re.compile(r"```\w*")
LABEL_CHARS = 64
# So many messages of a client may stand after the newest of the user.
MOST_WRAPPERS = 20
_SPARE_CHARS = 64


@dataclass(slots=True)
class Links:
    """What a request can be found by, and what it looks for.

    `needs`: first the link key of the previous response, if there is one, then those of the conversations that the
    input begins with, the longest first. `attempt` stands for the whole input and its sender, `call` for the call of
    a proxy. `resent_count`: the number of input parts up to the last assistant turn, which is included.
    """

    provides: list[uuid.UUID] = field(default_factory=list)
    needs: list[uuid.UUID] = field(default_factory=list)
    attempt: uuid.UUID | None = None
    call: uuid.UUID | None = None
    resent_count: int = 0
    input_preview: str = ""
    output_preview: str = ""


def links_of(project_key: uuid.UUID, record: Record, reader: MessageReader) -> Links:
    """The link keys of a request and its one-line previews."""
    links = Links()
    if record.response_id:
        links.provides.append(ids.link_key(project_key, "response", record.response_id))
    if record.previous_response_id:
        links.needs.append(ids.link_key(project_key, "response", record.previous_response_id))
    if record.call_id:
        links.call = ids.link_key(project_key, "call", record.call_id)
    conversation = _read_conversation(record.document.input, reader)
    links.resent_count = conversation.resent_count
    # Redacted texts are equal in all conversations.
    if not conversation.is_redacted:
        _link_conversation(project_key, record, reader, conversation, links)
    _previews(record, reader, links)
    return links


def _link_conversation(
    project_key: uuid.UUID, record: Record, reader: MessageReader, conversation: _Conversation, links: Links
) -> None:
    caller = caller_of(record)
    if conversation.chain:
        links.attempt = ids.link_key(project_key, "attempt", _attempt(record, reader, conversation, caller))
    if record.kind != "llm":
        return
    links.needs += [
        ids.link_key(project_key, "conversation", begin + caller) for begin in conversation.begins() if begin
    ]
    # An input that names a previous response is only the end of a conversation. Nobody sends that back as the whole.
    if not record.previous_response_id or conversation.last:
        ends = sorted(_ends(conversation, record, reader))
        links.provides += [ids.link_key(project_key, "conversation", end + caller) for end in ends]


def caller_of(record: Record) -> bytes:
    """Who made a call, as far as that keeps conversations apart: the end user, else the proxy's key."""
    if record.end_user:
        return b"user\x00" + record.end_user.encode("utf-8", "surrogatepass")
    key = record.key_hash or record.key_alias
    return b"key\x00" + key.encode("utf-8", "surrogatepass") if key else b""


def _attempt(record: Record, reader: MessageReader, conversation: _Conversation, caller: bytes) -> bytes:
    """The input with everything else that attempts share: system prompt, kind of model, previous response, caller."""
    hashed = hashlib.sha256(conversation.system)
    context = record.document.context
    for index, kind in enumerate(context.kinds):
        if kind is PartKind.SYSTEM:
            hashed.update(reader.digest_without_digits(context.digests[index], context.content(index)))
    hashed.update(record.previous_response_id.encode("utf-8", "surrogatepass"))
    return b"\x00".join((conversation.chain, record.kind.encode(), hashed.digest(), caller))


@dataclass(slots=True)
class _Conversation:
    """A conversation so far, as hashes of everything that was said.

    `chain`: up to now. `last`, `before`, `earlier`: up to the end of the last assistant turn, of the one before it, and
    of the one before that; b"" if there is none. `is_answer`: it ends with an assistant turn, and `asked` is the
    conversation without it. `prefill`: the index of that turn if it is a text that the answer will go on with, else -1.
    `system`: a digest of the system prompts among the messages, without their digits.
    """

    chain: bytes = b""
    last: bytes = b""
    before: bytes = b""
    earlier: bytes = b""
    asked: bytes = b""
    is_answer: bool = False
    is_redacted: bool = False
    prefill: int = -1
    resent_count: int = 0
    system: bytes = b""

    def begins(self) -> tuple[bytes, ...]:
        """Where an earlier request may have ended: at the last two assistant turns, not counting a prefilled one."""
        two = (self.last, self.before)
        return two if self.prefill < 0 else (*two, self.earlier)

    def copy(self) -> _Conversation:
        ends = (self.chain, self.last, self.before, self.earlier, self.asked)
        return _Conversation(*ends, self.is_answer, self.is_redacted, self.prefill, self.resent_count, self.system)

    def add(self, form: CanonicalForm, index: int) -> None:
        """Go on with a message that stands after `index` parts."""
        is_answer = form.role == "assistant"
        if is_answer:
            self.resent_count = index + 1
        if not form.pieces:
            self.is_redacted = self.is_redacted or form.is_redacted
            return
        # Items of one answer are one turn.
        if is_answer and not self.is_answer:
            self.earlier, self.before, self.asked = self.before, self.last, self.chain
        self.prefill = index if is_answer and not self.is_answer and form.is_text else -1
        self.chain = extended(self.chain, form.pieces)
        if is_answer:
            self.last = self.chain
        self.is_answer = is_answer


def _read_conversation(parts: PartList, reader: MessageReader) -> _Conversation:
    """Read the input. If it begins with a remembered array, go on from the end of that."""
    known = parts.base.facts if parts.base else None
    start = len(parts.base.digests) if parts.base and known else 0
    conversation = known.copy() if known else _Conversation()
    for index in range(start, len(parts)):
        if parts.kinds[index] is PartKind.MESSAGE:
            form = reader.canonical_form(parts.digests[index], parts.content(index), "user")
            if form.role != "system":
                conversation.add(form, index)
            else:
                without_digits = reader.digest_without_digits(parts.digests[index], parts.content(index))
                conversation.system = documents.digest(conversation.system + without_digits)
    if parts.array:
        parts.array.facts = conversation
    return conversation


def extended(chain: bytes, pieces: Iterable[bytes]) -> bytes:
    """The hash of a conversation with more pieces, one by one: an answer may be one message or several items."""
    for piece in pieces:
        chain = hashlib.sha256(chain + piece).digest()[:16]
    return chain


def _ends(conversation: _Conversation, record: Record, reader: MessageReader) -> set[bytes]:
    """The conversation after each alternative answer, or after the only one, in each form that may be sent back."""
    parts = record.document.output
    said = []
    for index, kind in enumerate(parts.kinds):
        if kind is PartKind.MESSAGE:
            form = reader.canonical_form(parts.digests[index], parts.content(index), "assistant")
            if form.is_redacted:
                return set()
            if form.pieces:
                said.append((index, form))
    found: set[bytes] = set()
    for answer in [[one] for one in said] if record.alternative_outputs else [said] if said else []:
        found.add(extended(conversation.chain, [piece for _, form in answer for piece in form.pieces]))
        found |= _other_ends(conversation, record, reader, answer)
    return found


def _other_ends(
    conversation: _Conversation, record: Record, reader: MessageReader, answer: list[tuple[int, CanonicalForm]]
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
    """The newest user text that this request added, and the beginning of its answer."""
    most = LABEL_CHARS if links.resent_count else TITLE_CHARS
    for message in islice(_newest_of_user(record.document.input, links.resent_count, reader), MOST_WRAPPERS):
        if words := one_line(said_by_user(message), most):
            links.input_preview = words
            break
        links.input_preview = links.input_preview or one_line(plain_text(message), most)
    outputs = record.document.output
    for index, digest in enumerate(outputs.digests):
        links.output_preview = answer_line(reader.message(digest, outputs.content(index), "assistant"))
        if links.output_preview:
            break


def _newest_of_user(parts: PartList, resent_count: int, reader: MessageReader) -> Iterator[Message]:
    """The user's messages after what is sent again, newest first."""
    for index in range(len(parts) - 1, resent_count - 1, -1):
        if parts.kinds[index] is not PartKind.MESSAGE:
            continue
        if reader.canonical_form(parts.digests[index], parts.content(index), "user").role == "user":
            yield reader.message(parts.digests[index], parts.content(index), "user")


def answer_line(message: Message) -> str:
    """An answer in one line: its text, or the names of the tools that it calls."""
    text = one_line(plain_text(message), LABEL_CHARS)
    if text:
        return text
    names = [block.name for block in message.blocks if isinstance(block, ToolCallBlock) and block.name]
    return one_line(", ".join(names), LABEL_CHARS)


def one_line(text: str, most: int) -> str:
    """The beginning of a text in one line, without code fences. An ellipsis says that there is more."""
    line = _folded(text[: most + _SPARE_CHARS])
    # Usually that is enough. A fence at the cut may be incomplete.
    if len(line) < most + _SPARE_CHARS // 4:
        line = _folded(text[: most * 4])
    return clean(line if len(line) <= most else line[: most - 1] + "…", most)


def _folded(text: str) -> str:
    return " ".join((_FENCE.sub(" ", text) if "```" in text else text).split())
