"""A log as the writer gets it: its record, and everything that was prepared to group and store it."""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from sessions_app import ids
from sessions_app.records import Record
from sessions_app.storage.contradictions import Contradicting, Position
from sessions_app.structure.grouping_rules import Home, LinkRole, Node

# The home of a log that has not been grouped yet.
NOWHERE = Home(uuid.UUID(int=0), None, "")


@dataclass(frozen=True, slots=True)
class ToolFailures:
    """The tool results of a request that failed, as `RequestLog` has them: keys of all, and names of their tools.

    Counted are those that came after its last assistant message, or in its answer.
    """

    keys: tuple[int, ...] = ()
    names: tuple[str, ...] = ()
    error_count: int = 0
    looks_failed_count: int = 0


NO_TOOL_FAILURES = ToolFailures()


@dataclass(frozen=True, slots=True)
class Cost:
    """What a request costs: the amount that counts, and who says so.

    `price`: our own calculation (`pricing.prices.note`), also if the caller's amount counts; None if there is none yet.
    """

    amount: Decimal | None = None
    source: str = ""
    price: str | None = None


NO_COST = Cost()


@dataclass(slots=True)
class PreparedLog:
    """A record with everything that is known of it: ids, link keys, previews, and its session once it has one.

    `node`: the facts by which it is grouped. `names`: the link keys of its ids, each with its role. `needs` and
    `provides` are those of `RequestLog`. `span_facts` tell whether another span reports the same call. `position`: when
    it was received, compared with all others. `copies`: how often this batch contained the log. If copies differ,
    `pieces` are the ones that complete each other, in order of receipt, and `beside` those that contradict.
    """

    project_id: int
    project_key: uuid.UUID
    record: Record
    bucket: date
    key_id: uuid.UUID
    content_hash: bytes
    node: Node
    names: dict[uuid.UUID, LinkRole] = field(default_factory=dict)
    provides: list[uuid.UUID] = field(default_factory=list)
    needs: list[uuid.UUID] = field(default_factory=list)
    resent_count: int = 0
    input_preview: str = ""
    output_preview: str = ""
    profile: bytes = b""
    failures: ToolFailures = NO_TOOL_FAILURES
    span_facts: dict[str, Any] | None = None
    position: Position = (0, 0)
    copies: int = 1
    pieces: list[PreparedLog] = field(default_factory=list)
    beside: list[Contradicting] = field(default_factory=list)
    home: Home = NOWHERE
    cost: Cost = NO_COST
    log_id: uuid.UUID = NOWHERE.session_id

    @property
    def session_id(self) -> uuid.UUID:
        return self.home.session_id

    @property
    def is_other_span(self) -> bool:
        """Whether it is a span of no GenAI application: kept with its trace, but no request or step."""
        return self.node.span is not None and self.record.kind == "other"

    def settle(self, home: Home) -> None:
        """Put it into a session."""
        self.home = home
        self.log_id = ids.request_log_id(home.session_id, self.bucket, self.record.dedupe_key)

    def links(self) -> Iterator[tuple[uuid.UUID, int, datetime, uuid.UUID]]:
        """The rows by which others find this request: link key, role, start, key."""
        node = self.node
        roles = list(self.names.items())
        roles += [
            (link_key, LinkRole.ASKS if ids.is_of(ids.TASK, link_key) else LinkRole.END)
            for link_key in self.provides
            if link_key != node.response and not ids.is_one_of(ids.FOUND_OTHERWISE, link_key)
        ]
        if node.attempt and node.may_retry:
            roles.append((node.attempt, LinkRole.RETRIES))
            roles += [(node.attempt, LinkRole.FAILED)] if node.failed else []
        if node.is_half and node.attempt:
            roles.append((node.attempt, LinkRole.REPORTS))
        roles += [(sign, LinkRole.REPORTS) for sign in node.signs.values()]
        # What a request looks for does not matter when its caller chose the session. But with a weak trace id or a
        # span, `chosen` may only be set because of what was stored before. They are linked anyway, so that the links
        # are the same in any order of arrival.
        if node.chosen is None or self.record.claim.weak or node.span:
            roles += [(node.previous, LinkRole.NEEDS_RESPONSE)] if node.previous else []
            # Of what may be a quoted answer only the beginning: who has given the answer knows the rest.
            roles += [
                (link_key, LinkRole.BEGINS)
                for link_key in self.needs
                if link_key != node.previous and not ids.is_one_of((ids.ANSWER, ids.TURNS), link_key)
            ]
            roles += [(node.task, LinkRole.TASK)] if node.task else []
        for link_key, role in roles:
            yield link_key, int(role), node.started_at, self.key_id
