"""What the library of prices knows of a model beside its prices."""

from __future__ import annotations

import pytest

from sessions_app.pricing import library


@pytest.mark.parametrize(
    ("provider", "model", "tokens"),
    [
        ("anthropic", "claude-haiku-4-5", 200_000),
        ("", "gpt-4-turbo", 128_000),
        ("", "mine", None),
        ("", "", None),
        ("", "gpt-4-turbo" * 100, None),
    ],
)
def test_the_context_window_of_a_model(provider: str, model: str, tokens: int | None) -> None:
    assert library.context_window(provider, model) == tokens
