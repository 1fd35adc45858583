"""The state of an agent as LangGraph and others return it: `{"messages": [...]}`, those of the request among them.

The messages that it added are the answer. As a stream it comes as one state after another, or as what each node of the
graph added: `{"agent": {"messages": [...]}}`.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial

from sessions_app.content.canonical import pieces_of
from sessions_app.content.documents import PartKind, PartList
from sessions_app.content.json_bytes import JsonBytes, array_items, kind_of, object_fields
from sessions_app.content.messages import read_message
from sessions_app.content.splitting import Splitter
from sessions_app.wire.members import Fields, are_messages

MESSAGES = "messages"
# Longer histories are not compared with the request. What follows the user's last message is the answer.
_MOST_COMPARED = 1_000


@dataclass(frozen=True, slots=True)
class AgentState:
    """The messages of a state: what was there before, and what was added."""

    before: list[JsonBytes]
    added: list[JsonBytes]

    def write(self, splitter: Splitter) -> bytes:
        """Cut them: those that were added are the output."""
        written = [splitter.rest(item) for item in self.before]
        written += [splitter.item("o", item, PartKind.MESSAGE) for item in self.added]
        return b"[" + b",".join(written) + b"]"


def is_state(fields: Fields) -> bool:
    """Whether a body is the state of an agent."""
    return MESSAGES in fields and kind_of(fields[MESSAGES]) == "array" and are_messages(fields[MESSAGES])


def is_update(fields: Fields) -> bool:
    """Whether a body says what some nodes of a graph added."""
    held = [raw for raw in fields.values() if kind_of(raw) != "null"]
    return bool(held) and all(kind_of(raw) == "object" for raw in held) and any(map(_has_messages, held))


def _has_messages(raw: JsonBytes) -> bool:
    return b'"messages"' in bytes(raw) and _holds_messages(object_fields(raw))


def _holds_messages(fields: Fields) -> bool:
    return is_state(fields) or (
        kind_of(fields.get(MESSAGES, b"null")) == "object" and are_messages(b"[%s]" % fields[MESSAGES])
    )


def write_update(splitter: Splitter, fields: Fields) -> bytes:
    """Cut what nodes added: their messages are the output."""

    def node(raw: JsonBytes) -> bytes:
        inner = object_fields(raw)
        items = partial(splitter.items, "o", kind=PartKind.MESSAGE)
        return splitter.object(inner, {MESSAGES: items} if _holds_messages(inner) else {}, 1)

    return splitter.object(fields, {name: node for name, raw in fields.items() if kind_of(raw) == "object"}, 0)


def write_stream(splitter: Splitter, raw: JsonBytes) -> bytes | None:
    """Cut a list of states, of which the last one counts, or of updates; None for any other list."""
    items = array_items(raw) if b'"messages"' in bytes(raw) else []
    if not items or any(kind_of(item) != "object" for item in items):
        return None
    bodies = [object_fields(item) for item in items]
    if len(items) > 1 and all(map(is_state, bodies)):
        state = state_of(bodies[-1], splitter.document.input)
        last = splitter.object(bodies[-1], {MESSAGES: lambda _: state.write(splitter)}, 0)
        return b"[" + b",".join([*map(splitter.rest, items[:-1]), last]) + b"]"
    if not all(is_update(body) or all(name.startswith("__") for name in body) for body in bodies):
        # Beside the updates stand interrupts.
        return None
    return b"[" + b",".join([write_update(splitter, body) for body in bodies]) + b"]"


def state_of(fields: Fields, asked: PartList) -> AgentState:
    """The messages of a state. `asked`: those of the request."""
    items = array_items(fields[MESSAGES])
    start = _after_request(items, asked)
    start = _after_user(items) if start is None else start
    return AgentState(items[:start], items[start:])


def _after_request(items: list[JsonBytes], asked: PartList) -> int | None:
    """The number of the request's messages, if the list begins with them."""
    count = len(asked)
    if not 0 < count <= min(len(items), _MOST_COMPARED):
        return None
    return count if all(_is_same(items[n], asked.content(n)) for n in range(count)) else None


def _is_same(one: JsonBytes, other: JsonBytes) -> bool:
    if bytes(one) == bytes(other):
        return True
    first, second = read_message(one), read_message(other)
    return first.role == second.role and pieces_of(first, with_ids=False) == pieces_of(second, with_ids=False)


def _after_user(items: list[JsonBytes]) -> int:
    for index in range(len(items) - 1, -1, -1):
        if read_message(items[index]).role in ("user", "system"):
            return index + 1
    return 0
