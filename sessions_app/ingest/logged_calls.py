"""Tells which spans report a call that a log tells of, too: a gateway or the program itself sent it besides.

The log is counted, and the spans point to it. They are the same call by the response's id, if they began together and
are in one session. A log for which no caller chose a session goes where its span names one.
"""

from __future__ import annotations

import uuid
from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import replace

from sessions_app import ids
from sessions_app.content.call_ids import UNIQUE_ID_CHARS
from sessions_app.ingest import questions
from sessions_app.ingest.questions import Wanted
from sessions_app.ingest.stored_spans import StoredSpan
from sessions_app.structure.grouping_rules import Home, LinkRole, Node, Place
from sessions_app.structure.places import Places
from sessions_app.wire.genai.duplicates import CALLS, MOST_APART

# Of the requests that have one response and began together, so many are looked at.
MOST_FOUND = 20
# Ends the detail of the rule of a log that is where a span of its call is.
BY_SPAN = " of a span of this call"


def spans_of_response(log: Node) -> list[Wanted]:
    """A question for the spans that may report the call of a log."""
    around = questions.around(log.started_at, MOST_APART)
    return [Wanted(log.response, LinkRole.RESPONSE, *around, most=MOST_FOUND)] if log.response else []


def response_key(project_key: uuid.UUID, row: StoredSpan) -> uuid.UUID | None:
    """The link key of a call's response, if that has an id which hardly another one has."""
    response_id = (row.facts or {}).get("response", "")
    is_unique = row.kind in CALLS and len(response_id) >= UNIQUE_ID_CHARS
    return ids.link_key(project_key, "response", response_id) if is_unique else None


def near_span(places: Places[uuid.UUID], row: StoredSpan) -> list[Place]:
    """Those of the requests with a span's response that began so close to it that they may be the same call."""
    return places.around(row.started_at, MOST_APART, MOST_FOUND)


def may_be_one_call(log: Node | None, span: Node) -> bool:
    """Whether the sessions of two with the same response allow that they are the same call."""
    if log is None or log.span is not None:
        return False
    ours, theirs = (node.assigned or node.chosen or node.weak for node in (log, span))
    is_same = ours is not None and theirs is not None and ours.session_id == theirs.session_id
    return is_same or home_by_span(log, span) is not None


def home_by_span(log: Node, span: Node) -> Home | None:
    """Where a span of its call puts a log; None if the log's place is known otherwise, or the span names no session."""
    if not goes_with_span(log) or span.assigned or span.chosen is None:
        return None
    return replace(span.chosen, detail=f"{span.chosen.detail}{BY_SPAN}")


def goes_with_span(log: Node) -> bool:
    """Whether neither its caller nor a person put a log where it is."""
    is_by_span = log.stored is not None and log.stored.detail.endswith(BY_SPAN)
    return log.assigned is None and (log.chosen is None or is_by_span)


def logged_calls(
    rows: Iterable[StoredSpan], same: Mapping[uuid.UUID, uuid.UUID], logs: Mapping[uuid.UUID, Iterable[Place]]
) -> dict[uuid.UUID, uuid.UUID]:
    """The spans that report a call which a log tells of, and that log, by their keys.

    `same`: the spans that report the call of another one. `logs`: those that may tell of a span's call. A call has one
    log: a cached response comes again, with the same id, in another call.
    """
    reports: dict[uuid.UUID, list[StoredSpan]] = defaultdict(list)
    for row in sorted(rows, key=lambda row: (row.started_at, row.key_id)):
        if row.kind in CALLS:
            reports[same.get(row.key_id, row.key_id)].append(row)
    found: dict[uuid.UUID, uuid.UUID] = {}
    taken: set[uuid.UUID] = set()
    for spans in reports.values():
        pairs = [(span, log) for span in spans for log in logs.get(span.key_id, ()) if log[1] not in taken]
        apart = [(abs(log[0] - span.started_at), log[1]) for span, log in pairs]
        if apart:
            _, log_id = min(apart)
            taken.add(log_id)
            found |= dict.fromkeys([span.key_id for span in spans], log_id)
    return found
