"""Which tool results of a request failed. A history brings the same results again with every request, so each has a
key by which it is counted once in its session, whatever requests bring it and in whatever order.

The key is the id of the call if that is unique, else what was said since the calls up to the result, and how many
results before it have the same: retries and branches share it, also where a client drops the beginning of the history.
What stands before the first call of such a history cannot be told apart, and is not counted again.
"""

from __future__ import annotations

import hashlib
import uuid
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import NamedTuple

from sessions_app.content.blocks import Message, ToolCallBlock
from sessions_app.content.call_ids import unique_id
from sessions_app.content.canonical import CanonicalForm
from sessions_app.content.commands import answers_no
from sessions_app.content.documents import PartKind, PartList
from sessions_app.content.message_reader import MessageReader
from sessions_app.content.tool_matching import PlacedMessage, match, pieces
from sessions_app.records import ERROR, TAG_CHARS, Record
from sessions_app.storage.prepared import NO_TOOL_FAILURES, ToolFailures
from sessions_app.wire.fields import clean_tags

# The last failures of a request are counted, so many. Those before them came with earlier requests.
MOST_FAILURES = 64
# The call of a result is looked for in so many messages before it.
_MOST_BEFORE = 200
# If none of those has its id, the calls in so many messages before it are paired with results by their order.
_MOST_NEAR = 20


class ResultPlace(NamedTuple):
    """Where a tool result stands: the number of its part in the input (None in an answer), a hash of what was said of
    late before it, and whether an answer came before it.
    """

    part: int | None
    after: bytes
    is_answered: bool


@dataclass(frozen=True, slots=True)
class FailedResult:
    """A tool result that failed, or looks failed.

    `place`: where it stands. `number`: how many failed results before it came after the same. `has_id`: the id of its
    call is unique.
    """

    key: int
    name: str
    place: ResultPlace
    number: int
    has_id: bool

    def is_in_history(self, resent_count: int) -> bool:
        """Whether so many parts, which are sent again, have it."""
        return self.place.part is not None and self.place.part < resent_count


FailedResults = tuple[FailedResult, ...]
CallOf = Callable[[str], ToolCallBlock | None]


def with_failures(known: FailedResults, form: CanonicalForm, place: ResultPlace, call_of: CallOf) -> FailedResults:
    """The failures so far and those of one more message. `call_of` finds a call by its id."""
    for failure in form.failures:
        call = call_of(failure.call_id) if failure.may_answer or not failure.name else None
        if failure.may_answer and call and answers_no(call.arguments):
            continue
        call_id = unique_id(failure.call_id, failure.name)
        # Results of one turn, and those of equal turns, are told apart by their order.
        number = next((other.number + 1 for other in reversed(known) if other.place.after == place.after), 0)
        said = _call(call_id) if call_id else place.after + b"%d" % number
        name = failure.name or (call.name if call else "")
        found = FailedResult(_key(said, looks_failed=failure.looks_failed), name, place, number, bool(call_id))
        known = (*known[1 - MOST_FAILURES :], found)
    return known


def _call(call_id: str) -> bytes:
    return b"call:" + call_id.encode("utf-8", "surrogatepass")


def _key(said: bytes, *, looks_failed: bool) -> int:
    """64 bits, the last of which is 1 if the result only looks failed. The SQL function failure_union knows this."""
    hashed = int.from_bytes(hashlib.sha256(said).digest()[:8], "big", signed=True)
    return hashed & ~1 | looks_failed


def call_of_result(parts: PartList, index: int, reader: MessageReader, call_id: str) -> ToolCallBlock | None:
    """The call that a result in a part answers: the nearest one of its id before it, else the one that its place tells;
    None if that is not there.
    """
    for _, message in _messages_before(parts, index, reader, _MOST_BEFORE) if call_id else ():
        if message.role == "assistant":
            for block in message.blocks:
                if isinstance(block, ToolCallBlock) and block.id == call_id:
                    return block
    near = [PlacedMessage(message, place) for place, message in _messages_before(parts, index + 1, reader, _MOST_NEAR)]
    pairs = match(pieces(reversed(near)).stream)
    found = (call for result, call in pairs if result.key[0] == index and result.block.call_id == call_id)
    return next((call.block for call in found), None)


def _messages_before(parts: PartList, index: int, reader: MessageReader, most: int) -> Iterator[tuple[int, Message]]:
    """The messages before a part with their places, the last ones first."""
    for before in range(index - 1, max(index - 1 - most, -1), -1):
        if parts.kinds[before] is PartKind.MESSAGE:
            yield before, reader.message(parts.digests[before], parts.content(before), "user")


def tool_failures(record: Record, key_id: uuid.UUID, found: FailedResults, resent_count: int) -> ToolFailures:
    """What is stored of a request's failed tool results, or of the failure of a tool's own span."""
    if not record.step:
        found = tuple(
            one for one in found if not one.is_in_history(resent_count) or one.has_id or one.place.is_answered
        )
        brought = [one.key for one in found if not one.is_in_history(resent_count)]
        return _summed([one.key for one in found], [one.name for one in found], brought) if found else NO_TOOL_FAILURES
    if record.kind != "tool" or record.status != ERROR:
        return NO_TOOL_FAILURES
    call_id = unique_id(record.tool_call_id, record.tool_name)
    key = _key(_call(call_id) if call_id else key_id.bytes, looks_failed=False)
    return _summed([key], [record.tool_name or record.name], [key])


def _summed(keys: list[int], names: Iterable[str], brought: list[int]) -> ToolFailures:
    looks_failed = sum(key & 1 for key in brought)
    named = clean_tags(sorted({name[:TAG_CHARS] for name in names if name}))
    return ToolFailures(tuple(keys), named, len(brought) - looks_failed, looks_failed)
