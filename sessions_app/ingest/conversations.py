"""Reads a conversation so far: hashes of what was said, by which later and earlier requests of it are recognised."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass, fields
from functools import partial
from operator import attrgetter

from sessions_app.content import documents
from sessions_app.content.canonical import CanonicalForm
from sessions_app.content.documents import PartKind, PartList
from sessions_app.content.message_reader import MessageReader
from sessions_app.ingest.profiles import NOTHING_SAID, SaidSoFar
from sessions_app.ingest.tool_failures import FailedResults, ResultPlace, call_of_result, with_failures


@dataclass(slots=True)
class Conversation:
    """A conversation so far, as hashes of everything that was said.

    `chain`: up to now. `last`, `before`, `earlier`: up to the end of the last assistant turn, of the one before it, and
    of the one before that; b"" if there is none. `is_answer`: it ends with an assistant turn, and `asked` is the
    conversation without it. `prefill`: the index of that turn if it is a text that the answer will go on with, else -1.
    `system`: a digest of the system prompts among the messages, without their digits.

    `turn` counts assistant turns. `call`: the first unique id of a tool call in the latest turn that has any, which is
    `call_turn`; `call_before`: that of the one before. `since` and `since_last`: what was said after that call, and
    up to the last assistant turn. `bare`, `bare_last` and `bare_before` are `chain`, `last` and `before` without the
    ids of tool calls, b"" if there are none. `users`: what the user said; `asked_users`: up to the last assistant
    message, whose index is `answer`. `failed`: the tool results that failed. `summary`: what the provider put in the
    place of a history. `said`: what the profile of a request tells of it.

    `recent`: what was said since the last assistant turn began, with it; `recent_before`: the same up to that turn.
    `turns`: both, up to the end of the last assistant turn. They are without ids of tool calls, and stay the same when
    a client drops what came before.
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
    turn: int = 0
    call: str = ""
    call_turn: int = -1
    call_before: str = ""
    since: bytes = b""
    since_last: bytes = b""
    bare: bytes = b""
    bare_last: bytes = b""
    bare_before: bytes = b""
    users: bytes = b""
    asked_users: bytes = b""
    answer: int = -1
    failed: FailedResults = ()
    summary: bytes = b""
    said: SaidSoFar = NOTHING_SAID
    recent: bytes = b""
    recent_before: bytes = b""
    turns: bytes = b""

    @property
    def recent_before_turn(self) -> bytes:
        """What was said of late up to an answer, or with all if it does not end with one."""
        return self.recent_before if self.is_answer else self.recent

    def place_of_result(self, index: int | None) -> ResultPlace:
        """The place of a tool result in the latest message, or in an answer."""
        return ResultPlace(index, self.recent_before_turn, self.turn > 0)

    def turns_with(self, answer: Iterable[bytes]) -> bytes:
        """`turns` after an answer of these pieces."""
        begun = self.recent if self.is_answer else b""
        return self.recent_before_turn + extended(begun, answer)

    def begins(self) -> tuple[bytes, ...]:
        """Where an earlier request may have ended: at the last two assistant turns, not counting a prefilled one."""
        if self.prefill >= 0:
            return (self.last, self.before, self.earlier)
        # The id of a tool call tells as much as all that was said up to it.
        is_known = self.call_before if self.call_turn == self.turn else self.call_turn == self.turn - 1
        return (self.last,) if is_known else (self.last, self.before)

    def calls(self) -> tuple[bytes, ...]:
        """The tool calls that an earlier request may have ended with, or what was said after one."""
        if self.call_turn == self.turn:
            return (encoded(self.call), encoded(self.call_before))
        return (self.since_last, encoded(self.call) if self.call_turn == self.turn - 1 else b"")

    def copy(self) -> Conversation:
        return Conversation(*_values_of(self))

    def add(self, form: CanonicalForm, index: int) -> None:
        """Go on with a message that stands after `index` parts."""
        is_answer = form.role == "assistant"
        if is_answer:
            self.resent_count = index + 1
        if form.summary:
            self.summary = form.summary
        if not form.pieces:
            self.is_redacted = self.is_redacted or form.is_redacted
            return
        # Items of one answer are one turn.
        if is_answer and not self.is_answer:
            self.earlier, self.before, self.asked = self.before, self.last, self.chain
            self.bare_before = self.bare_last
            self.recent_before, self.recent = self.recent, b""
            self.turn += 1
        call_ids = form.call_ids or (self._written_ids(form) if form.written_ids else ())
        self.prefill = index if is_answer and not self.is_answer and form.is_text else -1
        if form.renamed or self.bare:
            self.bare = extended(self.bare or self.chain, form.bare)
        self.chain = extended(self.chain, form.pieces)
        self.recent = extended(self.recent, form.bare)
        if is_answer:
            self.turns = self.recent_before + self.recent if self.recent_before else b""
            self.last, self.answer, self.asked_users = self.chain, index, self.users
            self.bare_last = self.bare
        elif form.role == "user" and not call_ids:
            self.users = extended(self.users, form.pieces)
        if call_ids and self.call_turn != self.turn:
            self.call, self.call_before, self.call_turn = call_ids[0], self.call, self.turn
            self.since = encoded(self.call)
        elif self.call and not call_ids:
            self.since = extended(self.since, form.pieces)
        if is_answer and self.call_turn != self.turn:
            self.since_last = self.since
        self.is_answer = is_answer

    def _written_ids(self, form: CanonicalForm) -> tuple[str, ...]:
        """The ids in the text of an answer, or of the results right after it. Other texts may quote any."""
        is_answer = form.role == "assistant"
        return form.written_ids if is_answer or (self.is_answer and self.call_turn == self.turn) else ()


_values_of = attrgetter(*(member.name for member in fields(Conversation)))


def read_conversation(parts: PartList, reader: MessageReader) -> Conversation:
    """Read the input. If it begins with a remembered array, go on from the end of that."""
    known = parts.base.facts if parts.base else None
    start = len(parts.base.digests) if parts.base and known else 0
    conversation = known.copy() if known else Conversation()
    for index in range(start, len(parts)):
        if parts.kinds[index] is PartKind.MESSAGE:
            message = reader.message(parts.digests[index], parts.content(index), "user")
            conversation.said = conversation.said.after(message, parts.digests[index])
            form = reader.canonical_form(parts.digests[index], parts.content(index), "user")
            if form.role != "system":
                conversation.add(form, index)
                if form.failures:
                    call_of = partial(call_of_result, parts, index, reader)
                    place = conversation.place_of_result(index)
                    conversation.failed = with_failures(conversation.failed, form, place, call_of)
            else:
                without_digits = reader.digest_without_digits(parts.digests[index], parts.content(index))
                conversation.system = documents.digest(conversation.system + without_digits)
    if parts.array:
        parts.array.facts = conversation
    return conversation


def failed_with_answer(conversation: Conversation, parts: PartList, reader: MessageReader) -> FailedResults:
    """The tool results that failed, with those in an answer, of tools that the provider ran."""
    found = conversation.failed
    for index, kind in enumerate(parts.kinds):
        if kind is PartKind.MESSAGE:
            form = reader.canonical_form(parts.digests[index], parts.content(index), "assistant")
            if form.failures:
                call_of = partial(call_of_result, parts, index, reader)
                found = with_failures(found, form, conversation.place_of_result(None), call_of)
    return found


def extended(chain: bytes, pieces: Iterable[bytes]) -> bytes:
    """The hash of a conversation with more pieces, one by one: an answer may be one message or several items."""
    for piece in pieces:
        chain = hashlib.sha256(chain + piece).digest()[:16]
    return chain


def encoded(text: str) -> bytes:
    return text.encode("utf-8", "surrogatepass")
