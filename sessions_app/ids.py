"""Ids that are derived from what they name: a writer needs no look-up, and an export keeps its ids."""

from __future__ import annotations

import hashlib
import uuid
from collections.abc import Iterable
from datetime import date
from typing import TypeAlias, TypeVar

PREFIX_BYTES = 8

_new_uuid = uuid.UUID.__new__
_set = object.__setattr__
_unknown = uuid.SafeUUID.unknown


def _uuid(data: bytes) -> uuid.UUID:
    """16 bytes as a UUID, without the checks of its constructor: a batch makes thousands."""
    made = _new_uuid(uuid.UUID)
    _set(made, "int", int.from_bytes(data, "big"))
    _set(made, "is_safe", _unknown)
    return made


# What says in a UUID that it is one of RFC 9562's version 5.
_VERSION_MASK, _VERSION_5 = ~((0xF000 << 64) | (0xC000 << 48)), (0x5000 << 64) | (0x8000 << 48)


def _uuid5(hashed: bytes) -> uuid.UUID:
    """The UUIDv5 of a SHA-1."""
    made = _new_uuid(uuid.UUID)
    _set(made, "int", int.from_bytes(hashed[:16], "big") & _VERSION_MASK | _VERSION_5)
    _set(made, "is_safe", _unknown)
    return made


def session_id(project_key: uuid.UUID, session_key: str) -> uuid.UUID:
    """The session that a caller named: UUIDv5 (RFC 9562) in the project's namespace."""
    # uuid.uuid5 refuses lone surrogates, which a session key may have.
    hashed = hashlib.sha1(project_key.bytes + b"key:" + _encode(session_key), usedforsecurity=False).digest()
    return _uuid5(hashed)


def own_session_id(project_key: uuid.UUID, name: uuid.UUID) -> uuid.UUID:
    """The session of a request for which no caller chose one. `name` is its idempotency key, or the response id it
    needs.
    """
    hashed = hashlib.sha1(project_key.bytes + b"own:" + name.bytes, usedforsecurity=False).digest()
    return _uuid5(hashed)


def request_log_id(session: uuid.UUID, bucket: date, dedupe_key: str) -> uuid.UUID:
    """The session's first 8 bytes, then 8 of a hash: requests of a session are neighbours in the index, which also
    serves look-ups without the session.
    """
    hashed = hashlib.sha256(bucket.isoformat().encode() + _encode(dedupe_key)).digest()
    return _uuid(session.bytes[:PREFIX_BYTES] + hashed[:8])


def part_id(session: uuid.UUID, digest: bytes) -> uuid.UUID:
    """The session's first 8 bytes, then the part's digest."""
    return _uuid(session.bytes[:PREFIX_BYTES] + digest)


def part_digest(part_id: uuid.UUID) -> bytes:
    """The digest of the part that has this id."""
    return part_id.bytes[PREFIX_BYTES:]


def moved(row_id: uuid.UUID, session: uuid.UUID) -> uuid.UUID:
    """The id that a request or part has in another session."""
    return _uuid(session.bytes[:PREFIX_BYTES] + row_id.bytes[PREFIX_BYTES:])


def id_range(session: uuid.UUID) -> tuple[uuid.UUID, uuid.UUID]:
    """The first and last id that a row of this session can have. A range of the primary key replaces an index by
    session.
    """
    prefix = session.bytes[:PREFIX_BYTES]
    return uuid.UUID(bytes=prefix + bytes(8)), uuid.UUID(bytes=prefix + b"\xff" * 8)


def request_key(project_key: uuid.UUID, dedupe_key: str) -> uuid.UUID:
    """The id of the idempotency row of a log."""
    return link_key(project_key, "dedupe", dedupe_key)


def link_key(project_key: uuid.UUID, kind: str, value: str | bytes) -> uuid.UUID:
    """A link key: 16 bytes that stand for an id of some kind within a project."""
    data = value if isinstance(value, bytes) else _encode(value)
    kind = _KINDS_OF_IDS.get(kind, kind)
    hashed = hashlib.sha256(project_key.bytes + kind.encode() + b"\x00" + data).digest()
    return _uuid(hashed[:16])


# Link keys of these kinds can be told from others: they end with the name of their kind.
TOOL_CALL, ANSWER, BEGINNING, TASK, SUMMARY, TURNS = b"call", b"said", b"from", b"task", b"summ", b"turn"
_MARKS = {kind: int.from_bytes(kind, "big") for kind in (TOOL_CALL, ANSWER, BEGINNING, TASK, SUMMARY, TURNS)}


def marked_key(project_key: uuid.UUID, kind: bytes, value: bytes) -> uuid.UUID:
    """A link key that says of which kind it is."""
    return marked(kind, hashlib.sha256(project_key.bytes + kind + b"\x00" + value).digest())


def marked(kind: bytes, hashed: bytes) -> uuid.UUID:
    """The link key of this kind for a hash of the project and what the link key stands for."""
    return _uuid(hashed[:12] + kind)


# Pages read link keys as text: it is hashed and compared many times faster than a UUID.
LinkKey: TypeAlias = uuid.UUID | str
K = TypeVar("K", bound=LinkKey)
_ENDS = {kind: kind.hex() for kind in _MARKS}
_KINDS: dict[int | str, bytes] = {end: kind for ends in (_MARKS, _ENDS) for kind, end in ends.items()}


def kind_of(key: LinkKey) -> bytes | None:
    """Of which of these kinds a link key is; None if of none."""
    return _KINDS.get(key[-8:] if isinstance(key, str) else key.int & 0xFFFFFFFF)


def is_of(kind: bytes, key: LinkKey) -> bool:
    """Whether a link key is of this kind."""
    return key.endswith(_ENDS[kind]) if isinstance(key, str) else key.int & 0xFFFFFFFF == _MARKS[kind]


# By these a request is found beside others, not as what others continue.
FOUND_OTHERWISE = (BEGINNING, TURNS)


def is_one_of(kinds: Iterable[bytes], key: uuid.UUID) -> bool:
    """Whether a link key is of one of these kinds."""
    end = key.int & 0xFFFFFFFF
    return any(end == _MARKS[kind] for kind in kinds)


def without(kind: bytes, keys: Iterable[K]) -> list[K]:
    """The link keys that are not of this kind. A page asks for thousands, which are text."""
    end = _ENDS[kind]
    return [key for key in keys if not (key.endswith(end) if isinstance(key, str) else is_of(kind, key))]


# The ids of a call and of its response find a request just as its other ids do.
_KINDS_OF_IDS = {"response": "id", "call": "id"}


def alias_key(project_key: uuid.UUID, value: str) -> uuid.UUID:
    """The link key under which a request is found by any id of it: request, call or response id."""
    return link_key(project_key, "id", value)


def trace_key(project_key: uuid.UUID, trace_id: str, span_id: str) -> uuid.UUID:
    """The key of a trace. An event, which is in no trace, has one of its own; `span_id` stands for it."""
    return alias_key(project_key, trace_id or f"event {span_id}")


def _encode(text: str) -> bytes:
    return text.encode("utf-8", "surrogatepass")
