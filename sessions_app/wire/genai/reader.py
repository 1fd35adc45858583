"""What the readers of all conventions share: the fields that they give, and how messages are found and cut."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

from sessions_app.content.documents import PartKind
from sessions_app.wire.genai.cutting import Attributes
from sessions_app.wire.genai.span import Span
from sessions_app.wire.usage import USAGE_MEMBERS

# Fields by name: `model`, `input_tokens`, ... A reader leaves out what it does not know.
Fields = dict[str, Any]


class Cutter:
    """A span while it is cut: its own attributes, and by event name those of its events and log records.

    If the body of a log record is an object, it is cut like attributes.
    """

    def __init__(self, own: Attributes) -> None:
        self.own = own
        self.events: list[tuple[str, Attributes]] = []
        self.logs: list[tuple[str, Attributes, Attributes | None]] = []

    def cut_everywhere(self, name: str, letter: str, kind: PartKind) -> None:
        """Cut an attribute of the span; if the span does not have it, that of its first log record or event with it."""
        if found := self.holder(name):
            found.cut(name, letter, kind)

    def holder(self, name: str) -> Attributes | None:
        """The attributes of the span, of a log record or of an event: the first that have this one."""
        places = (self.own, *(log[1] for log in self.logs), *(event[1] for event in self.events))
        return next((attributes for attributes in places if name in attributes.raws), None)

    def message_events(self) -> Iterator[tuple[str, Attributes, bool]]:
        """Name and members of each event and log record, and whether the members are a log record's body."""
        for name, attributes, body in self.logs:
            yield name, body or attributes, body is not None
        for name, attributes in self.events:
            yield name, attributes, False


Cut = Callable[[Cutter], None]
# How content is cut, by role: `system`, `input`, `tools`, `output`.
Content = dict[str, Cut]

COUNTS = USAGE_MEMBERS

SYSTEM, INPUT, TOOLS, OUTPUT = "system", "input", "tools", "output"
LETTERS = {INPUT: "i", OUTPUT: "o", SYSTEM: "c", TOOLS: "c"}
KINDS = {INPUT: PartKind.MESSAGE, OUTPUT: PartKind.MESSAGE, SYSTEM: PartKind.SYSTEM, TOOLS: PartKind.TOOL}


def given(**values: Any) -> Fields:
    """The fields that have a value."""
    return {name: value for name, value in values.items() if value is not None and value != "" and value != {}}


def attribute(role: str, name: str) -> Cut:
    """How to cut content that is in one attribute."""
    return lambda cutter: cutter.own.cut(name, LETTERS[role], KINDS[role])


def attributes(span: Span, **names: str | tuple[str, ...]) -> Content:
    """For each role, how to cut the first of these attributes that the span has."""
    found: Content = {}
    for role, candidates in names.items():
        for name in (candidates,) if isinstance(candidates, str) else candidates:
            if span.attributes.get(name) not in (None, ""):
                found[role] = attribute(role, name)
                break
    return found
