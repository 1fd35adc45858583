"""Where long texts are cut."""

from __future__ import annotations

import pytest

from sessions_app.pages.html.excerpts import excerpt

RED = "\x1b[38;5;175m"


@pytest.mark.parametrize(
    ("text", "chars", "shown"),
    [
        ("plain text", 5, "plain"),
        (f"red {RED}ink", 4, "red "),
        (f"red {RED}ink", 5, "red "),
        (f"red {RED}ink", 4 + len(RED) - 1, "red "),
        (f"red {RED}ink", 4 + len(RED), f"red {RED}"),
        # No sequence: nothing is held back.
        ("red \x1b ink and more", 8, "red \x1b in"),
        # A text that begins with one shows something in any case.
        (f"{RED}ink", 3, RED[:3]),
    ],
)
def test_sequences_of_a_terminal_are_not_cut_in_two(text: str, chars: int, shown: str) -> None:
    found = excerpt(text, chars)
    assert found.shown == shown
    assert found.hidden_chars == len(text) - len(shown)
