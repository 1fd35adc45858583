"""Why an answer ended, in the spelling of each API."""

from __future__ import annotations

import pytest

from sessions_app.content.endings import is_cut, is_filtered


@pytest.mark.parametrize(
    "reason",
    [
        "length",
        "MAX_TOKENS",
        "FinishReason.MAX_TOKENS",
        "max_output_tokens",
        "model_length",
        "max-tokens",
        "ERROR_LIMIT",
    ],
)
def test_a_limit_cuts_an_answer(reason: str) -> None:
    assert is_cut(reason)
    assert not is_filtered(reason)


@pytest.mark.parametrize("reason", ["content_filter", "content-filter", "SAFETY", "FinishReason.RECITATION", "refusal"])
def test_a_filter_withholds_an_answer(reason: str) -> None:
    assert is_filtered(reason)
    assert not is_cut(reason)


@pytest.mark.parametrize("reason", ["", "stop", "STOP", "end_turn", "tool_calls", "The length of it", "length " * 30])
def test_other_ends_are_whole(reason: str) -> None:
    assert not is_cut(reason)
    assert not is_filtered(reason)
