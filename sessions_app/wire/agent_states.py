"""The state of an agent as LangGraph and others return it: `{"messages": [...]}`, those of the request among them.

The messages that it added are the answer.
"""

from __future__ import annotations

from dataclasses import dataclass

from sessions_app.content.canonical import pieces_of
from sessions_app.content.documents import PartKind, PartList
from sessions_app.content.json_bytes import JsonBytes, array_items, kind_of
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
