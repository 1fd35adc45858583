"""Which request of a session first brought a tool result that failed. Later requests repeat it with their history."""

from __future__ import annotations

import uuid
from collections.abc import Iterable
from typing import Protocol


class BringsResults(Protocol):
    """What must be known of a request. The last bit of a key tells whether a result only looks failed."""

    @property
    def id(self) -> uuid.UUID: ...
    @property
    def tool_failures(self) -> tuple[int, ...]: ...


def new_failures(lines: Iterable[BringsResults]) -> dict[uuid.UUID, int]:
    """How many failed results each of these requests was the first to bring, of those that did, in their order."""
    seen: set[int] = set()
    found: dict[uuid.UUID, int] = {}
    last: tuple[int, ...] = ()
    for line in lines:
        if line.tool_failures == last:
            # Most bring nothing new, and comparing is quicker than looking.
            continue
        last = line.tool_failures
        new = {key >> 1 for key in last} - seen
        if new:
            seen |= new
            found[line.id] = len(new)
    return found
