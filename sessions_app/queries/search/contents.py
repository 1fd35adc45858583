"""What a found request says: its texts by role, and its facts, read from what is stored."""

from __future__ import annotations

import uuid
from collections import defaultdict
from collections.abc import Hashable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from functools import cached_property
from typing import Any

from sessions_app import ids
from sessions_app.content.compression import decompress
from sessions_app.content.documents import DIGEST_BYTES, PartKind
from sessions_app.content.message_reader import MessageReader
from sessions_app.content.needles import Original
from sessions_app.content.search_facts import facts_of, facts_of_message, own_text
from sessions_app.content.searched_parts import SEARCHED, text_of_part
from sessions_app.models import Part, RequestLog

# The roles of texts that are no messages.
ERROR_ROLE, NO_ROLE = "error", ""
_ROLES = {"developer": "system", "model": "assistant", "function": "tool", "tool_result": "tool"}
_COLUMNS = (
    *("source", "kind", "model", "requested_model", "provider", "status", "error_type", "error_message"),
    *("finish_reason", "end_user", "key_alias", "request_id", "name", "tool_name", "step", "tags", "metadata"),
)


@dataclass(frozen=True, slots=True)
class FoundRow:
    """A row of the index: a request, and the digests of the parts by which it may have been found."""

    session_id: uuid.UUID
    id: uuid.UUID
    bucket: date
    started_at: datetime
    parts: bytes

    @property
    def digests(self) -> list[bytes]:
        return [self.parts[i : i + DIGEST_BYTES] for i in range(0, len(self.parts), DIGEST_BYTES)]


@dataclass(frozen=True, slots=True)
class Said:
    """The columns of a request that tell what it says of itself (`content.search_facts.Searchable`)."""

    source: str
    kind: str
    model: str
    requested_model: str
    provider: str
    status: str
    error_type: str
    error_message: str
    finish_reason: str
    end_user: str
    key_alias: str
    request_id: str
    name: str
    tool_name: str
    step: bool
    tags: Sequence[str]
    metadata: dict[str, Any] | None


@dataclass
class SaidText:
    """A text of a request. `digest`: of the part that has it, b"" for one beside the messages."""

    role: str
    digest: bytes
    original: Original


@dataclass
class Content:
    """What a request brought: the parts that it was the first to bring, and what it says beside them."""

    row: FoundRow
    said: Said
    session_key: str
    parts: list[tuple[PartKind, bytes, str, bytes]] = field(default_factory=list)

    @cached_property
    def pieces(self) -> list[SaidText]:
        """Its texts. Those beside the messages come last."""
        reader = MessageReader()
        found = [
            SaidText(role_of(kind, role), digest, Original(text_of_part(kind, digest, raw, role, reader)))
            for kind, digest, role, raw in self.parts
        ]
        error = "\n".join(filter(None, (self.said.error_type, self.said.error_message)))
        found += [SaidText(ERROR_ROLE, b"", Original(error))] if error else []
        return [*found, SaidText(NO_ROLE, b"", Original(f"{own_text(self.said)}\n{self.session_key}"))]

    def meaning(self, piece: SaidText) -> Hashable:
        """Equal for messages that say the same: clients write a message anew when they send it back."""
        for kind, digest, role, raw in self.parts:
            if digest == piece.digest and kind is PartKind.MESSAGE:
                form = MessageReader().canonical_form(digest, raw, role or "system")
                return (form.role, form.bare) if form.bare else digest
        return piece.digest or (self.row.id, piece.role)

    @cached_property
    def facts(self) -> set[str]:
        reader = MessageReader()
        found = facts_of(self.said, self.said.metadata)
        for kind, digest, role, raw in self.parts:
            if kind is PartKind.MESSAGE:
                found.update(facts_of_message(reader.message(digest, raw, role or "system")))
        return found


def role_of(kind: PartKind, role: str) -> str:
    """The role of a part as the search language names it."""
    if kind is PartKind.UNREAD:
        return NO_ROLE
    return "system" if kind is PartKind.SYSTEM else _ROLES.get(role, role)


def load_contents(rows: Iterable[FoundRow], keys: Mapping[uuid.UUID, str | None]) -> dict[uuid.UUID, Content]:
    """What these requests say, by their ids; two statements. `keys`: the callers' ids of their sessions."""
    by_id = {row.id: row for row in rows}
    if not by_id:
        return {}
    buckets = sorted({row.bucket for row in by_id.values()})
    logs = RequestLog.objects.filter(id__in=list(by_id), bucket__in=buckets).values_list("id", *_COLUMNS)
    parts = _load_parts(by_id.values(), buckets)
    found = {}
    for log_id, *columns in logs:
        row = by_id[log_id]
        own = [part for digest in row.digests if (part := parts.get((row.session_id, row.bucket, digest)))]
        found[log_id] = Content(row, Said(*columns), keys.get(row.session_id) or "", own)
    return found


_PartKey = tuple[uuid.UUID, date, bytes]
_LoadedPart = tuple[PartKind, bytes, str, bytes]


def _load_parts(rows: Iterable[FoundRow], buckets: Sequence[date]) -> dict[_PartKey, _LoadedPart]:
    wanted: dict[uuid.UUID, list[FoundRow]] = defaultdict(list)
    for row in rows:
        for digest in row.digests:
            wanted[ids.part_id(row.session_id, digest)].append(row)
    kinds = [int(kind) for kind in SEARCHED]
    parts = Part.objects.filter(id__in=list(wanted), bucket__in=buckets, kind__in=kinds)
    found: dict[_PartKey, _LoadedPart] = {}
    for part_id, session_id, bucket, kind, role, content in parts.values_list(
        "id", "session_id", "bucket", "kind", "role", "content"
    ):
        digest = ids.part_digest(part_id)
        found[session_id, bucket, digest] = (PartKind(kind), digest, role, decompress(content))
    return found
