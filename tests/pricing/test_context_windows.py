"""How large the contexts of models may be."""

from __future__ import annotations

import pytest

from sessions_app.pricing import library
from sessions_app.pricing.context_windows import FILE, collected, context_window, text_of


def test_file_is_that_of_the_installed_package() -> None:
    assert FILE.read_text() == text_of(collected()), "run: python -m sessions_app.pricing.context_windows"


@pytest.mark.parametrize(
    ("provider", "model", "tokens"),
    [
        ("anthropic", "claude-haiku-4-5", 200_000),
        ("", "gpt-4-turbo", 128_000),
        ("", "gpt-4o-2024-11-20", 128_000),
        ("", "azure/gpt-4o", 128_000),
        ("azure", "gpt-4o", 128_000),
        ("litellm", "Claude-Sonnet-4-5-20250929", 200_000),
        ("", "bedrock/anthropic.claude-3-5-sonnet-20240620-v1:0", 200_000),
        ("our own", "gpt-4o", None),
        ("", "nobody/gpt-4o", None),
        ("", "mine", None),
        ("", "", None),
        ("", "gpt-4-turbo" * 100, None),
    ],
)
def test_window_is_that_of_the_model(provider: str, model: str, tokens: int | None) -> None:
    assert context_window(provider, model) == tokens


def test_each_model_of_the_library_has_the_window_that_it_has_there() -> None:
    wrong = []
    for provider in library.providers():
        known = any(model.context_window for model in provider.models)
        for model in provider.models if known else ():
            found = library._find(provider.id, model.id, "")
            if context_window(provider.id, model.id) != (found[1].context_window if found else None):
                wrong.append(f"{provider.id}/{model.id}")
    assert wrong == []
