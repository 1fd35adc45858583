"""Made-up sessions for the rules of findings: an agent that calls tools, request by request."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from itertools import count
from typing import Any
from zlib import crc32

from sessions_app.records import RULE_CONVERSATION
from sessions_app.structure import timeline
from sessions_app.structure.findings.facts import Finding, KnownSession
from sessions_app.structure.findings.rules import find_all
from sessions_app.structure.parents import Parent
from sessions_app.structure.profiles import NewResult, Profile, ToolCall
from sessions_app.structure.timeline import Structure

_numbers = count(1)
CHARS = (1_000, 0, 1_000, 0, 0, 100_000, 0, 0)


@dataclass(frozen=True)
class Row:
    id: uuid.UUID = field(default_factory=lambda: uuid.UUID(int=next(_numbers)))
    model: str = "m"
    status: str = "success"
    http_status: int | None = None
    error_type: str = ""
    finish_reason: str = "stop"
    input_tokens: int | None = 1_000
    cost: Decimal | None = Decimal(1)
    tool_failures: tuple[int, ...] = ()
    failed_tools: tuple[str, ...] = ()


def name(tool: str) -> int:
    return crc32(tool.encode())


def called(tool: str, arguments: str = "") -> ToolCall:
    return ToolCall(name(tool), crc32(arguments.encode(), name(tool)))


def brought(call: ToolCall, content: str, chars: int | None = None) -> NewResult:
    return NewResult(call.tool, call.call, crc32(content.encode()), len(content) if chars is None else chars)


def structure_of(
    parents: Sequence[int | None], chains: Sequence[tuple[int, ...]] = (), branches: dict[int, int] | None = None
) -> Structure:
    """The structure in which each request continues the one of this index, with these attempts and branches."""
    found = timeline.structure(())
    count = len(parents)
    children: dict[int, list[int]] = {}
    for index, parent in enumerate(parents):
        if parent is not None:
            children.setdefault(parent, []).append(index)
    return Structure(
        [None if parent is None else Parent(parent, RULE_CONVERSATION) for parent in parents],
        {index: chain for chain in chains for index in chain},
        found.forks,
        [(branches or {}).get(index) for index in range(count)],
        [0] * count,
        {},
        children,
        {},
        {},
        {},
    )


@dataclass
class MadeUp:
    """A session that grows request by request."""

    rows: list[Row] = field(default_factory=list)
    profiles: list[Profile | None] = field(default_factory=list)
    parents: list[int | None] = field(default_factory=list)
    window: int | None = None

    def request(
        self,
        results: Sequence[NewResult] = (),
        calls: Sequence[ToolCall] = (),
        parent: int | None = -1,
        chars: tuple[int, ...] = CHARS,
        **members: Any,
    ) -> int:
        index = len(self.rows)
        self.rows.append(Row(**members))
        self.profiles.append(Profile(chars, 1, 2, tuple(calls), tuple(results)))
        self.parents.append((index - 1 if index else None) if parent == -1 else parent)
        return index

    def steps(self, *steps: tuple[str, str, str]) -> None:
        """Calls one after the other: tool, arguments, what comes back."""
        results: list[NewResult] = []
        for tool, arguments, content in steps:
            call = called(tool, arguments)
            self.request(results, [call])
            results = [brought(call, content)]
        self.request(results)

    def found(self, rule: str, **members: Any) -> list[Finding]:
        """What is found by one rule. The others must stay silent unless `others` names them."""
        others = {*members.pop("others", ()), rule}
        structure = structure_of(self.parents, **members)
        findings = find_all(KnownSession(self.rows, self.profiles, [self.window] * len(self.rows), structure))
        assert {finding.rule for finding in findings} <= others
        return [finding for finding in findings if finding.rule == rule]
