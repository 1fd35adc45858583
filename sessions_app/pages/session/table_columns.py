"""The columns of the Table view of a session: how each is written, and by what it orders the rows."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from functools import lru_cache
from typing import Any

from sessions_app.content.endings import is_cut
from sessions_app.pages.html.components import component
from sessions_app.pages.html.formats import clock, cost, duration, exact, extent, share
from sessions_app.pages.session.outline_rows import outcome
from sessions_app.pages.session.time_axis import TimeAxis
from sessions_app.pages.session.waterfall import bars
from sessions_app.pages.thread.wording import lasted
from sessions_app.queries.session import RequestLine
from sessions_app.records import ERROR
from sessions_app.structure import timeline

TEXT_CHARS = 120


@dataclass(frozen=True, slots=True)
class TableFacts:
    """The requests of a session and what is known of all of them: by the id of a request, how many failed results of
    tools it brought; and the cost so far at each.
    """

    lines: Sequence[RequestLine]
    tool_failures: Mapping[uuid.UUID, int]
    totals: Sequence[Decimal | None]
    axis: TimeAxis

    @property
    def begin(self) -> datetime:
        return self.axis.start


# What the rows are ordered by: None is unknown, and comes last.
Value = Callable[[TableFacts, int], Any]


@dataclass(frozen=True, slots=True)
class Column:
    """`key` names it in an address. `is_most_first`: the first click shows the largest values above."""

    key: str
    name: str
    css: str
    value: Value
    write: Callable[[TableFacts, int], str]
    sum: Callable[[Sequence[RequestLine]], str] = lambda lines: ""
    title: str = ""

    @property
    def is_most_first(self) -> bool:
        return "num" in self.css and self.key not in ("n", "offset")


def severity(facts: TableFacts, index: int) -> int:
    """Failed requests first, then those with failed tools, then cut answers, then all others."""
    line = facts.lines[index]
    if line.status == ERROR:
        return 0
    return 1 if line.id in facts.tool_failures else 2 if is_cut(line.finish_reason) else 3


def _duration(facts: TableFacts, index: int) -> timedelta | None:
    return timeline.duration(facts.lines[index])


def _first_token(facts: TableFacts, index: int) -> timedelta | None:
    line = facts.lines[index]
    return line.first_token_at - line.started_at if line.first_token_at and not timeline.is_untimed(line) else None


def _cached(facts: TableFacts, index: int) -> float | None:
    line = facts.lines[index]
    return line.cached_tokens / line.input_tokens if line.cached_tokens is not None and line.input_tokens else None


def _offset(facts: TableFacts, index: int) -> timedelta:
    return timeline.sane_start(facts.lines[index]) - facts.begin


def _write_model(facts: TableFacts, index: int) -> str:
    return _model(facts.lines[index].model)


@lru_cache(maxsize=256)
def _model(name: str) -> str:
    return component("pieces", "model")(name)


def _write_bars(facts: TableFacts, index: int) -> str:
    return component("session_table", "bars")(bars(facts.lines[index], facts.axis), facts.lines[index].model)


def _busy(lines: Sequence[RequestLine]) -> str:
    span = timeline.span_of(lines)
    return extent(span.busy) if span else ""


def _known(counts: Sequence[int | None]) -> int | None:
    known = [count for count in counts if count is not None]
    return sum(known) if known else None


def _input(lines: Sequence[RequestLine]) -> str:
    return exact(_known([line.input_tokens for line in lines]))


def _output(lines: Sequence[RequestLine]) -> str:
    return exact(_known([line.output_tokens for line in lines]))


def _cached_share(lines: Sequence[RequestLine]) -> str:
    return share(_known([line.cached_tokens for line in lines]), _known([line.input_tokens for line in lines]))


def _cost(lines: Sequence[RequestLine]) -> str:
    known = [line.cost for line in lines if line.cost is not None]
    return cost(sum(known, Decimal(0)) if known else None)


# These are always shown; the others can be chosen.
FIXED = (
    Column("n", "#", "num t-n", lambda facts, index: index, lambda facts, index: exact(index + 1), title="Number"),
    Column("status", "Status", "t-st", severity, lambda facts, index: ""),
    Column("did", "Did", "t-did", lambda facts, index: outcome(facts.lines[index])[1].lower() or None, lambda f, i: ""),
)
CHOSEN = (
    Column("time", "Time", "t-time", _offset, lambda facts, i: clock(facts.lines[i].started_at)),
    Column(
        "offset",
        "Offset",
        "num faint t-off",
        _offset,
        lambda facts, i: f"+{duration(_offset(facts, i))}",
        title="Offset from the first request",
    ),
    Column("model", "Model", "t-model", lambda facts, i: facts.lines[i].model or None, _write_model),
    Column("timeline", "Timeline", "t-bar", _offset, _write_bars),
    Column("duration", "Duration", "num t-dur", _duration, lambda facts, i: lasted(facts.lines[i]), sum=_busy),
    Column(
        "ttft",
        "TTFT",
        "num t-first",
        _first_token,
        lambda facts, i: duration(_first_token(facts, i)),
        title="Time to first token",
    ),
    Column(
        "input",
        "In",
        "num t-in",
        lambda facts, i: facts.lines[i].input_tokens,
        lambda facts, i: exact(facts.lines[i].input_tokens),
        sum=_input,
        title="Input tokens",
    ),
    Column(
        "cached",
        "Cached",
        "num faint t-cached",
        _cached,
        lambda facts, i: share(facts.lines[i].cached_tokens, facts.lines[i].input_tokens),
        sum=_cached_share,
        title="Cached input tokens",
    ),
    Column(
        "output",
        "Out",
        "num t-out",
        lambda facts, i: facts.lines[i].output_tokens,
        lambda facts, i: exact(facts.lines[i].output_tokens),
        sum=_output,
        title="Output tokens",
    ),
    Column(
        "cost",
        "Cost",
        "num t-cost",
        lambda facts, i: facts.lines[i].cost,
        lambda facts, i: cost(facts.lines[i].cost),
        sum=_cost,
    ),
    Column(
        "total",
        "Σ Cost",
        "num faint t-total",
        lambda facts, i: facts.totals[i],
        lambda facts, i: cost(facts.totals[i]),
        title="Cost so far",
    ),
)
# The style sheet leaves these away where there is no room for them.
HIDDEN_WHERE_NARROW = frozenset({"time", "offset", "timeline", "ttft", "cached", "total"})
COLUMNS = {column.key: column for column in (*FIXED, *CHOSEN)}


def shown_columns(names: Sequence[str]) -> list[Column]:
    """The fixed columns and the chosen ones, in the order in which they stand."""
    chosen = [column for column in CHOSEN if column.key in names]
    early = [column for column in chosen if column.key in ("time", "offset")]
    number, status, did = FIXED
    return [number, status, *early, did, *chosen[len(early) :]]


def text_of(facts: TableFacts, index: int) -> tuple[str, str]:
    """What came back, and what that is."""
    return outcome(facts.lines[index], TEXT_CHARS)
