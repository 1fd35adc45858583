"""Give back a span exactly as it came, from the document that is stored. See `cutting.py`."""

from __future__ import annotations

from typing import Any

from sessions_app.content.json_bytes import JsonBytes, array_items, kind_of, loads, object_fields
from sessions_app.wire.genai.cutting import UNFOLDED
from sessions_app.wire.genai.indexed import DIALECTS
from sessions_app.wire.genai.unfolding import as_text, closed, dumps, written

ClosedRaws = dict[str, bytes]


def item_bytes(log: bytes) -> bytes:
    """The item from which this document was made. An item that was never cut is returned as it is."""
    members = {name: bytes(raw) for name, raw in object_fields(log).items()}
    for name in ("span", "log"):
        if name in members and kind_of(members[name]) == "object":
            members[name] = _record(members[name])
    if "logs" in members and kind_of(members["logs"]) == "array":
        members["logs"] = _list(members["logs"])
    return written(members)


def _list(raw: JsonBytes) -> bytes:
    return b"[" + b",".join([_record(item) for item in array_items(raw)]) + b"]"


def _record(raw: JsonBytes) -> bytes:
    """A span, an event or a log record."""
    if kind_of(raw) != "object":
        return bytes(raw)
    members = {name: bytes(value) for name, value in object_fields(raw).items()}
    unfolded = _decoded(members.pop(UNFOLDED, b"{}"))
    unfolded_body = _decoded(members.pop(UNFOLDED + "Body", b"{}"))
    if unfolded and kind_of(members.get("attributes", b"null")) == "object":
        members["attributes"] = _attributes(members["attributes"], unfolded)
    if unfolded_body and kind_of(members.get("body", b"null")) == "object":
        members["body"] = _attributes(members["body"], unfolded_body)
    if kind_of(members.get("events", b"null")) == "array":
        members["events"] = _list(members["events"])
    return written(members)


def _decoded(raw: bytes) -> dict[str, Any]:
    value = loads(raw)
    return value if isinstance(value, dict) else {}


def _attributes(raw: bytes, unfolded: dict[str, Any]) -> bytes:
    found: ClosedRaws = {}
    for name, value in object_fields(raw).items():
        how = unfolded.get(name)
        found |= {name: bytes(value)} if how is None else _closed_attribute(name, value, how)
    return written(found)


def _closed_attribute(name: str, raw: JsonBytes, how: Any) -> ClosedRaws:
    """The attributes from which one was made."""
    if isinstance(how, int):
        return {name: as_text(closed(raw, how))}
    if how == "texts":
        return {name: b"[" + b",".join([as_text(bytes(item)) for item in array_items(raw)]) + b"]"}
    if isinstance(how, str):
        return {name: dumps(how)}
    if isinstance(how, dict):
        return _decomposed(raw, how)
    dialect, run = how
    items = array_items(raw)
    indexes = range(run, run + len(items)) if isinstance(run, int) else run
    found: ClosedRaws = {}
    for index, item in zip(indexes, items, strict=True):
        for rest, value in _spread(dialect, item).items():
            found[f"{name}.{index}.{rest}" if rest else f"{name}.{index}"] = value
    return found


def _decomposed(raw: JsonBytes, styles: dict[str, list[Any]]) -> ClosedRaws:
    members = object_fields(raw)
    return {
        source: as_text(closed(members[member], style)) if style else bytes(members[member])
        for source, (member, style) in styles.items()
    }


def _spread(dialect: str, raw: JsonBytes) -> ClosedRaws:
    if dialect == "schema":
        return {"tool.json_schema": as_text(bytes(raw))}
    if dialect == "function":
        function = object_fields(object_fields(raw)["function"])
        parameters = function.get("parameters")
        rest = {name: bytes(value) for name, value in function.items()}
        if parameters is not None and kind_of(parameters) != "string":
            rest["parameters"] = as_text(bytes(parameters))
        return rest
    return {name: dumps(value) for name, value in DIALECTS[dialect].spread(loads(raw)).items()}
