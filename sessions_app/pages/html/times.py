"""Times as `<time>` elements: short on the page, exact in the title. An unknown time is a dash."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime

from markupsafe import Markup

from sessions_app.pages.html import formats
from sessions_app.pages.html.components import component


def time_ago(value: datetime | None) -> Markup | str:
    """How long ago it was."""
    return _time(value, formats.ago)


def time_clock(value: datetime | None) -> Markup | str:
    """The time of day."""
    return _time(value, formats.clock)


def time_day(value: datetime | None) -> Markup | str:
    """The day."""
    return _time(value, formats.day)


def time_begun(value: datetime | None) -> Markup | str:
    """Day and time of day, where that tells things of the same name apart."""
    return _time(value, lambda moment: f"{formats.day(moment)}, {formats.clock(moment)}")


def time_exact(value: datetime | None) -> Markup | str:
    """Day and time to the millisecond."""
    return _time(value, formats.exact_time)


def _time(value: datetime | None, written: Callable[[datetime], str]) -> Markup | str:
    if value is None:
        return formats.UNKNOWN
    return component("time", "time")(value, written(value))
