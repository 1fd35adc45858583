"""Words about results of tools."""

from __future__ import annotations

from sessions_app.pages.html.tool_calls import MOST_COUNTED, failed_results


def test_more_failures_than_are_counted_are_not_told_as_an_exact_number() -> None:
    assert failed_results(2, 1) == "2 tool results failed, 1 more looks failed"
    assert failed_results(0, MOST_COUNTED) == "at least 1,000 tool results look failed"
    assert failed_results(MOST_COUNTED - 1, 1) == "at least 999 tool results failed, 1 more looks failed"
