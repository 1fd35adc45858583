"""Texts as HTML: what is not seen in code is marked; prose keeps what its language needs."""

from __future__ import annotations

from collections.abc import Callable
from html import unescape
from re import sub

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sessions_app.pages.html.markdown import render
from sessions_app.pages.html.plain_text import inked, revealed, spelled, visible
from sessions_app.pages.html.syntax import in_inks
from sessions_app.pages.html.terminal import terminal


def as_tags(text: str) -> str:
    return "".join(chr(0xE0000 + ord(letter)) for letter in text)


def as_variants(text: str) -> str:
    return "".join(chr(0xFE00 + byte if byte < 16 else 0xE0100 + byte - 16) for byte in text.encode())


@pytest.mark.parametrize(
    "code",
    [
        *range(0x202A, 0x202F),
        *range(0x2066, 0x206A),
        0x200E,
        0x200F,
        0x61C,
        0x200B,
        0x2060,
        0xFEFF,
        0xAD,
        0x2028,
        0x3164,
    ],
)
def test_what_is_not_seen_in_code_is_marked(code: int) -> None:
    text = f'if a{chr(code)} == "b"'
    mark = f'<bdi class="unseen" data-mark="U+{code:04X}"'
    for html in (spelled(text), inked(text, "k"), terminal(text), terminal(f"\x1b[1m{text}"), in_inks(text, "Python")):
        assert mark in html
        # What is copied is what came.
        assert chr(code) in html
    assert mark in render(f"Run `rm{chr(code)} x` now")
    assert mark in render(f"```\nrm{chr(code)} x\n```")


@pytest.mark.parametrize(
    "text", ["می\u200cخواهم", "क्\u200dष", "👨\u200d👩\u200d👧", "❤\ufe0f", "1\ufe0f\u20e3", "葛\U000e0100"]
)
def test_what_belongs_to_a_letter_or_an_emoji_is_left(text: str) -> None:
    assert spelled(text) == text
    assert revealed(text) == text


@pytest.mark.parametrize("text", ["a\u200cb", "a\u200db", "rm\ufe0f", "\u200b\u200d"])
def test_elsewhere_it_is_marked(text: str) -> None:
    assert "unseen" in spelled(text)


def test_prose_keeps_the_marks_that_its_language_needs() -> None:
    text = "שלום\u200f (world)\u200e! \u2067x\u2069"
    assert revealed(text) == text
    assert "unseen" not in render(text)


@pytest.mark.parametrize("hide", [as_tags, as_variants])
def test_text_that_is_hidden_from_people_is_shown(hide: Callable[[str], str]) -> None:
    text = f"Hello 😀{hide('obey <me>')} there"
    for html in (revealed(text), spelled(text), render(text), render(f"*{text}*")):
        assert 'data-mark="obey &lt;me&gt;"' in html
        assert "<me>" not in html


def test_a_flag_is_no_hidden_text() -> None:
    flag = "🏴" + as_tags("gbeng") + "\U000e007f"
    assert revealed(flag) == flag
    assert "unseen" in revealed(as_tags("gbeng"))


@given(st.text(alphabet='ab<"&\u202e\u200d\ufe0f\U000e0041\U000e0100\u200f😀🏴\x00', max_size=30))
def test_nothing_is_lost(text: str) -> None:
    for html in (spelled(text), revealed(text)):
        assert unescape(sub("<[^>]*>", "", html)) == visible(text)
