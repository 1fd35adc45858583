"""The facts of one request: its status, where it is in the session, models, times, ids, tokens and cost."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from decimal import Decimal

from markupsafe import Markup

from sessions_app.models import RequestLog
from sessions_app.pages.thread.addresses import Addresses
from sessions_app.pages.thread.cache_words import CacheWords, cache_words
from sessions_app.pages.thread.marks import behind
from sessions_app.pages.thread.token_rows import TokenRow, token_rows
from sessions_app.pages.thread.wording import grouped_by, history, offset, slow_words, source_name, unfinished
from sessions_app.pricing.stored import CostFacts, cost_facts
from sessions_app.queries.derived import costs_of, slow_of, start_of
from sessions_app.queries.session import RequestLine
from sessions_app.queries.window import Window
from sessions_app.records import ERROR
from sessions_app.structure import timeline
from sessions_app.structure.runs import runs_of

# The most of them that are named of those that continue a request, or begin a sub-agent of it.
MOST_NEIGHBOURS = 5


@dataclass(frozen=True, slots=True)
class Neighbour:
    """Another request of the session: its number and the link to it."""

    number: int
    href: str


@dataclass(frozen=True, slots=True)
class Neighbours:
    """The first of several requests, and how many more there are."""

    named: list[Neighbour]
    more: int


@dataclass(frozen=True, slots=True)
class Timing:
    """How a request's time divides into the time to the first token and generation; for the drawing in percent."""

    first_token: timedelta
    generation: timedelta
    first_percent: str
    rest_percent: str


@dataclass(frozen=True, slots=True)
class Facts:
    """What the request page and the inspector say beside the messages. None and "" are not known."""

    log: RequestLog
    number: int
    count: int
    is_error: bool
    # That it has no end, if its log says so.
    unfinished: str
    duration: timedelta | None
    first_token: timedelta | None
    timing: Timing | None
    tokens_per_second: int | None
    offset: str
    in_session: str
    continues: Neighbour | None
    continued_by: Neighbours
    started_by: Neighbour | None
    # The first requests of the sub-agents that its tool calls started.
    started: Neighbours
    is_repetition: bool
    history: str
    source: str
    grouped_by: Markup
    rows: list[TokenRow]
    cost: CostFacts
    total_tokens: int | None
    cost_so_far: Decimal | None
    cache: CacheWords | None
    # How much slower than others of its model; "" if it is not.
    slow: str


def facts_of(log: RequestLog, lines: Sequence[RequestLine], index: int, window: Window, addresses: Addresses) -> Facts:
    """What the inspector says of a request. `lines`: of its session. `index`: its place among them."""
    line, cost = lines[index], cost_facts(log)
    length = timeline.duration(line)
    first = _first_token(line, length)
    added, printed = window.added[index], window.printed(index)
    base = window.continues[index]
    behind_it = behind(window.structure, lines, index, addresses)
    runs = window.runs or runs_of(lines, window.structure)
    run = runs.starting_at(index)
    return Facts(
        log=log,
        number=index + 1,
        count=len(lines),
        is_error=log.status == ERROR,
        unfinished=unfinished(line),
        duration=length,
        first_token=first,
        timing=_timing(length, first),
        tokens_per_second=_speed(line, length, first),
        offset=offset(line, start_of(lines) or line.started_at),
        in_session=addresses.in_session(index + 1),
        continues=None if base is None else _neighbour(base, addresses),
        continued_by=_neighbours([i for i, b in enumerate(window.continues) if b == index], addresses),
        started_by=_neighbour(run.starter, addresses) if run else None,
        started=_neighbours([one.first for one in runs.started_by.get(index, ())], addresses),
        is_repetition=_is_repetition(window, index),
        history=history(added.count, added.count - printed.count),
        source=source_name(log.source),
        grouped_by=grouped_by(log.rule, log.rule_detail, behind_it),
        rows=token_rows(log, cost),
        cost=cost,
        total_tokens=_total(log),
        cost_so_far=costs_of(lines)[index],
        cache=cache_words(lines, index, window, addresses),
        slow=slow_words(slow) if (slow := slow_of(lines).get(index)) else "",
    )


def _is_repetition(window: Window, index: int) -> bool:
    """Whether it does not continue the request that it is linked to, but is another attempt at the same call."""
    parent = window.structure.parents[index]
    return parent is not None and not parent.is_linked


def _neighbour(index: int, addresses: Addresses) -> Neighbour:
    return Neighbour(index + 1, addresses.in_session(index + 1))


def _neighbours(indexes: Sequence[int], addresses: Addresses) -> Neighbours:
    named = [_neighbour(index, addresses) for index in indexes[:MOST_NEIGHBOURS]]
    return Neighbours(named, len(indexes) - len(named))


def _first_token(line: RequestLine, length: timedelta | None) -> timedelta | None:
    if line.first_token_at is None or line.first_token_at < line.started_at:
        return None
    first = line.first_token_at - line.started_at
    return first if length is None or first <= length else None


def _timing(length: timedelta | None, first: timedelta | None) -> Timing | None:
    if not length or first is None:
        return None
    percent = 100 * first / length
    return Timing(first, length - first, f"{percent:.1f}%", f"{100 - percent:.1f}%")


def _speed(line: RequestLine, length: timedelta | None, first: timedelta | None) -> int | None:
    """Output tokens a second while they were generated."""
    if not length or not line.output_tokens:
        return None
    seconds = (length - (first or timedelta())).total_seconds()
    return round(line.output_tokens / seconds) if seconds > 0.01 else None


def _total(log: RequestLog) -> int | None:
    known = [count for count in (log.input_tokens, log.output_tokens) if count is not None]
    return sum(known) if known else None
