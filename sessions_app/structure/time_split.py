"""Where the time of a session went: in models, in tools, waiting for a person, idle. Plain Python.

The time from the first start to the last end is divided without a rest: each moment counts once. What runs in a model
goes before what runs in a tool, and both before the gaps. A gap is explained by the request that ends it.
"""

from __future__ import annotations

from bisect import bisect_left
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from statistics import median
from typing import Protocol

from sessions_app.records import ERROR
from sessions_app.structure.profiles import Profile
from sessions_app.structure.timeline import Structure, Timed, duration, is_untimed, sane_end, sane_start, sane_times

MODELS, TOOLS, CLIENT, PERSON, IDLE, OTHER = "models", "tools", "client", "person", "idle", "other"
# In the order in which they are shown.
KINDS = (MODELS, TOOLS, CLIENT, PERSON, IDLE, OTHER)
# A gap that nothing but a person explains is idle time if it is longer.
LONG_GAP = timedelta(minutes=15)
# A request is compared with those of its model in the session if there are so many. An answer is short below so many
# tokens.
LEAST_COMPARED, LEAST_TOKENS = 5, 50
# It is slow if it took so many times as long as is usual, and lost so much time by it.
TIMES_SLOWER, LEAST_LOST = 3, timedelta(seconds=5)

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_Span = tuple[datetime, datetime]


class TimedRequest(Timed, Protocol):
    """What must be known of a request."""

    @property
    def model(self) -> str: ...
    @property
    def status(self) -> str: ...
    @property
    def output_tokens(self) -> int | None: ...
    @property
    def first_token_at(self) -> datetime | None: ...


class TimedStep(Timed, Protocol):
    """What must be known of a step."""

    @property
    def kind(self) -> str: ...


@dataclass(frozen=True, slots=True)
class TimeSplit:
    """The parts of the time from the first start to the last end, by kind; those that took none are left out.

    `first_token`: the median time to the first token. `speed`: the median of output tokens a second. None: not known.
    `unknown`: how many requests do not say how long they took, or say what cannot be.
    """

    wall: timedelta
    parts: Mapping[str, timedelta]
    first_token: timedelta | None
    speed: float | None
    unknown: int = 0


def time_split(
    requests: Sequence[TimedRequest],
    steps: Iterable[TimedStep],
    profiles: Sequence[Profile | None],
    structure: Structure,
    between: range,
) -> TimeSplit | None:
    """`between`: the indices of the requests in question. None if they say nothing of their times."""
    spans: dict[int, _Span] = {}
    unknown = 0
    for index in between:
        request = requests[index]
        if _is_plain(request) and request.ended_at is not None:
            spans[index] = request.started_at, request.ended_at
            continue
        unknown += duration(request) is None
        if span := _span(request):
            spans[index] = span
    if not spans:
        return None
    whole = min(start for start, _ in spans.values()), max(end for _, end in spans.values())
    in_models = _united(spans.values())
    tools = sane_times(step for step in steps if step.kind == "tool")
    in_tools = _without(_united(_clipped(tools, whole)), in_models)
    parts: dict[str, timedelta] = defaultdict(timedelta)
    parts[MODELS] = _length(in_models)
    parts[TOOLS] = _length(in_tools)
    starts = sorted((start, index) for index, (start, _) in spans.items())
    for start, end in _without([whole], _united([*in_models, *in_tools])):
        place = min(bisect_left(starts, (end, -1)), len(starts) - 1)
        parts[_kind_of_gap(starts[place][1], end - start, requests, profiles, structure)] += end - start
    speeds = [speed for index, span in spans.items() if (speed := speed_of(requests[index], span))]
    firsts = [first for index in spans if (first := seconds_to_first_token(requests[index])) is not None]
    return TimeSplit(
        whole[1] - whole[0],
        {kind: parts[kind] for kind in KINDS if parts.get(kind)},
        timedelta(seconds=median(firsts)) if firsts else None,
        median(speeds) if speeds else None,
        unknown,
    )


def _kind_of_gap(
    index: int,
    length: timedelta,
    requests: Sequence[TimedRequest],
    profiles: Sequence[Profile | None],
    structure: Structure,
) -> str:
    """What a gap was before a request began."""
    parent = structure.parents[index]
    before = parent.index if parent else None
    if before is not None and requests[before].status == ERROR:
        # The client waited before it tried again.
        return CLIENT
    profile = profiles[before] if before is not None else None
    if profile is not None and profile.calls:
        return CLIENT
    if length > LONG_GAP:
        return IDLE
    return PERSON if profile is not None else OTHER


# --- spans ----------------------------------------------------------------------------------------------------------


def _united(spans: Iterable[_Span]) -> list[_Span]:
    """The same time in spans that do not overlap, in order."""
    found: list[_Span] = []
    for start, end in sorted(spans):
        if found and start <= found[-1][1]:
            found[-1] = found[-1][0], max(found[-1][1], end)
        else:
            found.append((start, end))
    return found


def _without(spans: Sequence[_Span], others: Sequence[_Span]) -> list[_Span]:
    """The time of spans that is not in others. Both are in order, and do not overlap."""
    found: list[_Span] = []
    place = 0
    for start, end in spans:
        while place < len(others) and others[place][1] <= start:
            place += 1
        at = place
        while at < len(others) and others[at][0] < end:
            if others[at][0] > start:
                found.append((start, others[at][0]))
            start = max(start, others[at][1])
            at += 1
        if start < end:
            found.append((start, end))
    return found


def _clipped(spans: Iterable[_Span], whole: _Span) -> Iterator[_Span]:
    for start, end in spans:
        if start < whole[1] and end > whole[0]:
            yield max(start, whole[0]), min(end, whole[1])


def _length(spans: Iterable[_Span]) -> timedelta:
    return sum((end - start for start, end in spans), timedelta())


# --- speed ----------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class SlowRequest:
    """A request that took far longer than is usual for its model and the length of its answer in this session."""

    took: timedelta
    usual: timedelta


def slow_requests(requests: Sequence[TimedRequest]) -> dict[int, SlowRequest]:
    """The slow requests of a session by index. Of short answers the times are compared, since waiting is most of them;
    of longer ones the tokens a second.
    """
    compared: dict[tuple[str, bool], list[tuple[int, int, float]]] = defaultdict(list)
    for index, request in enumerate(requests):
        if request.output_tokens and request.model and (speed := speed_of(request)):
            tokens = request.output_tokens
            compared[request.model, tokens < LEAST_TOKENS].append((index, tokens, tokens / speed))
    found: dict[int, SlowRequest] = {}
    for (_, is_short), rows in compared.items():
        if len(rows) < LEAST_COMPARED:
            continue
        usual_of_all = median(seconds if is_short else seconds / tokens for _, tokens, seconds in rows)
        for index, tokens, seconds in rows:
            usual = usual_of_all if is_short else usual_of_all * tokens
            if seconds >= usual * TIMES_SLOWER and timedelta(seconds=seconds - usual) >= LEAST_LOST:
                found[index] = SlowRequest(timedelta(seconds=seconds), timedelta(seconds=usual))
    return found


def speed_of(request: TimedRequest, span: _Span | None = None) -> float | None:
    """Output tokens a second, of the whole time of a request: not all say when the first one came."""
    if not request.output_tokens or request.ended_at is None or (span := span or _span(request)) is None:
        return None
    seconds = (span[1] - span[0]).total_seconds()
    return request.output_tokens / seconds if seconds > 0.01 else None


def seconds_to_first_token(request: TimedRequest) -> float | None:
    """The seconds to the first token."""
    first = request.first_token_at
    if first is None or request.ended_at is None or not request.started_at <= first <= request.ended_at:
        return None
    return (first - request.started_at).total_seconds()


def _span(request: Timed) -> _Span | None:
    """When a request ran; None if it does not say."""
    if _is_plain(request) and request.ended_at is not None:
        return request.started_at, request.ended_at
    return None if is_untimed(request) else (sane_start(request), sane_end(request))


def _is_plain(request: Timed) -> bool:
    """Whether its times are as they should be. Nearly all are, and there are thousands."""
    start, end = request.started_at, request.ended_at
    return end is not None and _EPOCH <= start <= end <= request.received_at and start != request.received_at
