"""What the rules of findings look at: requests without content, their profiles, and which call a result answers."""

from __future__ import annotations

import uuid
from collections import Counter, defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from functools import cached_property
from typing import Protocol

from sessions_app.structure.profiles import Profile
from sessions_app.structure.timeline import Structure

# A branch knows so many calls before it.
MOST_INHERITED = 100

# The first request of a conversation, and that of a branch of it.
Thread = tuple[int, int | None]


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
    """A tool call of a request's answer. `place`: its number among all calls of its thread. `content`: the hash of what
    came back; None if that is not known. `since`: the place from which on its thread called this tool only.
    """

    index: int
    tool: int
    call: int
    place: int
    since: int
    content: int | None = None
    chars: int = 0


@dataclass(slots=True)
class CallThread:
    """Those calls of a thread that were made more than once in the session. `count`: how many calls it has in all.

    The calls before `own` are the last ones of the thread that it continues as a branch.
    """

    calls: list[Called]
    own: int
    count: int
    tool: int | None = None
    since: int = 0


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

    def thread(self, index: int) -> Thread:
        """Which conversation a request is in, and which branch of it: requests of one thread follow each other."""
        return self.roots[index], self.structure.branch_of[index]

    @cached_property
    def threads(self) -> list[CallThread]:
        """The tool calls of each thread in order, with their results; only those that were made more than once."""
        made = Counter(call.call for profile in self.profiles if profile for call in profile.calls)
        repeated = {call for call, count in made.items() if count > 1}
        found: dict[Thread, CallThread] = {}
        waiting: dict[tuple[int, int], list[Called]] = defaultdict(list)
        for index, profile in enumerate(self.profiles) if repeated else ():
            if profile is None:
                continue
            root = self.roots[index]
            for result in profile.results:
                # Other branches and attempts bring the same result: only the first one counts.
                if result.call in repeated and (asked := waiting.get((root, result.call))):
                    called = asked.pop(0)
                    called.content, called.chars = result.content, result.chars
            if profile.calls:
                thread = self._thread_of_calls(index, found)
                for call in profile.calls:
                    if call.tool != thread.tool:
                        thread.tool, thread.since = call.tool, thread.count
                    if call.call in repeated:
                        called = Called(index, call.tool, call.call, thread.count, thread.since)
                        waiting[root, call.call].append(called)
                        thread.calls.append(called)
                    thread.count += 1
        return list(found.values())

    def _thread_of_calls(self, index: int, found: dict[Thread, CallThread]) -> CallThread:
        thread = self.thread(index)
        if thread not in found:
            before = found.get(self.thread_before(thread))
            inherited = before.calls[-MOST_INHERITED:] if before else []
            found[thread] = CallThread(inherited, len(inherited), before.count if before else 0)
        return found[thread]

    def thread_before(self, thread: Thread) -> Thread:
        """The thread that a branch continues; the thread itself if it is no branch."""
        _, branch = thread
        parent = self.structure.parents[branch] if branch is not None else None
        return self.thread(parent.index) if parent else thread


def requests_of(calls: Sequence[Called]) -> tuple[int, ...]:
    """The requests that made these calls, in order."""
    return tuple(sorted({called.index for called in calls}))


def key_of_requests(rows: Sequence[FindingRow], indices: Sequence[int]) -> str:
    """A key for findings that are about single requests: what of the first one's id stays when sessions become one."""
    return rows[indices[0]].id.bytes[8:].hex()
