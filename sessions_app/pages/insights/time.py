"""The panel "Where the time went" of a session, or of the time between two of its requests."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta

from django.http import QueryDict

from sessions_app.pages.html import formats
from sessions_app.pages.insights.findings import MOST_EVIDENCE, Evidence
from sessions_app.pages.insights.session import Insights
from sessions_app.pages.session.view import View
from sessions_app.pages.thread.place import whole_number
from sessions_app.queries.derived import time_of
from sessions_app.structure.time_split import (
    CLIENT,
    IDLE,
    LONG_GAP,
    MODELS,
    OTHER,
    PERSON,
    TOOLS,
    TimeSplit,
)

_TITLES = {
    MODELS: ("In models", "at least one request ran"),
    TOOLS: ("In tools", "no request, but a step of a tool ran"),
    CLIENT: ("In tools or the client", "between tool calls and the request with their results, or before a retry"),
    PERSON: ("Waiting for a person", "between an answer without tool calls and what goes on from it"),
    IDLE: ("Idle", f"a gap of more than {LONG_GAP.seconds // 60} minutes that no tool call explains"),
    OTHER: ("Between requests", "it is not known what happened"),
}
# The folded panel names so many of them.
_MOST_NAMED = 3


@dataclass(frozen=True, slots=True)
class TimePart:
    """A part of the time; `left` and `width` in percent of all of it, for the drawing."""

    kind: str
    title: str
    meaning: str
    length: timedelta
    share: str
    left: str
    width: str


@dataclass(frozen=True, slots=True)
class TimePanel:
    """`since` and `until`: the numbers of the first and last request that count. `is_part`: not the whole session."""

    split: TimeSplit
    parts: list[TimePart]
    largest: list[TimePart]
    speed: str
    since: int
    until: int
    is_part: bool
    slow: list[Evidence]
    more_slow: int


def time_panel(query: QueryDict, shown: View, insights: Insights) -> TimePanel | None:
    """None if the requests say nothing of their times, or took none."""
    requests = shown.lines.requests
    since, until = asked_range(query, len(requests))
    between = range(since - 1, until)
    split = time_of(shown.lines, between)
    if split is None or not split.wall:
        return None
    parts = _parts(split)
    chosen = [index for index in insights.slow if index in between]
    return TimePanel(
        split,
        parts,
        sorted(parts, key=lambda part: part.length, reverse=True)[:_MOST_NAMED],
        f"{split.speed:.3g}" if split.speed else "",
        since,
        until,
        (since, until) != (1, len(requests)),
        [Evidence(index + 1, shown.addresses.in_session(index + 1)) for index in sorted(chosen)[:MOST_EVIDENCE]],
        max(len(chosen) - MOST_EVIDENCE, 0),
    )


def asked_range(query: QueryDict, count: int) -> tuple[int, int]:
    """The numbers in an address, also with `#` before them. Those that make no sense stand for the whole session."""
    since, until = (whole_number(query.get(name, "").lstrip("#"), 0) for name in ("since", "until"))
    since = since if 1 <= since <= count else 1
    return since, until if since <= until <= count else count


def _parts(split: TimeSplit) -> list[TimePart]:
    found = []
    left = 0.0
    for kind, length in split.parts.items():
        percent = 100 * length / split.wall
        share = f"{percent:.0f}{formats.NARROW_SPACE}%" if percent >= 1 else f"<1{formats.NARROW_SPACE}%"
        found.append(TimePart(kind, *_TITLES[kind], length, share, f"{left:.2f}%", f"{max(percent, 0.1):.2f}%"))
        left += percent
    return found
