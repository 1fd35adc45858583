"""A log that comes again repeats, completes or contradicts what is stored.

The copy that was *received* first is the log, even if it is digested later. A later copy may add what the earlier ones
lack (`wire` and `completion`). A copy that contradicts is kept beside the request (`storage.contradictions`).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from django.conf import settings

from sessions_app.content.message_reader import MessageReader
from sessions_app.content.sameness import Contradiction
from sessions_app.ingest.completion import check_asked, check_unchanged, is_whole
from sessions_app.ingest.prepare import prepare
from sessions_app.records import WireFormatError
from sessions_app.storage.contradictions import Contradicting, StoredCopy
from sessions_app.storage.prepared import PreparedLog
from sessions_app.wire import format_of, read_copy


def log_bytes(entry: PreparedLog) -> bytes:
    return entry.record.document.joined()


def united(copies: Sequence[PreparedLog], reader: MessageReader) -> PreparedLog:
    """One log of the copies that a batch brought of it, with those that contradict it."""
    by_content: dict[bytes, PreparedLog] = {}
    for copy in sorted(copies, key=_position):
        by_content.setdefault(copy.content_hash, copy)
    distinct = list(by_content.values())
    total = sum(copy.copies for copy in copies)
    if len(distinct) == 1:
        return replace(distinct[0], copies=total)
    return replace(_folded(distinct[0], distinct[1:], reader), copies=total, pieces=distinct)


def completed(entry: PreparedLog, content: bytes, reader: MessageReader) -> PreparedLog:
    """A span that is stored only with its trace, completed by what a batch brought of it."""
    before = StoredCopy(entry.record.source, entry.record.received_at, (0, 0), content)
    whole = _folded(restored(entry, before, reader), entry.pieces or [entry], reader)
    return replace(whole, copies=entry.copies, position=entry.position)


def _folded(first: PreparedLog, later: Sequence[PreparedLog], reader: MessageReader) -> PreparedLog:
    whole, beside = first, []
    for copy in later:
        if copy.content_hash == whole.content_hash:
            continue
        try:
            whole = merged(whole, copy, reader)
        except Contradiction as found:
            beside.append(contradicting(copy, found))
    return replace(whole, beside=beside)


def _position(entry: PreparedLog) -> tuple[int, int]:
    return entry.position


def merged(first: PreparedLog, later: PreparedLog, reader: MessageReader) -> PreparedLog:
    """The earlier of two copies of a log with what it lacks from the later one. Raises Contradiction."""
    if first.record.source != later.record.source:
        raise Contradiction(["source"])
    wire = format_of(first.record.source)
    one, other = log_bytes(first), log_bytes(later)
    both = wire.merged(one, other)
    if len(both) > settings.LOGSUI_MAX_LOG_BYTES:
        raise Contradiction(["size"])
    again = read_again(first, both, reader)
    if not (wire.is_part(one) or wire.is_part(other)):
        check = check_unchanged if is_whole(first.record) else check_asked
        check(first.record, again.record)
    return again


def read_again(entry: PreparedLog, log: bytes, reader: MessageReader) -> PreparedLog:
    """This log with other content. Raises Contradiction when the content cannot be read."""
    record = entry.record
    try:
        again = read_copy(record.source, log, record.received_at, record.dedupe_key)
    except WireFormatError as error:
        raise Contradiction([error.field or "log"]) from None
    return replace(prepare(entry.project_id, entry.project_key, again, reader), position=entry.position)


def restored(like: PreparedLog, stored: StoredCopy, reader: MessageReader) -> PreparedLog:
    """A stored copy, prepared again as it was when it came. `like` is another copy of the same log."""
    record = read_copy(stored.source, stored.body, stored.received_at, like.record.dedupe_key)
    return replace(prepare(like.project_id, like.project_key, record, reader), position=stored.position)


def contradicting(copy: PreparedLog, found: Contradiction) -> Contradicting:
    """A contradicting copy, in the form in which it is kept beside its request."""
    record = copy.record
    body = log_bytes(copy)
    return Contradicting(
        copy.key_id, copy.project_id, record.source, record.received_at, copy.position, found.members, body
    )
