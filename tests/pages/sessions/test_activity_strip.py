"""Drawing a session on one line. No database."""

from __future__ import annotations

import re
import uuid
from dataclasses import fields
from datetime import timedelta
from typing import Any

from sessions_app.pages.sessions.activity_strip import draw_strip
from sessions_app.queries.activity import Activity
from sessions_app.queries.session_list import SessionRow
from tests.factories import START


def make_row(**changes: Any) -> SessionRow:
    values: dict[str, Any] = {field.name: None for field in fields(SessionRow)}
    defaults = {"id": uuid.uuid4(), "first_at": START, "last_at": START + timedelta(seconds=84)}
    counts = {"request_count": 2, "error_count": 0, "tool_error_count": 0, "tool_looks_failed_count": 0}
    return SessionRow(**values | defaults | counts | changes)


def bars(spans: list[Activity]) -> list[tuple[bool, float, float]]:
    drawn = draw_strip(make_row(), spans)
    found = re.findall(r'<rect( class="e")? x="([\d.]+)%" y="[\d.]+" width="([\d.]+)%"', drawn)
    return [(bool(failed), float(x), float(width)) for failed, x, width in found]


def lines(spans: list[Activity]) -> list[tuple[float, float]]:
    found = re.findall(r'<line x1="([\d.]+)%" x2="([\d.]+)%"', draw_strip(make_row(), spans))
    return [(float(start), float(end)) for start, end in found]


def test_it_works() -> None:
    assert bars([Activity(0, 0.1, False), Activity(0.5, 1, True)]) == [(False, 1.0, 9.8), (True, 50.0, 49.0)]


def test_label_is_a_sentence() -> None:
    assert 'aria-label="2 requests over 1\u202fm 24\u202fs"' in draw_strip(make_row(), [])
    assert 'aria-label="1 request over 1\u202fm 24\u202fs, 1 failed"' in draw_strip(
        make_row(request_count=1, error_count=1), []
    )


def test_label_has_no_length_that_is_not_known() -> None:
    assert 'aria-label="2 requests"' in draw_strip(make_row(last_at=START), [])


def test_spans_that_touch_are_one_bar() -> None:
    assert bars([Activity(0, 0.2, False), Activity(0.2, 0.3, False), Activity(0.1, 0.15, False)]) == [
        (False, 1.0, 29.4)
    ]


def test_failures_are_drawn_last_and_not_joined_with_others() -> None:
    assert [failed for failed, _, _ in bars([Activity(0, 0.5, True), Activity(0.5, 1, False)])] == [False, True]


def test_short_requests_stay_visible() -> None:
    assert bars([Activity(0.5, 0.5, False)]) == [(False, 50.0, 0.15)]


def test_base_line_is_broken_where_the_session_was_idle() -> None:
    assert lines([Activity(0, 0.1, False), Activity(0.2, 0.3, False), Activity(0.9, 1, False)]) == [
        (1.0, 30.4),
        (89.2, 99.0),
    ]
