"""Makes the profile of a request (`structure.profiles`) while its conversation is read.

A history comes again with every request. What was learnt of it is kept with it (`content.array_memory`), and what a
system prompt or a tool definition weighs is kept by its digest, so only what is new is read.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple
from zlib import crc32

from sessions_app.content.blocks import Message, TextBlock, ToolCallBlock, ToolResultBlock
from sessions_app.content.canonical import same_json
from sessions_app.content.composition import CLASSES, pieces_of_message
from sessions_app.content.documents import PartKind, PartList
from sessions_app.content.message_reader import MessageReader
from sessions_app.records import Record
from sessions_app.structure.profiles import MOST_KEPT, NewResult, Profile, ToolCall, name_hash, pack

Counts = tuple[int, ...]
NO_CHARS: Counts = (0,) * len(CLASSES)
_PLACE = {name: place for place, name in enumerate(CLASSES)}
_OF_TEXT = {role: _PLACE[role] for role in ("system", "user", "assistant")}


class OpenCall(NamedTuple):
    """A call whose result may follow: its id, and its hashes."""

    id: str
    call: ToolCall


class SaidSoFar(NamedTuple):
    """A conversation so far: its characters by class, a hash of the system prompts in it, the calls of its last answer,
    and the results since then.
    """

    chars: Counts = NO_CHARS
    system: int = 0
    calls: tuple[OpenCall, ...] = ()
    results: tuple[NewResult, ...] = ()

    def after(self, message: Message, digest: bytes) -> SaidSoFar:
        """Go on with a message, the digest of which is this."""
        chars, system, calls, results = self
        chars = added(chars, message)
        if message.role == "system":
            return SaidSoFar(chars, crc32(digest, system), calls, results)
        if message.role == "assistant":
            # Items of one answer follow each other; a result ends it.
            before = () if results else calls
            return SaidSoFar(chars, system, (*before, *open_calls(message))[:MOST_KEPT])
        for block in message.blocks:
            if isinstance(block, ToolResultBlock) and len(results) < MOST_KEPT:
                results = (*results, _result(block, calls, len(results)))
        return SaidSoFar(chars, system, calls, results)


NOTHING_SAID = SaidSoFar()


def added(chars: Counts, message: Message) -> Counts:
    """Characters by class, with those of a message."""
    counts = list(chars)
    blocks = message.blocks
    # Most messages are one text, and there are many of them.
    if len(blocks) == 1 and isinstance(blocks[0], TextBlock) and message.role in _OF_TEXT:
        counts[_OF_TEXT[message.role]] += len(blocks[0].text)
        return tuple(counts)
    for kind, _, amount in pieces_of_message(message.role, blocks):
        counts[_PLACE[kind]] += amount
    return tuple(counts)


def open_calls(message: Message) -> Iterator[OpenCall]:
    for block in message.blocks:
        if isinstance(block, ToolCallBlock):
            tool = name_hash(block.name)
            yield OpenCall(block.id, ToolCall(tool, crc32(_encoded(same_json(block.arguments)), tool)))


def _result(block: ToolResultBlock, calls: tuple[OpenCall, ...], place: int) -> NewResult:
    """A result with the call that it answers: that of its id, else, without an id, the one in its place."""
    if block.call_id:
        call = next((one.call for one in calls if one.id == block.call_id), None)
    else:
        call = calls[place].call if place < len(calls) else None
    tool = call.tool if call else name_hash(block.name) if block.name else 0
    return NewResult(tool, call.call if call else 0, crc32(_encoded(block.text)), len(block.text))


def _encoded(text: str) -> bytes:
    return text.encode("utf-8", "surrogatepass")


def profile_of(record: Record, said: SaidSoFar, reader: MessageReader) -> bytes:
    """The profile of a request as it is stored; b"" for what is no model call. `said`: its whole input."""
    if record.kind != "llm" or record.step:
        return b""
    document = record.document
    context = reader.context(document.context)
    counts = list(said.chars)
    counts[_PLACE["other"]] += sum(len(document.input.content(index)) for index in _no_messages(document.input))
    answer = list(_answered(document.output, reader))
    adds: Counts = tuple(counts)
    for message in answer:
        adds = added(adds, message)
    counts[_PLACE["system"]] += context.system_chars
    counts[_PLACE["tools"]] += context.tool_chars
    system = crc32(context.system, said.system) if context.system else said.system
    calls = tuple(one.call for message in answer for one in open_calls(message))
    ran_tools = any(isinstance(block, ToolCallBlock) and block.by_provider for one in answer for block in one.blocks)
    return pack(Profile(tuple(counts), system, crc32(context.tools), calls, said.results, adds, ran_tools))


def _no_messages(parts: PartList) -> Iterator[int]:
    if parts.kinds.count(PartKind.MESSAGE) < len(parts):
        yield from (index for index, kind in enumerate(parts.kinds) if kind is not PartKind.MESSAGE)


def _answered(parts: PartList, reader: MessageReader) -> Iterator[Message]:
    for index, kind in enumerate(parts.kinds):
        if kind is PartKind.MESSAGE:
            yield reader.message(parts.digests[index], parts.content(index), "assistant")
