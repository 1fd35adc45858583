"""What both encodings of OTLP share: problems of a span or log record, ids, and how an item is written."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import Any

import orjson

from sessions_app.records import WireFormatError

TRACE_ID_BYTES, SPAN_ID_BYTES = 16, 8
# Attribute values that are nested deeper are kept unread.
MAX_DEPTH = 32
MOST_PROBLEMS = 20
SHOWN_CHARS = 60
PATH_CHARS = 120
# Resource and scope are written with each of their spans, so their size is limited.
MOST_HEAD_BYTES = 64 * 2**10
MAX_NANOS = 2**64 - 1
_HEX = re.compile(r"[0-9a-f]+")
_SURROGATES = re.compile("[\ud800-\udfff]")

Plain = dict[str, Any]


@dataclass(slots=True)
class Problems:
    """What could not be read as it was meant, as texts for the page. The first few are kept, the others counted."""

    texts: list[str] = field(default_factory=list)
    left_out: int = 0

    def note(self, path: str, what: str) -> None:
        if len(self.texts) < MOST_PROBLEMS:
            self.texts.append(f"{path[:PATH_CHARS]}: {what}")
        else:
            self.left_out += 1

    def listed(self) -> list[str]:
        return [*self.texts, f"and {self.left_out:,} more"] if self.left_out else list(self.texts)


@dataclass(frozen=True, slots=True)
class ScopeGroup:
    """What all spans of one scope share: resource and scope as JSON, and their problems, which each span lists.

    `scope` and `service` are the names, `session` is the resource's.
    """

    head: bytes
    problems: list[str]
    scope: str = ""
    service: str = ""
    session: str = ""


def scope_group(resource: Plain, scope: Plain, problems: Problems) -> ScopeGroup:
    """`resource` has `attributes`; `scope` has `name` and `version`."""
    texts = [f'"resource":{_head(resource, "resource", problems)}', f'"scope":{_head(scope, "scope", problems)}']
    named = resource.get("attributes")
    found = named if isinstance(named, dict) else {}
    names = (scope.get("name"), found.get("service.name"), found.get("session.id"))
    return ScopeGroup(
        f"{{{','.join(texts)},".encode(), problems.listed(), *(name if isinstance(name, str) else "" for name in names)
    )


def _head(value: Plain, path: str, problems: Problems) -> str:
    written = dumps(value, problems)
    if len(written) > MOST_HEAD_BYTES:
        problems.note(path, f"{len(written):,} bytes are too many to keep with each span: large values are left out")
        written = dumps({key: _small(item) for key, item in value.items()}, problems)
    return written.decode()


def _small(value: Any) -> Any:
    """A value of a resource without its large values; at most 200 attributes."""
    if isinstance(value, dict):
        return {name[:200]: _small_leaf(item) for name, item in list(value.items())[:200]}
    return _small_leaf(value)


def _small_leaf(value: Any) -> Any:
    size = len(orjson.dumps(value))
    return value if size <= 300 else f"({size:,} bytes)"


def write_item(group: ScopeGroup, member: str, record: Plain, problems: Problems) -> bytes:
    """The item's JSON: `{"resource", "scope", <member>, "problems"?}`."""
    written = dumps(record, problems)
    texts = [*group.problems, *problems.listed()]
    tail = b',"problems":' + orjson.dumps(texts) if texts else b""
    return b'%s"%s":%s%s}' % (group.head, member.encode(), written, tail)


def dumps(value: Any, problems: Problems) -> bytes:
    """JSON bytes. Only texts from JSON can have lone surrogates, which UTF-8 cannot express."""
    try:
        return orjson.dumps(value)
    except TypeError:
        problems.note("text", "lone surrogates are shown as U+FFFD")
        return orjson.dumps(_without_surrogates(value))


def _without_surrogates(value: Any) -> Any:
    if isinstance(value, str):
        return _SURROGATES.sub("\ufffd", value)
    if isinstance(value, dict):
        return {_without_surrogates(key): _without_surrogates(item) for key, item in value.items()}
    return [_without_surrogates(item) for item in value] if isinstance(value, list) else value


# --- ids ------------------------------------------------------------------------------------------------------------


def is_id(text: str, size: int) -> bool:
    """Whether a text is the lowercase hex of an id of `size` bytes. Zeros alone are no id (OTLP 1.x, trace.proto)."""
    return len(text) == 2 * size and _HEX.fullmatch(text) is not None and text.strip("0") != ""


def valid_or_empty(text: str, size: int, path: str, problems: Problems) -> str:
    """An id that may be missing: "" when it is, and when it is no id, which is then noted as a problem."""
    if is_id(text, size):
        return text
    if text.strip("0"):
        problems.note(path, f"{text[:SHOWN_CHARS]!r} is no id of {size} bytes and is left out")
    return ""


def error_of_ids(trace_id: str, span_id: str) -> WireFormatError | None:
    """Why a span with these ids cannot be stored; None when it can."""
    for name, text, size in (("traceId", trace_id, TRACE_ID_BYTES), ("spanId", span_id, SPAN_ID_BYTES)):
        if not is_id(text, size):
            given = "nothing" if not text else f"{text[:SHOWN_CHARS]!r}" if text.strip("0") else "zeros alone"
            message = f"span.{name} must be an id of {size} bytes that are not all zero, got {given}"
            return WireFormatError(message, type="invalid_id", field=f"span.{name}")
    return None
