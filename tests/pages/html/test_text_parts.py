"""What in a text is no prose."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sessions_app.pages.html.markdown import render
from sessions_app.pages.html.text_parts import blocks_of
from sessions_app.pages.html.texts import whole_text

CALL = "<apply_diff>\n<path>a.py</path>\n<diff>\n=======\n</diff>\n</apply_diff>"
CHANGE = "<<<<<<< SEARCH\nx = 1\n=======\nx = 2\n>>>>>>> REPLACE"


def parts(text: str) -> list[tuple[str, str]]:
    return [(part.kind, part.text) for part in blocks_of(text)]


def test_it_works() -> None:
    assert parts(f"First this.\n\n{CALL}\nThen\n{CHANGE}\n") == [
        ("prose", "First this.\n\n"),
        ("call", CALL),
        ("prose", "\nThen\n"),
        ("change", CHANGE),
    ]
    html = whole_text(f"{CALL}\n{CHANGE}", is_code=False)
    assert "<h" not in html
    assert "<blockquote" not in html
    assert "&lt;path&gt;a.py&lt;/path&gt;\n&lt;diff&gt;" in html
    assert 'class="del">- x = ' in html


@pytest.mark.parametrize(
    "text",
    [
        "",
        "prose",
        "<task>\n<path>a</path>\n</task>",
        "<user_query>\nFix <b>it</b>\n</user_query>",
        "<read_file>\n<path>a</path>",
        f"```\n{CHANGE}\n```",
        "<<<<<<< SEARCH\nno end",
        "in a line <read_file>\n<path>a</path>\n</read_file>",
    ],
)
def test_all_else_is_prose(text: str) -> None:
    assert parts(text) == [("prose", text)]


@given(
    st.lists(st.sampled_from([CALL, CHANGE, "a", "\n", "```\n", "<read_file>\n{", "</read_file>", " "]), max_size=12)
)
def test_no_word_is_lost(pieces: list[str]) -> None:
    text = "".join(pieces)
    assert "".join("".join(part.text for part in blocks_of(text)).split()) == "".join(text.split())


def test_many_parts_end() -> None:
    text = "<read_file>\n<path>" * 3_000
    assert parts(text) == [("prose", text)]


@pytest.mark.parametrize("text", ["one\ntwo", "one *two*\nthree"])
def test_lines_end_where_they_ended(text: str) -> None:
    assert "<br>\n" in render(text)
