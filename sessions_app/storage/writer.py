"""Store a batch of logs: a constant number of statements within the caller's transaction.

Rows go in sorted by key and the roll-up goes last, so that two writers that share sessions lock them in one order
and for a short time.
"""

from __future__ import annotations

import json
import uuid
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any

import psycopg
from django.conf import settings

from sessions_app import ids
from sessions_app.content.compression import compress
from sessions_app.content.documents import PartKind, PartList, SplitDocument, digest
from sessions_app.content.json_bytes import JsonBytes
from sessions_app.content.message_reader import MessageReader
from sessions_app.content.message_texts import searchable_text
from sessions_app.content.packed_digests import pack_digests
from sessions_app.content.search_text import as_vector, words_of
from sessions_app.records import Record
from sessions_app.storage import links, moving, part_lists, rollups, sql
from sessions_app.storage.contradictions import Contradicting, Position
from sessions_app.storage.rollups import UNIT_SEPARATOR, RollUp
from sessions_app.structure.grouping_rules import Home, LinkRole, Node, Stored

# The home of a log that has not been grouped yet.
NOWHERE = Home(uuid.UUID(int=0), None, "")


@dataclass(slots=True)
class PreparedLog:
    """A record with everything that is known of it: ids, link tokens, previews, and once it has one, its place.

    `node` are the facts by which it is grouped; `names` the tokens of its ids, with what each is to it; `needs` and
    `provides` as in `RequestLog`. `span_facts` tell whether another span reports the
    same call. `position` is its place among all that was received. `copies` counts how often this batch brought the
    log; of copies that differ, `pieces` are these in the order of their receipt, and `beside` those that contradict.
    """

    project_id: int
    project_key: uuid.UUID
    record: Record
    bucket: date
    key_id: uuid.UUID
    content_hash: bytes
    node: Node
    names: dict[uuid.UUID, LinkRole] = field(default_factory=dict)
    provides: list[uuid.UUID] = field(default_factory=list)
    needs: list[uuid.UUID] = field(default_factory=list)
    resent_count: int = 0
    input_preview: str = ""
    output_preview: str = ""
    span_facts: dict[str, Any] | None = None
    position: Position = (0, 0)
    copies: int = 1
    pieces: list[PreparedLog] = field(default_factory=list)
    beside: list[Contradicting] = field(default_factory=list)
    home: Home = NOWHERE
    log_id: uuid.UUID = NOWHERE.session_id

    @property
    def session_id(self) -> uuid.UUID:
        return self.home.session_id

    @property
    def is_other_span(self) -> bool:
        """Whether it is a span of no GenAI application: kept with its trace, but no request or step."""
        return self.node.span is not None and self.record.kind == "other"

    def settle(self, home: Home) -> None:
        """Put it into a session."""
        self.home = home
        self.log_id = ids.request_log_id(home.session_id, self.bucket, self.record.dedupe_key)

    def links(self) -> Iterator[tuple[uuid.UUID, int, datetime, uuid.UUID]]:
        """The rows by which others find this request: token, role, start, key."""
        node = self.node
        roles = list(self.names.items())
        roles += [(token, LinkRole.END) for token in self.provides if token != node.response]
        if node.failed and node.attempt:
            roles.append((node.attempt, LinkRole.FAILED))
        if node.is_half and node.attempt:
            roles.append((node.attempt, LinkRole.REPORTS))
        # Of a weak trace id or a span it depends on what came before whether its session is chosen already.
        if node.chosen is None or self.record.claim.weak or node.span:
            roles += [(node.previous, LinkRole.NEEDS_RESPONSE)] if node.previous else []
            roles += [(token, LinkRole.BEGINS) for token in node.begins]
            roles += [(node.attempt, LinkRole.RETRIES)] if node.may_retry and node.attempt else []
        for token, role in roles:
            yield token, int(role), node.started_at, self.key_id


@dataclass(frozen=True, slots=True)
class Place:
    """Where a request is stored already, and the hash of what was stored."""

    log_id: uuid.UUID
    session_id: uuid.UUID
    bucket: date
    content_hash: bytes


def stored_keys(cursor: psycopg.Cursor[Any], logs: Sequence[PreparedLog]) -> set[uuid.UUID]:
    """The keys of those of these logs that are stored already."""
    cursor.execute(sql.load("find_keys"), {"ids": [log.key_id for log in logs]})
    return {row[0] for row in cursor.fetchall()}


def content_hash(document: SplitDocument) -> bytes:
    """Equal for two copies of a log that say the same (8 bytes)."""
    parts = (document.input, document.output, document.context)
    return digest(b"\x00".join([document.skeleton, *(b"".join(part.digests) for part in parts)]))


def claim_keys(cursor: psycopg.Cursor[Any], logs: Sequence[PreparedLog]) -> dict[uuid.UUID, Place]:
    """Claim the idempotency keys of these logs, each of which may appear once; returns those taken before, by key."""
    rows = sorted(logs, key=lambda log: log.key_id.bytes)
    cursor.execute(
        sql.load("upsert_request_keys"),
        {
            "id": [log.key_id for log in rows],
            "request_log_id": [log.log_id for log in rows],
            "session_id": [log.session_id for log in rows],
            "bucket": [log.bucket for log in rows],
            "content_hash": [log.content_hash for log in rows],
            "deliveries": [log.copies for log in rows],
            "entry_id": [log.position[0] for log in rows],
            "entry_index": [log.position[1] for log in rows],
        },
    )
    return {row[0]: Place(row[2], row[3], row[4], bytes(row[5])) for row in cursor.fetchall() if not row[1]}


def insert_logs(cursor: psycopg.Cursor[Any], logs: Sequence[PreparedLog], reader: MessageReader) -> list[PreparedLog]:
    """Insert requests whose keys were claimed, with their parts, search text, link tokens and roll-ups.

    Returns the logs that were new.
    """
    if not logs:
        return []
    packed = {id(log): _PackedDocument(log.record.document) for log in logs}
    _insert_parts(cursor, _parts_of(logs, packed), reader)
    rows = sorted(logs, key=lambda log: (log.session_id.bytes, log.log_id.bytes))
    cursor.execute(sql.load("insert_requests"), _request_columns(rows, packed))
    inserted = {row[0] for row in cursor.fetchall()}
    new = [log for log in rows if log.log_id in inserted]
    links.insert(cursor, [row for log in new for row in log.links()])
    rollups.upsert(cursor, roll_ups_of(new))
    return new


def replace_log(cursor: psycopg.Cursor[Any], stored: Stored, log: PreparedLog, reader: MessageReader) -> None:
    """Put a completed request in the place of its earlier copy, which may have been in another session."""
    lists = part_lists.of_requests(cursor, [stored])[stored.log_id]
    where = {"log_id": stored.log_id, "session_id": stored.session_id, "bucket": stored.bucket}
    cursor.execute(sql.load("delete_request"), where)
    links.delete(cursor, [log.key_id])
    insert_logs(cursor, [log], reader)
    cursor.execute(
        sql.load("move_request_key"),
        {
            "id": log.key_id,
            "log_id": log.log_id,
            "session_id": log.session_id,
            "bucket": log.bucket,
            "content_hash": log.content_hash,
            "entry_id": log.position[0],
            "entry_index": log.position[1],
        },
    )
    if stored.log_id != log.log_id:
        moving.redirect(cursor, [(stored.log_id, log.key_id)])
    rollups.recompute(cursor, [log.session_id])
    moving.tidy(cursor, [(log.key_id, stored, lists)])


def refresh_links(cursor: psycopg.Cursor[Any], logs: Sequence[PreparedLog]) -> None:
    """Write again what stored requests can be found by and what they need; three statements."""
    stored = [log.node.stored for log in logs]
    cursor.execute(
        sql.load("refresh_links"),
        {
            "id": [place.log_id for place in stored if place],
            "session_id": [place.session_id for place in stored if place],
            "bucket": [place.bucket for place in stored if place],
            "resent_count": [log.resent_count for log in logs],
            **_link_columns(logs),
        },
    )
    links.delete(cursor, [log.key_id for log in logs])
    links.insert(cursor, [row for log in logs for row in log.links()])


def roll_ups_of(logs: Sequence[PreparedLog]) -> list[RollUp]:
    """What these new requests add to their sessions."""
    found: dict[uuid.UUID, RollUp] = {}
    for log in logs:
        roll_up = found.get(log.session_id)
        if roll_up is None:
            roll_up = found[log.session_id] = RollUp(log.session_id, log.project_id, log.home.session_key)
        roll_up.add(log.record, log.bucket, log.home.rule, log.node.standing(log.home.rule))
        if not log.record.step and log.node.duplicate_of is None:
            roll_up.count(log.record, log.input_preview, log.output_preview)
    return list(found.values())


# --- parts ----------------------------------------------------------------------------------------------------------


class _PackedDocument:
    """The three lists of a document as they are stored, and the blocks they refer to."""

    def __init__(self, document: SplitDocument) -> None:
        self.input, blocks = pack_digests(document.input.digests)
        self.output, more = pack_digests(document.output.digests)
        self.context, others = pack_digests(document.context.digests)
        self.blocks = blocks | more | others


@dataclass(slots=True)
class _NewPart:
    """A part of a batch, before it is known whether it is stored already."""

    id: uuid.UUID
    session_id: uuid.UUID
    bucket: date
    digest: bytes
    kind: PartKind
    default_role: str
    project_id: int
    created_at: datetime
    source: PartList | bytes
    index: int

    @property
    def raw(self) -> JsonBytes:
        """The exact bytes; cut out of the document only now, since most parts are stored already."""
        return self.source if isinstance(self.source, bytes) else self.source.content(self.index)


def _parts_of(logs: Sequence[PreparedLog], packed: dict[int, _PackedDocument]) -> list[_NewPart]:
    """The distinct parts of a batch, sorted by key."""
    seen: dict[tuple[uuid.UUID, date], set[bytes]] = {}
    found: list[_NewPart] = []
    for log in logs:
        known = seen.setdefault((log.session_id, log.bucket), set())
        document = log.record.document
        for parts, default_role in ((document.input, "user"), (document.output, "assistant"), (document.context, "")):
            if known.issuperset(parts.digests):
                continue
            for index, address in enumerate(parts.digests):
                if address not in known:
                    known.add(address)
                    found.append(_new_part(log, address, parts.kinds[index], default_role, parts, index))
        for address, content in packed[id(log)].blocks.items():
            if address not in known:
                known.add(address)
                found.append(_new_part(log, address, PartKind.BUNDLE, "", content, 0))
    return sorted(found, key=lambda part: (part.session_id.bytes, part.id.bytes, part.bucket))


def _new_part(
    log: PreparedLog, address: bytes, kind: PartKind, default_role: str, source: PartList | bytes, index: int
) -> _NewPart:
    part_id = ids.part_id(log.session_id, address)
    started = rollups.sane_time(log.record.started_at, log.record.received_at)
    return _NewPart(
        part_id, log.session_id, log.bucket, address, kind, default_role, log.project_id, started, source, index
    )


def _insert_parts(cursor: psycopg.Cursor[Any], parts: list[_NewPart], reader: MessageReader) -> None:
    cursor.execute(
        sql.load("probe_parts"),
        {
            "id": [part.id for part in parts],
            "session_id": [part.session_id for part in parts],
            "bucket": [part.bucket for part in parts],
        },
    )
    stored = set(cursor.fetchall())
    missing = [part for part in parts if (part.id, part.bucket) not in stored]
    if not missing:
        return
    cursor.execute(sql.load("insert_parts"), _part_columns(missing, reader))
    inserted = set(cursor.fetchall())
    _insert_search(cursor, [part for part in missing if (part.id, part.bucket) in inserted], reader)


def _part_columns(parts: list[_NewPart], reader: MessageReader) -> dict[str, list[Any]]:
    return {
        "id": [part.id for part in parts],
        "session_id": [part.session_id for part in parts],
        "bucket": [part.bucket for part in parts],
        "kind": [int(part.kind) for part in parts],
        "role": [_role(part, reader) for part in parts],
        "byte_size": [len(part.raw) for part in parts],
        "content": [_stored_content(part) for part in parts],
    }


def _role(part: _NewPart, reader: MessageReader) -> str:
    if part.kind is not PartKind.MESSAGE:
        return ""
    # Clipped: the role is the sender's text.
    return _clean(reader.canonical_form(part.digest, part.raw, part.default_role)[0][:40])


def _stored_content(part: _NewPart) -> bytes:
    # Digests are random bytes: compressing them would only cost time.
    return bytes(part.raw) if part.kind is PartKind.BUNDLE else compress(part.raw)


# --- search text ----------------------------------------------------------------------------------------------------


def _insert_search(cursor: psycopg.Cursor[Any], parts: list[_NewPart], reader: MessageReader) -> None:
    rows = []
    for part in parts:
        if part.kind is PartKind.MESSAGE or part.kind is PartKind.SYSTEM:
            words, clipped = search_words(part, reader)
            if words:
                rows.append((part, words, clipped))
    if not rows:
        return
    cursor.execute(
        sql.load("insert_part_search"),
        {
            "id": [part.id for part, _, _ in rows],
            "session_id": [part.session_id for part, _, _ in rows],
            "bucket": [part.bucket for part, _, _ in rows],
            "project_id": [part.project_id for part, _, _ in rows],
            "created_at": [part.created_at for part, _, _ in rows],
            "clipped": [clipped for _, _, clipped in rows],
            "words": [words for _, words, _ in rows],
        },
    )


def search_words(part: _NewPart, reader: MessageReader) -> tuple[str, int]:
    """The words of a part, as a tsvector is written, and how many characters of its text were left out."""
    message = reader.message(part.digest, part.raw, part.default_role or "system")
    text = searchable_text(message)
    most = settings.LOGSUI_SEARCH_TEXT_MAX_CHARS
    if message.role == "tool":
        most = min(most, settings.LOGSUI_SEARCH_TOOL_TEXT_MAX_CHARS)
    return as_vector(words_of(text[:most])), max(len(text) - most, 0)


# --- requests -------------------------------------------------------------------------------------------------------

_RECORD_COLUMNS = (
    *("request_id", "source", "kind", "call_type", "model", "requested_model", "provider", "api_base", "status"),
    *("http_status", "error_type", "error_message", "finish_reason", "started_at", "first_token_at", "ended_at"),
    *("received_at", "cost", "end_user", "key_alias", "trace_id", "parent_id", "byte_size", "span_id", "name"),
    *("tool_name", "tool_call_id", "step"),
)
_LOG_COLUMNS = (*("session_id", "bucket", "project_id", "resent_count", "input_preview", "output_preview"),)
_USAGE_COLUMNS = ("input_tokens", "output_tokens", "cached_tokens", "cache_write_tokens", "reasoning_tokens")


def _request_columns(logs: list[PreparedLog], packed: dict[int, _PackedDocument]) -> dict[str, list[Any]]:
    records = [log.record for log in logs]
    columns: dict[str, list[Any]] = {name: [getattr(record, name) for record in records] for name in _RECORD_COLUMNS}
    columns |= {name: [getattr(log, name) for log in logs] for name in _LOG_COLUMNS}
    columns |= {name: [getattr(record.usage, name) for record in records] for name in _USAGE_COLUMNS}
    packs = [packed[id(log)] for log in logs]
    return columns | {
        "id": [log.log_id for log in logs],
        "time_problems": [UNIT_SEPARATOR.join(record.time_problems) for record in records],
        "cost_breakdown": [_json_or_null(record.cost_breakdown) for record in records],
        "tags": [UNIT_SEPARATOR.join(record.tags) for record in records],
        "metadata": [_json_or_null(record.metadata) for record in records],
        "duplicate_of": [log.node.duplicate_of for log in logs],
        "problems": [UNIT_SEPARATOR.join(record.problems) or None for record in records],
        "rule": [log.home.rule for log in logs],
        "rule_detail": [log.home.detail for log in logs],
        "weak": [log.node.weak is not None for log in logs],
        **_link_columns(logs),
        "skeleton": [compress(record.document.skeleton) for record in records],
        "input_parts": [pack.input for pack in packs],
        "output_parts": [pack.output for pack in packs],
        "context_parts": [pack.context for pack in packs],
    }


def _link_columns(logs: Sequence[PreparedLog]) -> dict[str, list[Any]]:
    return {
        "provides": [",".join(map(str, log.provides)) for log in logs],
        "needs": [",".join(map(str, log.needs)) for log in logs],
        "previous": [log.node.previous for log in logs],
        "attempt": [log.node.attempt for log in logs],
        "call": [log.node.call for log in logs],
    }


def _json_or_null(value: dict[str, Any]) -> str | None:
    return json.dumps(value, default=str) if value else None


def _clean(text: str) -> str:
    return text.encode("utf-8", "replace").decode().replace("\x00", "\ufffd")
