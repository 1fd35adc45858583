"""The logs of a body that is JSON."""

from __future__ import annotations

from dataclasses import dataclass

from sessions_app.content.json_bytes import DocumentError, JsonBytes, kind_of, loads, object_fields
from sessions_app.records import WireFormatError


@dataclass(slots=True)
class JsonItem:
    """One log of a body: its exact bytes, or why they are no JSON."""

    raw: JsonBytes
    error: WireFormatError | None = None


def lines_of(body: bytes) -> list[JsonItem]:
    """The lines of an NDJSON body; a line that is no JSON is an item with its error. Raises WireFormatError for no
    lines.
    """
    items = []
    for line in body.split(b"\n"):
        line = line.strip()
        if not line:
            continue
        try:
            # Reading the members checks the whole line, nested values included.
            object_fields(line) if kind_of(line) == "object" else loads(line)
            items.append(JsonItem(line))
        except DocumentError as error:
            items.append(JsonItem(line, WireFormatError(str(error), type="not_json")))
    if not items:
        raise WireFormatError("the body is empty: send one JSON object a line", type="not_json", status=400)
    return items
