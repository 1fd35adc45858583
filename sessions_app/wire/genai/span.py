"""One span, or the log records of one, as the conventions' readers see it. Nothing here raises for odd values."""

from __future__ import annotations

import json
import math
import re
from functools import cached_property
from typing import Any

import orjson

from sessions_app.wire.fields import MAX_COUNT
from sessions_app.wire.genai.broken_json import mended
from sessions_app.wire.genai.events import DETAILS, KEYS, Event, name_of, prefix_of

STATUS_ERROR = 2
# A list that is spread over many attributes: `<prefix>.<index>.<rest>`.
_INDEXED = re.compile(
    r"(llm\.(?:input_messages|output_messages|tools|prompts|choices|request\.functions)|gen_ai\.(?:prompt|completion|tool)"
    r"|embedding\.embeddings|retrieval\.documents|reranker\.(?:input|output)_documents)"
    r"\.(0|[1-9][0-9]{0,6})(?:\.(.*))?",
    re.DOTALL,
).fullmatch
_BEGINNINGS = frozenset({"llm.", "gen_", "embe", "retr", "rera"})
MOST_PROBLEMS = 30

Attributes = dict[str, Any]


# Such a list: by index, what follows the index in the name, and the value.
IndexedList = dict[int, dict[str, Any]]


class Span:
    """A span's attributes and events. Reading one notes a problem if it is of an odd kind."""

    def __init__(self, item: dict[str, Any]) -> None:
        span = item.get("span")
        self.has_span = isinstance(span, dict)
        self.span: dict[str, Any] = span if isinstance(span, dict) else {}
        self.logs: list[dict[str, Any]] = logs_of(item)
        self.resource = _object(_object(item.get("resource")).get("attributes"))
        self.scope = _text(_object(item.get("scope")).get("name"))
        self.name = _text(self.span.get("name"))
        self.status = _object(self.span.get("status"))
        events = self.span.get("events")
        self.events = [event for event in events if isinstance(event, dict)] if isinstance(events, list) else []
        self.problems = [text for text in item.get("problems") or () if isinstance(text, str)]
        # What the log records are that stand for a call or step themselves; None for a span and what joins one.
        self.logged = _event_of(self)
        self.attributes = self._attributes()
        # The kind is found by the attributes (`kinds.py`) and set before the readers are asked.
        self.kind = "other"

    def _attributes(self) -> Attributes:
        own = _object(self.span.get("attributes"))
        if self.logged is not None:
            for log in reversed(self.logs):
                own = own | _object(log.get("attributes"))
            return own
        if not self.logs and not any(event.get("name") == DETAILS_EVENT for event in self.events):
            return own
        # Messages may come in events of the span or in log records. If names are equal, the span's own attributes
        # count.
        found = [event for event in (*self.logs, *self.events) if event_name(event) == DETAILS_EVENT]
        merged: Attributes = {}
        for event in reversed(found):
            merged |= _object(event.get("attributes"))
        return merged | own

    def problem(self, text: str) -> None:
        if len(self.problems) < MOST_PROBLEMS and text not in self.problems:
            self.problems.append(text)

    # --- single attributes ------------------------------------------------------------------------------------------

    def text(self, *names: str) -> str:
        """The first of these attributes that is a text and not empty. Numbers count as texts, objects do not."""
        for name in names:
            value = self.attributes.get(name)
            if value is None or value == "":
                continue
            if isinstance(value, str):
                return value
            if isinstance(value, (int, float)):
                return json.dumps(value)
            self.problem(f"{name} is not a text")
        return ""

    def quoted(self, *names: str) -> str:
        """Like `text`, of attributes whose texts may be JSON strings (`"\\"abc\\""`)."""
        for name in names:
            text = self.text(name)
            if text.startswith('"'):
                value = _loads(text)
                text = value if isinstance(value, str) else text
            if text and text != "null":
                return text
        return ""

    def count(self, *names: str) -> int | None:
        """The first of these attributes that is a whole number from 0 to 2**53. Texts of digits and 3.0 count too."""
        for name in names:
            value = self.attributes.get(name)
            if value is None or value == "":
                continue
            count = whole_number(value)
            if count is not None:
                return count
            self.problem(f"{name} is not a whole number")
        return None

    def number(self, *names: str) -> float | None:
        """The first of these attributes that is a finite number and not negative."""
        for name in names:
            value = self.attributes.get(name)
            if value is None or value == "":
                continue
            number = _number(value)
            if number is not None and number >= 0:
                return number
            self.problem(f"{name} is not a number, or is negative")
        return None

    def json(self, name: str) -> Any:
        """An attribute, decoded if it is a JSON text; None for other texts."""
        value = self.attributes.get(name)
        if not isinstance(value, str):
            return value
        if value[:1] not in ("{", "[", '"'):
            return None
        decoded = _loads(value)
        if decoded is None and value[:1] != '"':
            decoded, problem = mended(name, value)
            if problem:
                self.problem(problem)
        return decoded

    def object(self, name: str) -> dict[str, Any]:
        return _object(self.json(name))

    def has(self, *names: str) -> bool:
        return any(self.attributes.get(name) not in (None, "", [], {}) for name in names)

    @cached_property
    def groups(self) -> dict[str, IndexedList]:
        """The lists that are spread over many attributes, by their prefix."""
        groups: dict[str, IndexedList] = {}
        for name, value in self.attributes.items():
            found = _INDEXED(name) if name[:4] in _BEGINNINGS else None
            if found:
                group = groups.setdefault(found[1], {})
                group.setdefault(int(found[2]), {})[found[3] or ""] = value
        return groups

    def group(self, prefix: str) -> IndexedList:
        return self.groups.get(prefix, {})

    def event(self, *names: str) -> dict[str, Any]:
        """The first event with one of these names."""
        return next((event for event in self.events if event.get("name") in names), {})

    def own(self, name: str) -> dict[str, Any]:
        """The attributes of the first event with this name."""
        return _object(self.event(name).get("attributes"))


# OpenLLMetry's spans of vector databases have one event for each document that was found.
RESULT_EVENT = "db.query.result"
DETAILS_EVENT = DETAILS


def logs_of(item: dict[str, Any]) -> list[dict[str, Any]]:
    """All log records of an item."""
    more = item.get("logs")
    records = [item.get("log"), *(more if isinstance(more, list) else ())]
    return [record for record in records if isinstance(record, dict)]


def event_name(event: dict[str, Any]) -> str:
    """The name of a span event or a log record."""
    attribute = _object(event.get("attributes")).get("event.name") if "name" not in event else None
    return name_of(event.get("eventName") or event.get("name"), attribute, event.get("body"))


def _event_of(span: Span) -> Event | None:
    if span.has_span or not span.logs:
        return None
    first = span.logs[0]
    attributes = _object(first.get("attributes"))
    names = (first.get("eventName"), attributes.get("event.name"), first.get("body"))
    session = span.resource.get("session.id")
    told = {"session.id": session} if isinstance(session, str) and session else {}
    service = _text(span.resource.get("service.name"))
    told |= {name: attributes[name] for name in KEYS & attributes.keys()}
    event = Event(name_of(*names, prefix_of(span.scope, service)), told)
    return None if event.joins_span and first.get("spanId") else event


def whole_number(value: Any) -> int | None:
    number = _number(value)
    if number is None or not number.is_integer() or not 0 <= number <= MAX_COUNT:
        return None
    return int(number)


def _number(value: Any) -> float | None:
    if isinstance(value, bool) or not isinstance(value, (int, float, str)):
        return None
    try:
        number = float(value[:40] if isinstance(value, str) else value)
    except (ValueError, OverflowError):
        return None
    return number if math.isfinite(number) else None


def _loads(text: str) -> Any:
    try:
        return orjson.loads(text)
    except (ValueError, RecursionError):
        pass
    try:
        # Python writes NaN and Infinity.
        return json.loads(text)
    except (ValueError, RecursionError):
        return None


def _object(value: Any) -> dict[str, Any]:
    return value if isinstance(value, dict) else {}


def _text(value: Any) -> str:
    return value if isinstance(value, str) else ""
