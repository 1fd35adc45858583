"""Times as `<time>` elements: short on the page, exact in the title. An unknown time is a dash."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, tzinfo
from functools import lru_cache

from django.utils import timezone
from markupsafe import Markup

from sessions_app.pages.html import formats
from sessions_app.pages.html.components import component, joined

_END = Markup("</time>")


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
    return joined((_opened(value, timezone.get_current_timezone()), written(value), _END))


# A list shows the same moments again and again.
@lru_cache(maxsize=4096)
def _opened(value: datetime, zone: tzinfo) -> Markup:
    """The element's start, which depends on the viewer's zone. Writing it takes longer than all the rest."""
    return component("time", "opened")(value)
