"""Which spans report the same model call, so that its tokens and cost are counted once.

Three kinds of spans report one call. A wrapper around a single call is that call. Spans with the same response id that
began together are one call, even in different traces. A call without an answer and a span with the answer (Logfire's
streams) are one. A failed call that two libraries report in two traces has no response id, so it stays two calls.
"""

from __future__ import annotations

from collections import defaultdict, deque
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

CALLS = ("llm", "embedding")
# How far apart two reports of one call may start.
MOST_APART = timedelta(milliseconds=500)


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

    def _order(self, span: SpanFacts) -> tuple[bool, bool, bool, int, datetime, str]:
        tree = self._tree
        says_less = (not span.has_output, not span.input_digest, not span.has_usage)
        return (*says_less, tree.depth[span.id], span.started_at, span.id)


def _answering(span: SpanFacts, children: Sequence[SpanFacts]) -> SpanFacts:
    """Of several attempts inside one call, the one that answered it: the one with its response id, else the last."""
    return next(
        (child for child in children if span.response_id and child.response_id == span.response_id), children[-1]
    )


def _by_response_id(spans: Sequence[SpanFacts]) -> Iterable[tuple[SpanFacts, SpanFacts]]:
    """Pairs of spans with one response id that began together. (Some servers use the same few ids again and again.)"""
    latest: dict[str, SpanFacts] = {}
    for span in spans:
        if span.kind in CALLS and span.response_id:
            before = latest.get(span.response_id)
            if before is not None and span.started_at - before.started_at <= MOST_APART:
                yield before, span
            latest[span.response_id] = span


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
