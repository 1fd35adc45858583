"""Times to the millisecond, for the pages of sessions and requests."""

from __future__ import annotations

from datetime import datetime

from django import template
from markupsafe import Markup

from sessions_app.pages.html.components import component
from sessions_app.templatetags.format import MONTHS, UNKNOWN, in_zone, stamp

register = template.Library()


@register.simple_tag
def time_exact(value: datetime | None) -> Markup | str:
    """A `<time>` to the millisecond, in the viewer's zone: `18 Nov 2025, 14:02:15.420`."""
    if value is None:
        return UNKNOWN
    local = in_zone(value)
    text = f"{local.day} {MONTHS[local.month - 1]} {local.year}, {local:%H:%M:%S}.{local.microsecond // 1000:03d}"
    return component("time", "time")(local.isoformat(), stamp(value), text)
