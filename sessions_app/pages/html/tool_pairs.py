"""Which tool call, result and execution belong together. `pages.thread.pairing` finds them."""

from __future__ import annotations

from collections.abc import Mapping, Set
from dataclasses import dataclass, field

from markupsafe import Markup

from sessions_app.content.blocks import ToolResultBlock
from sessions_app.content.tool_matching import BlockKey
from sessions_app.pages.html.components import NOTHING


@dataclass(frozen=True, slots=True)
class FoundResult:
    """The result of a tool call: its block, the part that holds it, and its number among the part's blocks."""

    block: ToolResultBlock
    digest: bytes
    number: int


@dataclass(frozen=True, slots=True)
class FoundCall:
    """The tool call that a result answers: its name, and the request that shows it.

    `number` and `href` are those of that request; None if it is the request of the result.
    """

    name: str
    number: int | None = None
    href: str | None = None


@dataclass(frozen=True, slots=True)
class Execution:
    """The span of the tool that a call started: its address, how long it took, and why it failed ("" if it did not).

    `result` is the text that the tool returned, `body` its HTML. They are shown if no result was sent back.
    """

    href: str
    duration: str
    error: str
    result: str
    body: Markup = NOTHING


@dataclass(frozen=True, slots=True)
class Pairs:
    """What belongs to the tool calls and results of a page. `is_complete`: none of them was left out.

    `unanswered`: the calls of which is known that no result was sent back.
    """

    results: Mapping[BlockKey, FoundResult] = field(default_factory=dict)
    calls: Mapping[BlockKey, FoundCall] = field(default_factory=dict)
    executions: Mapping[BlockKey, Execution] = field(default_factory=dict)
    unanswered: Set[BlockKey] = frozenset()
    is_complete: bool = True

    def why_unanswered(self, call: BlockKey) -> str:
        """What is known of a result that was not found; "" if it may still come, or may be elsewhere."""
        if call in self.unanswered:
            return "no result was sent back"
        return "" if self.is_complete else "too many calls to look for its result"
