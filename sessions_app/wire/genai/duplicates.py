"""Which spans report the same model call, so that its tokens and cost are counted once.

A wrapper around a single call is that call. Spans with the same response id that began together are one call, even in
different traces, unless one library says that they had different inputs. A call without an answer and a span with the
answer (Logfire's streams) are one. An agent's log record is the call of its session and model that ends with it and has
the same usage; without an answer, the call that begins with it. A failed call that two libraries report in two traces
has no response id, so it stays two calls.
"""

from __future__ import annotations

from collections import defaultdict, deque
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sessions_app.content.call_ids import UNIQUE_ID_CHARS

CALLS = ("llm", "embedding")
# How far apart two reports of one call may start.
MOST_APART = timedelta(milliseconds=500)
# How far apart the starts may be that two reports tell of one call, if it is the same call by another sign.
LONGEST_CALL = timedelta(hours=1)
# The digest of an input that cannot be compared.
GIVEN = b"given"


@dataclass(frozen=True, slots=True)
class SpanFacts:
    """The fields of a span's `Record` that are compared. `id` is any id by which the caller knows the span.

    `input_digest` is equal for equal inputs and empty for none. `session` is the session that the span itself names.
    """

    id: str
    trace_id: str
    span_id: str
    parent_id: str
    kind: str
    scope: str
    started_at: datetime
    response_id: str = ""
    session: str = ""
    input_digest: bytes = b""
    has_output: bool = False
    has_usage: bool = False
    is_failed: bool = False
    ended_at: datetime | None = None
    has_cost: bool = False
    is_event: bool = False
    signs: tuple[str, ...] = ()

    @property
    def end(self) -> datetime:
        return self.ended_at or self.started_at

    @property
    def is_in_order(self) -> bool:
        """Whether only order ties it to the other event of its call."""
        return any(sign.startswith(ORDER_SIGN) for sign in self.signs)

    @property
    def is_asked_only(self) -> bool:
        """Whether it is an event that tells of a call before its answer."""
        says_more = self.has_output or self.has_usage or self.is_failed or self.response_id != ""
        return self.is_event and self.kind in CALLS and not says_more


def duplicates(spans: Sequence[SpanFacts]) -> dict[str, str]:
    """For each span that is not counted, the id of the span that is counted instead.

    The result does not depend on the order of the spans. Of several reports the one with messages is counted, then the
    one with token counts, then the outer one. Spans of other kinds only connect calls with what is around them.
    """
    ordered = sorted(spans, key=lambda span: (span.started_at, span.trace_id, span.span_id))
    depths = _Tree(ordered)
    same = _Same(depths)
    for span in ordered:
        children = depths.calls_in(span)
        if len(children) == 1:
            same.join(span, children[0])
        elif children:
            same.join(span, _answering(span, children))
    for one, other in _by_response_id(ordered):
        same.join(one, other)
    for call, answer in _streams(ordered):
        same.join(call, answer)
    for event, other in _of_events(ordered):
        same.join(event, other)
    for event, answer in _in_order(ordered):
        same.join(event, answer)
    return same.standing()


class _Tree:
    """The spans of some traces by their parents. Each span is visited once, however deep they are nested."""

    def __init__(self, spans: Sequence[SpanFacts]) -> None:
        self._by_place = {(span.trace_id, span.span_id): span for span in spans}
        self._calls: dict[str, list[SpanFacts]] = defaultdict(list)
        self._callers: dict[str, SpanFacts | None] = {}
        self.depth: dict[str, int] = {}
        for span in spans:
            self._measure(span)
            parent = self._parent(span)
            caller = self._caller(parent) if parent else None
            if span.kind in CALLS and caller is not None and caller is not span and caller.kind in CALLS:
                self._calls[caller.id].append(span)

    def _parent(self, span: SpanFacts) -> SpanFacts | None:
        return self._by_place.get((span.trace_id, span.parent_id))

    def _measure(self, span: SpanFacts) -> None:
        """Count the spans around this one; in a circle, all others of the circle."""
        path: dict[str, SpanFacts] = {}
        at: SpanFacts | None = span
        while at is not None and at.id not in self.depth and at.id not in path:
            path[at.id] = at
            at = self._parent(at)
        ordered = list(path)
        if at is not None and at.id in path:
            circle = ordered[ordered.index(at.id) :]
            self.depth.update(dict.fromkeys(circle, len(circle) - 1))
            ordered = ordered[: -len(circle)]
        above = self.depth[at.id] if at is not None else -1
        for number, span_id in enumerate(reversed(ordered), start=1):
            self.depth[span_id] = above + number

    def _caller(self, span: SpanFacts) -> SpanFacts | None:
        """The span itself, or the nearest one around it that is part of a GenAI application."""
        path: dict[str, None] = {}
        at: SpanFacts | None = span
        while at is not None and at.kind == "other" and at.id not in self._callers and at.id not in path:
            path[at.id] = None
            at = self._parent(at)
        caller = at if at is None or at.kind != "other" else self._callers.get(at.id)
        self._callers.update(dict.fromkeys(path, caller))
        return caller

    def calls_in(self, span: SpanFacts) -> list[SpanFacts]:
        """The calls directly inside a call. Spans in between that are no part of a GenAI application do not count."""
        return self._calls.get(span.id, [])


class _Same:
    """Sets of spans that are one call."""

    def __init__(self, tree: _Tree) -> None:
        self._tree = tree
        self._sets: dict[str, list[SpanFacts]] = {}

    def join(self, a: SpanFacts, b: SpanFacts) -> None:
        ours, theirs = self._sets.get(a.id, [a]), self._sets.get(b.id, [b])
        if ours is theirs:
            return
        # The smaller set joins the larger one, so that no span is moved often.
        larger, smaller = (ours, theirs) if len(ours) >= len(theirs) else (theirs, ours)
        self._sets.setdefault(larger[0].id, larger)
        larger += smaller
        for span in smaller:
            self._sets[span.id] = larger

    def standing(self) -> dict[str, str]:
        found: dict[str, str] = {}
        for spans in {id(spans): spans for spans in self._sets.values()}.values():
            best = min(spans, key=self._order)
            found |= {span.id: best.id for span in spans if span is not best}
        return found

    def _order(self, span: SpanFacts) -> tuple[tuple[bool, ...], int, datetime, str]:
        tree = self._tree
        has = (span.has_output, bool(span.input_digest), span.has_usage, span.has_cost, not span.is_event)
        return (span.is_asked_only, *(not said for said in has)), tree.depth[span.id], span.started_at, span.id


def _answering(span: SpanFacts, children: Sequence[SpanFacts]) -> SpanFacts:
    """Of several attempts inside one call, the one that answered it: the one with its response id, else the last."""
    return next(
        (child for child in children if span.response_id and child.response_id == span.response_id), children[-1]
    )


def _by_response_id(spans: Sequence[SpanFacts]) -> Iterable[tuple[SpanFacts, SpanFacts]]:
    """Pairs of spans with one response id that began together.

    Some servers use the same few ids again and again, also for calls that run at once. One library reports a call
    with one input, so spans of a library with different inputs are different calls.
    """
    known: dict[str, deque[list[SpanFacts]]] = defaultdict(lambda: deque(maxlen=_MOST_AT_ONCE))
    for span in spans:
        if span.kind in CALLS and span.response_id:
            calls = known[span.response_id]
            fitting = [call for call in calls if _began_together(call[-1], span) and _may_report(call, span)]
            asked_the_same = (call for call in fitting if _has_input(call, span.input_digest))
            if found := next(asked_the_same, fitting[-1] if fitting else None):
                yield found[-1], span
                found.append(span)
            else:
                calls.append([span])


# Of the calls with one response id, so many are compared with another span.
_MOST_AT_ONCE = 64
_MOST_REPORTS = 8


def _began_together(before: SpanFacts, span: SpanFacts) -> bool:
    apart = LONGEST_CALL if _is_told_twice(before, span) else MOST_APART
    return span.started_at - before.started_at <= apart


def _may_report(reports: Sequence[SpanFacts], span: SpanFacts) -> bool:
    """Whether a span may be one more report of the call that these report."""
    others = {report.input_digest for report in reports[-_MOST_REPORTS:] if report.scope == span.scope}
    return len({*others, span.input_digest} - {b"", GIVEN}) <= 1


def _has_input(reports: Sequence[SpanFacts], digest: bytes) -> bool:
    return digest not in (b"", GIVEN) and any(report.input_digest == digest for report in reports[-_MOST_REPORTS:])


def _is_told_twice(before: SpanFacts, span: SpanFacts) -> bool:
    """Whether an event names the same unique id. It may not say when the call began."""
    return (before.is_event or span.is_event) and len(span.response_id) >= UNIQUE_ID_CHARS


# What two reports of one call, or of one tool's run, may share: the tool call's id, the usage, the time of the start.
TOOL_SIGN, USAGE_SIGN, START_SIGN = "t", "u", "s"
# What a request and its answer share if only their order ties them: a session, a model and a time.
ORDER_SIGN = "o"
# Of the reports that share a sign with an event, at most so many are compared with it.
_MOST_NEAR = 50


def _of_events(spans: Sequence[SpanFacts]) -> Iterable[tuple[SpanFacts, SpanFacts]]:
    """Pairs of an event and another report of its call or tool. A call is asked for once, and told of by one event."""
    by_sign: dict[str, list[SpanFacts]] = defaultdict(list)
    for span in spans:
        for sign in span.signs:
            by_sign[sign].append(span)
    taken: set[tuple[bool, str]] = set()
    for event in (span for span in spans if span.is_event):
        near: dict[str, SpanFacts] = {}
        for sign in event.signs:
            found = (other for other in by_sign[sign][:_MOST_NEAR] if _fits(event, other, sign[:1]))
            near |= {other.id: other for other in found if (event.is_asked_only, other.id) not in taken}
        if near:
            other = min(near.values(), key=lambda other: (abs(_apart(event, other)), other.started_at, other.id))
            taken.add((event.is_asked_only, other.id))
            yield event, other


def _in_order(spans: Sequence[SpanFacts]) -> Iterable[tuple[SpanFacts, SpanFacts]]:
    """Pairs of an event of a request and one of an answer: an answer is that of the latest request that has none."""
    asked: dict[str, list[SpanFacts]] = defaultdict(list)
    for span in spans:
        signs = [sign for sign in span.signs if sign.startswith(ORDER_SIGN)]
        if span.is_asked_only:
            for sign in signs:
                asked[sign].append(span)
        elif waiting := [asked[sign] for sign in signs if asked[sign]]:
            yield max(waiting, key=lambda events: events[-1].started_at).pop(), span


def _fits(event: SpanFacts, other: SpanFacts, sign: str) -> bool:
    """Whether two that share this sign are one."""
    if other is event or other.kind != event.kind or other.is_asked_only or (event.is_in_order and other.is_in_order):
        return False
    if sign == TOOL_SIGN:
        return not other.is_event
    if sign != (START_SIGN if event.is_asked_only else USAGE_SIGN) or (other.is_event and not event.is_asked_only):
        return False
    return not (event.response_id and other.response_id) and abs(_apart(event, other)) <= MOST_APART


def _apart(event: SpanFacts, other: SpanFacts) -> timedelta:
    """How far apart they begin, if the event says nothing of the end; else how far apart they end."""
    return event.started_at - other.started_at if event.is_asked_only else event.end - other.end


def _streams(spans: Sequence[SpanFacts]) -> Iterable[tuple[SpanFacts, SpanFacts]]:
    """Pairs of a call without an answer and a span that has the answer to the same input."""
    calls = [span for span in spans if span.kind == "llm" and span.input_digest]
    waiting: dict[tuple[str, str, bytes], deque[SpanFacts]] = defaultdict(deque)
    for answer in calls:
        if answer.has_output:
            waiting[_asked(answer)].append(answer)
    for call in calls:
        answers = waiting.get(_asked(call))
        if not answers or call.has_output or call.has_usage or call.is_failed:
            continue
        # Both lists are in the order of their starts: an answer that is too early for this call is too early for the
        # rest.
        while answers and call.started_at - answers[0].started_at > MOST_APART:
            answers.popleft()
        if answers and answers[0].started_at - call.started_at <= MOST_APART:
            yield call, answers.popleft()


def _asked(span: SpanFacts) -> tuple[str, str, bytes]:
    return span.scope, span.session, span.input_digest
