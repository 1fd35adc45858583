"""Words about results of tools."""

from __future__ import annotations

import pytest

from sessions_app.content.blocks import ToolCallBlock
from sessions_app.pages.html.source import BlockAddress
from sessions_app.pages.html.tool_calls import MOST_COUNTED, failed_results, summary_of_arguments, unanswered_call


def test_more_failures_than_are_counted_are_not_told_as_an_exact_number() -> None:
    assert failed_results(2, 1) == "2 tool results failed, 1 more looks failed"
    assert failed_results(0, MOST_COUNTED) == "at least 1,000 tool results look failed"
    assert failed_results(MOST_COUNTED - 1, 1) == "at least 999 tool results failed, 1 more looks failed"


@pytest.mark.parametrize(
    "arguments",
    [
        '{"path": "a", "path": "b"}',
        '{"edits": [{"old": "a", "new": "b", "new": "c"}], "path": "x"}',
        '{"a": {"path": "a", "b": 1, "path": "b"}}',
    ],
)
def test_of_a_name_that_is_repeated_no_value_is_chosen(arguments: str) -> None:
    assert summary_of_arguments(arguments) == arguments
    for tool in ("read_file", "edit_file", "bash"):
        html = unanswered_call(ToolCallBlock(tool, arguments, "1"), BlockAddress("/r/", b"1", "0"), None, "")
        assert "is given more than once" in html
        assert "no result" not in html


def test_repeated_command_is_not_drawn_as_one_command() -> None:
    call = ToolCallBlock("bash", '{"command": "ls", "command": "rm -rf x"}', "1")
    html = unanswered_call(call, BlockAddress("/r/", b"1", "0"), None, "")
    assert "The name <code><bdi>command</bdi></code> is given more than once" in html
    assert html.count("rm -rf x") >= 2
    assert html.count("ls") >= 2
