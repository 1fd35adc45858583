"""What the rules of findings look at: requests without content, their profiles, and which call a result answers."""

from __future__ import annotations

import uuid
from collections import defaultdict, deque
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from decimal import Decimal
from functools import cached_property
from typing import Protocol
from zlib import crc32

from sessions_app.structure.profiles import Profile
from sessions_app.structure.timeline import Structure

# A branch knows so many calls before it.
MOST_INHERITED = 100


class FindingRow(Protocol):
    """What must be known of a request."""

    @property
    def id(self) -> uuid.UUID: ...
    @property
    def model(self) -> str: ...
    @property
    def status(self) -> str: ...
    @property
    def http_status(self) -> int | None: ...
    @property
    def error_type(self) -> str: ...
    @property
    def finish_reason(self) -> str: ...
    @property
    def input_tokens(self) -> int | None: ...
    @property
    def cost(self) -> Decimal | None: ...
    @property
    def tool_failures(self) -> tuple[int, ...]: ...
    @property
    def failed_tools(self) -> Sequence[str]: ...


@dataclass(frozen=True, slots=True)
class Finding:
    """Something in a session that is worth a look. `key`: what it is about, as each rule says.

    `evidence`: indices of the requests that show it, in order. `costly`: those of them whose cost is its share.
    `tools`: hashes of the names of tools. What `count` and `size` are, the rule says.
    """

    rule: str
    key: str
    evidence: tuple[int, ...]
    costly: tuple[int, ...]
    count: int
    size: int = 0
    tools: tuple[int, ...] = ()


@dataclass(slots=True)
class Called:
    """A tool call of a request's answer. `content`: the hash of what came back; None if that is not known."""

    index: int
    tool: int
    call: int
    content: int | None = None
    chars: int = 0


@dataclass(slots=True)
class CallThread:
    """The calls of a thread. Those before `own` are the last ones of the thread that it continues as a branch."""

    calls: list[Called]
    own: int


@dataclass
class KnownSession:
    """A session: its requests in order, for each its profile and its model's context window (None: not known)."""

    rows: Sequence[FindingRow]
    profiles: Sequence[Profile | None]
    windows: Sequence[int | None]
    structure: Structure

    @cached_property
    def roots(self) -> list[int]:
        """For each request the first one of its conversation. A sub-agent has its own."""
        found: list[int] = []
        for index, parent in enumerate(self.structure.parents):
            found.append(found[parent.index] if parent and parent.index < index else index)
        return found

    def thread(self, index: int) -> tuple[int, int | None]:
        """Which conversation a request is in, and which branch of it: requests of one thread follow each other."""
        return self.roots[index], self.structure.branch_of[index]

    @cached_property
    def threads(self) -> list[CallThread]:
        """The tool calls of each thread in order, with their results."""
        found: dict[tuple[int, int | None], CallThread] = {}
        for called in self._calls():
            thread = self.thread(called.index)
            if thread not in found:
                before = found.get(self.thread_before(thread))
                inherited = before.calls[-MOST_INHERITED:] if before else []
                found[thread] = CallThread(inherited, len(inherited))
            found[thread].calls.append(called)
        return list(found.values())

    def thread_before(self, thread: tuple[int, int | None]) -> tuple[int, int | None]:
        """The thread that a branch continues; the thread itself if it is no branch."""
        _, branch = thread
        parent = self.structure.parents[branch] if branch is not None else None
        return self.thread(parent.index) if parent else thread

    def _calls(self) -> Iterator[Called]:
        waiting: dict[tuple[int, int], deque[Called]] = defaultdict(deque)
        made = []
        for index, profile in enumerate(self.profiles):
            if profile is None:
                continue
            root = self.roots[index]
            for result in profile.results:
                # Other branches and attempts bring the same result: only the first one counts.
                if result.call and (asked := waiting.get((root, result.call))):
                    called = asked.popleft()
                    called.content, called.chars = result.content, result.chars
            for call in profile.calls:
                called = Called(index, call.tool, call.call)
                waiting[root, call.call].append(called)
                made.append(called)
        yield from made


def requests_of(calls: Sequence[Called]) -> tuple[int, ...]:
    """The requests that made these calls, in order."""
    return tuple(sorted({called.index for called in calls}))


def name_hash(name: str) -> int:
    """The hash of a tool's name in a profile."""
    return crc32(name.encode("utf-8", "surrogatepass"))


def key_of_requests(rows: Sequence[FindingRow], indices: Sequence[int]) -> str:
    """A key for findings that are about single requests: what of the first one's id stays when sessions become one."""
    return rows[indices[0]].id.bytes[8:].hex()
