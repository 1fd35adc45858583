"""What a found request says: its texts by role, and its facts, read from what is stored."""

from __future__ import annotations

import json
import time
import uuid
from collections.abc import Hashable, Iterable, Iterator, Mapping, Sequence, Set
from dataclasses import dataclass, field
from datetime import date, datetime
from functools import cached_property
from typing import Any, NamedTuple

from sessions_app import ids
from sessions_app.content.compression import decompress
from sessions_app.content.documents import DIGEST_BYTES, PartKind
from sessions_app.content.message_reader import MessageReader
from sessions_app.content.messages import plain_text_in
from sessions_app.content.needles import Needle, Original
from sessions_app.content.search_facts import error_text, facts_of, facts_of_message, may_be_in_messages, text_beside
from sessions_app.content.searched_parts import SEARCHED, plainly_lacks, text_of_part
from sessions_app.models import Part
from sessions_app.queries.fetching import array_of, fetched

# The roles of texts that are no messages.
ERROR_ROLE, NO_ROLE = "error", ""
_ROLES = {"developer": "system", "model": "assistant", "function": "tool", "tool_result": "tool"}
# So many bytes are read at a time. What is larger, or beyond it, is read piece by piece when it is looked at, and not
# kept: a page may look into many logs of tens of megabytes.
MOST_READ_AHEAD = 8_000_000


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


class Said(NamedTuple):
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
    metadata_json: str | None

    @property
    def metadata(self) -> dict[str, Any] | None:
        found: dict[str, Any] | None = json.loads(self.metadata_json) if self.metadata_json else None
        return found


@dataclass
class SaidText:
    """A text of a request. `digest`: of the part that has it, b"" for one beside the messages."""

    role: str
    digest: bytes
    original: Original


class ReadPart(NamedTuple):
    """A part that may say what is looked for. `content`: None if it was not read ahead."""

    session_id: uuid.UUID
    bucket: date
    digest: bytes
    kind: PartKind
    role: str
    content: bytes | None

    def read(self) -> bytes:
        """What it holds; at most one statement."""
        if self.content is not None:
            return decompress(self.content)
        own = Part.objects.filter(id=ids.part_id(self.session_id, self.digest), bucket=self.bucket)
        stored = own.values_list("content", flat=True).first()
        # It may have been deleted meanwhile.
        return decompress(bytes(stored)) if stored is not None else b"null"


class TooLate(Exception):
    """The time was over before all of a large request was read."""


@dataclass
class Content:
    """What a request brought: the parts that it was the first to bring, and what it says beside them."""

    row: FoundRow
    said: Said
    session_key: str
    parts: list[ReadPart] = field(default_factory=list)
    # On the monotonic clock: after that, no further part is read, and TooLate is raised.
    deadline: float = float("inf")

    @cached_property
    def is_large(self) -> bool:
        """Whether some of it is read each time that it is looked at."""
        return any(part.content is None for part in self.parts)

    def pieces(self, roles: Set[str], needles: Iterable[Needle]) -> Iterator[SaidText]:
        """Its texts in which one of these needles may be, each read when it is asked for: only those of the given roles
        if there are some. Those beside the messages come last.
        """
        words = [needle.ascii_word for needle in needles]
        words = words if all(words) else []
        for part in self.parts:
            role = role_of(part.kind, part.role)
            if (not roles or role in roles) and (piece := self._piece(part, role, words)):
                yield piece
        for piece in self._beside:
            if not roles or piece.role in roles:
                yield piece

    def _piece(self, part: ReadPart, role: str, words: Sequence[bytes]) -> SaidText | None:
        """The text of a part; None if it clearly has none of these words."""
        piece = self._pieces.get(part.digest)
        if piece is None:
            raw = self._read(part)
            if words and plainly_lacks(raw, words):
                return None
            text = text_of_part(part.kind, part.digest, raw, part.role, self._reader())
            piece = SaidText(role, part.digest, Original(text))
            if not self.is_large:
                self._pieces[part.digest] = piece
        return piece

    @cached_property
    def _beside(self) -> list[SaidText]:
        error = error_text(self.said)
        found = [SaidText(ERROR_ROLE, b"", Original(error))] if error else []
        return [*found, SaidText(NO_ROLE, b"", Original(f"{text_beside(self.said)}\n{self.session_key}"))]

    def _read(self, part: ReadPart) -> bytes:
        if time.monotonic() > self.deadline:
            raise TooLate
        return part.read()

    def _reader(self) -> MessageReader:
        """One for all of its messages, unless they are large."""
        return MessageReader() if self.is_large else self._own_reader

    @cached_property
    def _own_reader(self) -> MessageReader:
        return MessageReader()

    @cached_property
    def _pieces(self) -> dict[bytes, SaidText]:
        return {}

    def meaning(self, piece: SaidText) -> Hashable:
        """Equal for messages that say the same: clients write a message anew when they send it back."""
        part = self._messages.get(piece.digest)
        if part is None:
            return piece.digest or (self.row.id, piece.role)
        form = self._reader().canonical_form(piece.digest, part.read(), part.role or "system")
        return (form.role, form.bare) if form.bare else piece.digest

    @cached_property
    def _messages(self) -> dict[bytes, ReadPart]:
        return {part.digest: part for part in reversed(self.parts) if part.kind is PartKind.MESSAGE}

    def shows_any(self, facts: Set[str]) -> bool:
        """Whether it has one of these facts. Its messages are read only if they may show it, until one does."""
        if not self._own_facts.isdisjoint(facts):
            return True
        messages = (part for part in self.parts if part.kind is PartKind.MESSAGE)
        return may_be_in_messages(facts) and any(not facts.isdisjoint(self._facts_of(part)) for part in messages)

    @cached_property
    def _own_facts(self) -> set[str]:
        return facts_of(self.said, self.said.metadata)

    def _facts_of(self, part: ReadPart) -> Iterable[str]:
        raw = self._read(part)
        if plain_text_in(raw) is not None:
            return ()
        return facts_of_message(self._reader().message(part.digest, raw, part.role or "system"))


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
    statement = f"""
        SELECT id, {", ".join(Said._fields[:-1])}, metadata::text FROM request_log
        WHERE id = ANY(%s::uuid[]) AND bucket = ANY(%s::date[])
    """  # noqa: S608 - names of columns
    logs = fetched(statement, [array_of(by_id), buckets])
    parts = _load_parts(by_id.values(), buckets)
    found = {}
    for log_id, *columns in logs:
        row = by_id[log_id]
        session = row.session_id.hex
        own = [part for digest in row.digests if (part := parts.get((session + digest.hex(), row.bucket)))]
        found[log_id] = Content(row, Said(*columns), keys.get(row.session_id) or "", own)
    return found


def _load_parts(rows: Iterable[FoundRow], buckets: Sequence[date]) -> dict[tuple[str, date], ReadPart]:
    """Parts by the hexadecimal digits of their session and their digest, and by their month. Thousands are read for a
    page: to make a UUID of each of their ids would take as long as to read them.
    """
    sessions: dict[str, uuid.UUID] = {}
    wanted: set[str] = set()
    for row in rows:
        session = row.session_id.hex
        sessions[session] = row.session_id
        wanted.update(session[: 2 * ids.PREFIX_BYTES] + digest.hex() for digest in row.digests)
    # The smallest first, so that most are read ahead.
    statement = """
        SELECT encode(uuid_send(session_id), 'hex') || encode(substr(uuid_send(id), 9), 'hex'), bucket, kind, role,
            CASE WHEN sum(byte_size) OVER (ORDER BY byte_size ROWS UNBOUNDED PRECEDING) <= %s THEN content END
        FROM part WHERE id = ANY(%s::uuid[]) AND bucket = ANY(%s::date[]) AND kind = ANY(%s::int[])
    """
    found: dict[tuple[str, date], ReadPart] = {}
    kinds = [int(kind) for kind in SEARCHED]
    array = f"{{{','.join(wanted)}}}"
    for name, bucket, kind, role, content in fetched(statement, [MOST_READ_AHEAD, array, buckets, kinds]):
        if session_id := sessions.get(name[:32]):
            digest = bytes.fromhex(name[32:])
            found[name, bucket] = ReadPart(session_id, bucket, digest, PartKind(kind), role, content)
    return found
