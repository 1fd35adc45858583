"""What stands above the rows: totals of all that match, and a histogram over time of which a part can be chosen."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from django.utils import timezone
from markupsafe import Markup

from sessions_app.models import Project
from sessions_app.pages.html.components import component
from sessions_app.pages.html.formats import MONTHS, cost, exact, extent, in_zone, share, stamp, tokens
from sessions_app.queries.filters import SessionFilters
from sessions_app.queries.matching import Memory
from sessions_app.queries.session_stats import MOST_COUNTED, Bin, Histogram, Totals, histogram, totals

# How high a bar is, in percent, if anything is in it: a lower one could not be seen.
LEAST_HEIGHT = 4.0
AXIS_LABELS = 7
# Of sessions that are closer together no histogram tells anything: it would be one bar of a second.
LEAST_EXTENT = timedelta(hours=1)
_MICROSECOND = timedelta(microseconds=1)


@dataclass(frozen=True)
class TimeBar:
    """A bin of the histogram: from `top` down, `failed_top` for the red part, in percent; "" if there is none.

    `href` leads to its time alone; `start` and `end` are its ends as the address writes them.
    """

    x: int
    href: str
    label: str
    start: str
    end: str
    top: str
    height: str
    failed_top: str
    failed_height: str


@dataclass(frozen=True)
class Overview:
    """The words of the totals, and the drawn histogram, which is empty when nothing matches.

    `anytime`: the query string without a time range, to which a script adds the one that is drawn.
    """

    sums: list[tuple[str, str, str]]
    failed: str
    failed_href: str
    cut: str
    plot: Markup
    axis: list[str]
    peak: str
    label: str
    anytime: str


def overview(project: Project, filters: SessionFilters, address: str) -> Overview:
    """Totals and histogram of the sessions that match."""
    memory: Memory = {}
    found = totals(project, filters, memory)
    start, end = _ends(filters, found)
    drawn = histogram(project, filters, start, end, memory) if start and end and found.sessions else None
    return Overview(
        sums=_sums(found),
        failed=f"{exact(found.failed_requests)} failed" if found.failed_requests else "",
        failed_href=address + filters.asking(filters.query.with_values("status", ["error"])).url_query(),
        cut=_cut(found),
        plot=_plot(drawn, filters, address) if drawn else Markup(""),
        axis=_axis(drawn) if drawn else [],
        peak=f"peak {exact(drawn.peak)} / {_width(drawn.step)}" if drawn else "",
        label=f"Sessions by their last activity, {_width(drawn.step)} a bar, at most {exact(drawn.peak)}"
        if drawn
        else "",
        anytime=filters.without("range").url_query(),
    )


def _ends(filters: SessionFilters, found: Totals) -> tuple[datetime | None, datetime | None]:
    """From when to when the histogram goes: the range that is set, else as far as there are sessions."""
    start = found.first_at if found.is_cut or found.since else filters.since or found.first_at
    end = filters.until or (timezone.now() if filters.range else found.last_at)
    if start and found.last_at and end:
        # A session may lie in the future, by a clock that is wrong.
        end = max(start, end, found.last_at)
        if not filters.since and not filters.until:
            start = min(start, end - LEAST_EXTENT)
    return start, end


def _cut(found: Totals) -> str:
    """What was not counted, in words; "" if all was."""
    if found.since:
        return f"as far back as {stamp(found.since)}"
    return f"of the newest {exact(MOST_COUNTED)}" if found.is_cut else ""


def _sums(found: Totals) -> list[tuple[str, str, str]]:
    """Numbers, what they are, and what more there is to know."""
    both = f"{tokens(found.input_tokens)} → {tokens(found.output_tokens)}"
    sessions = (exact(found.sessions), "session" if found.sessions == 1 else "sessions", "")
    if not found.sessions:
        return [sessions]
    return [
        sessions,
        (exact(found.requests), "request" if found.requests == 1 else "requests", ""),
        (share(found.failed_requests, found.requests), "errors", "Failed requests of all requests"),
        (both, "tokens", "Tokens in → out" if found.input_tokens is not None else "No request reported its tokens"),
        _cost(found),
        (extent(found.median), "p50", "Half of the sessions took at most this long"),
        (extent(found.slow), "p95", "95 % of the sessions took at most this long"),
    ]


# The sums of sessions do not tell of how many of their requests the cost is known.
PARTLY = "Of a session it has the costs that are known; its page says if some are not."


def _cost(found: Totals) -> tuple[str, str, str]:
    if found.cost is None:
        return cost(None), "cost", "No request reported its cost"
    if not found.unpriced:
        return cost(found.cost), "cost", PARTLY
    count = exact(found.unpriced)
    sessions = "session" if found.unpriced == 1 else "sessions"
    return cost(found.cost), f"cost, {count} unknown", f"Without {count} {sessions} of which no cost is known. {PARTLY}"


def _plot(drawn: Histogram, filters: SessionFilters, address: str) -> Markup:
    bars = [_bar(place, one, drawn.peak, filters, address) for place, one in enumerate(drawn.bins)]
    return component("histogram", "plot")(bars=bars)


def _bar(place: int, one: Bin, peak: int, filters: SessionFilters, address: str) -> TimeBar:
    # The end of a range is included.
    end = one.end - _MICROSECOND
    chosen = replace(filters, range="", since=one.start, until=end)
    height = max(100 * one.sessions / peak, LEAST_HEIGHT) if one.sessions else 0.0
    failed = min(max(height * one.failed / one.sessions, LEAST_HEIGHT), height) if one.failed else 0.0
    words = f"{exact(one.sessions)} session{'' if one.sessions == 1 else 's'}"
    return TimeBar(
        x=place,
        href=address + chosen.url_query() if one.sessions else "",
        label=f"{stamp(one.start)}: {words}{f', {exact(one.failed)} with errors' if one.failed else ''}",
        start=one.start.isoformat(),
        end=end.isoformat(),
        top=f"{100 - height:.4g}",
        height=f"{height - failed:.4g}",
        failed_top=f"{100 - failed:.4g}",
        failed_height=f"{failed:.4g}" if failed else "",
    )


def _axis(drawn: Histogram) -> list[str]:
    """Times below the histogram, evenly spread."""
    bins = drawn.bins
    count = min(AXIS_LABELS, len(bins) + 1)
    span = bins[-1].end - bins[0].start
    moments = [bins[0].start + span * place / max(count - 1, 1) for place in range(count)]
    local = [in_zone(moment) for moment in moments]
    # Labels closer than a minute need seconds; within a day the time says it all, with the day where that changes.
    # Several of one day are told apart.
    if span <= timedelta(days=1):
        return _clocks(local, _clock_exactly if span < timedelta(minutes=count) else _clock)
    if span < timedelta(days=count - 1):
        return [_day_and_clock(moment) for moment in local]
    crosses = local[0].year != local[-1].year
    return [f"{_day(moment)} {moment.year}" if crosses else _day(moment) for moment in local]


def _clocks(moments: list[datetime], write: Callable[[datetime], str]) -> list[str]:
    """The times; where they cross midnight, with the day at the first time of each."""
    if moments[0].date() == moments[-1].date():
        return [write(moment) for moment in moments]
    days = [None, *(moment.date() for moment in moments)]
    return [
        f"{_day(moment)}, {write(moment)}" if moment.date() != before else write(moment)
        for moment, before in zip(moments, days, strict=False)
    ]


def _clock(moment: datetime) -> str:
    return f"{moment:%H:%M}"


def _clock_exactly(moment: datetime) -> str:
    return f"{moment:%H:%M:%S}"


def _day(moment: datetime) -> str:
    return f"{moment.day} {MONTHS[moment.month - 1]}"


def _day_and_clock(moment: datetime) -> str:
    return f"{_day(moment)}, {_clock(moment)}"


def _width(step: timedelta) -> str:
    """How wide a bar is: `15 min`, `1 h`, `2 d`."""
    seconds = int(step.total_seconds())
    size, unit = next(pair for pair in ((86_400, "d"), (3_600, "h"), (60, "min"), (1, "s")) if seconds % pair[0] == 0)
    return f"{seconds // size} {unit}"
