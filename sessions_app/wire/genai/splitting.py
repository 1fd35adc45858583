"""The document that is stored of an item: the item itself, with messages and other large values cut out."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from sessions_app.content.documents import PartKind, SplitDocument
from sessions_app.content.json_bytes import JsonBytes, array_items, kind_of, object_fields
from sessions_app.content.splitting import LARGE_VALUE_BYTES, Splitter
from sessions_app.wire.genai.cutting import UNFOLDED, Attributes, OrderedSplitter, written_unfolded
from sessions_app.wire.genai.reader import INPUT, OUTPUT, SYSTEM, TOOLS, Cutter
from sessions_app.wire.genai.readers import read_content
from sessions_app.wire.genai.span import Span, event_name
from sessions_app.wire.genai.unfolding import written


@dataclass(slots=True)
class _SplitRecord:
    """A span, event or log record while it is cut: its members, and its attributes and body."""

    members: dict[str, JsonBytes]
    name: str = ""
    attributes: Attributes | None = None
    body: Attributes | None = None
    events: list[_SplitRecord] = field(default_factory=list)


def split(plain: Splitter, span: Span, raw: JsonBytes) -> SplitDocument:
    """Cut an item into parts; `raw` is its JSON."""
    splitter = OrderedSplitter(plain)
    top = object_fields(raw)
    parts: dict[str, Any] = {}
    if span.has_span:
        parts["span"] = _part(splitter, span, span.span, top["span"])
    log_raws = _log_raws(top)
    logs = [_part(splitter, span, log, log_raw) for log, log_raw in zip(span.logs, log_raws, strict=False)]
    own = parts["span"].attributes if parts else None
    cutter = Cutter(own or Attributes(splitter, {}, {}, span.problem))
    cutter.events = [
        (event.name, event.attributes) for event in (parts["span"].events if parts else ()) if event.attributes
    ]
    cutter.logs = [(log.name, log.attributes, log.body) for log in logs if log.attributes]
    content = read_content(span)
    for role in (SYSTEM, INPUT, TOOLS, OUTPUT):
        if role in content:
            content[role](cutter)
    return splitter.finish(_written(splitter, top, parts.get("span"), logs))


def _log_raws(top: dict[str, JsonBytes]) -> list[JsonBytes]:
    found = [top["log"]] if "log" in top and kind_of(top["log"]) == "object" else []
    if "logs" in top and kind_of(top["logs"]) == "array":
        found += [raw for raw in array_items(top["logs"]) if kind_of(raw) == "object"]
    return found


def _part(splitter: OrderedSplitter, span: Span, value: dict[str, Any], raw: JsonBytes) -> _SplitRecord:
    part = _SplitRecord(object_fields(raw), event_name(value))
    part.attributes = _attributes(splitter, span, value, part.members, "attributes")
    part.body = _attributes(splitter, span, value, part.members, "body") if "body" in part.members else None
    events = part.members.get("events")
    if events is not None and span.events and kind_of(events) == "array":
        raws = array_items(events)
        if all(kind_of(item) == "object" for item in raws):
            part.events = [_part(splitter, span, e, r) for e, r in zip(span.events, raws, strict=True)]
    return part


def _attributes(
    splitter: OrderedSplitter, span: Span, value: dict[str, Any], raws: dict[str, JsonBytes], name: str
) -> Attributes | None:
    values = value.get(name)
    if not isinstance(values, dict):
        return None
    return Attributes(splitter, values, object_fields(raws[name]), span.problem)


def _written(
    splitter: OrderedSplitter, top: dict[str, JsonBytes], span: _SplitRecord | None, logs: list[_SplitRecord]
) -> bytes:
    """The item's skeleton. A large resource becomes a part, because all spans of a process share it."""
    found: dict[str, bytes] = {}
    remaining = iter(logs)
    for name, raw in top.items():
        if name == "span" and span is not None:
            found[name] = _written_part(splitter, span)
        elif name == "log" and kind_of(raw) == "object":
            found[name] = _written_part(splitter, next(remaining))
        elif name == "logs" and kind_of(raw) == "array":
            found[name] = b"[" + b",".join([_written_part(splitter, log) for log in remaining]) + b"]"
        else:
            found[name] = _kept(splitter, raw)
    return written(found)


def _written_part(splitter: OrderedSplitter, part: _SplitRecord) -> bytes:
    found: dict[str, bytes] = {}
    for name, raw in part.members.items():
        attributes = {"attributes": part.attributes, "body": part.body}.get(name)
        if attributes is not None:
            attributes.rest()
            found[name] = attributes.object()
            if attributes.unfolded:
                found[UNFOLDED if name == "attributes" else f"{UNFOLDED}Body"] = written_unfolded(attributes.unfolded)
        elif name == "events" and part.events:
            found[name] = b"[" + b",".join([_written_part(splitter, event) for event in part.events]) + b"]"
        else:
            found[name] = _kept(splitter, raw)
    return written(found)


def _kept(splitter: OrderedSplitter, raw: JsonBytes) -> bytes:
    if len(raw) < LARGE_VALUE_BYTES or kind_of(raw) == "null":
        return bytes(raw)
    return splitter.item("c", raw, PartKind.OTHER)
