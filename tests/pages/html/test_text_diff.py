"""The difference between two texts as HTML."""

from __future__ import annotations

import re
from html import unescape

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sessions_app.pages.html import text_diff
from sessions_app.pages.html.text_diff import diff_html


def lines(html: str, kind: str) -> list[str]:
    """The lines of a kind, `del` or `ins`, as text without their sign."""
    found = re.findall(rf"<{kind} [^>]*>(.*?)</{kind}>", html)
    return [unescape(re.sub("<[^>]*>", "", line))[2:] for line in found]


def test_it_works() -> None:
    old = "One\nTwo\nThree\nFour\nFive\nSix\nSeven"
    html = diff_html(old, old.replace("Six", "Six and a half"))

    assert lines(html, "del") == ["Six"]
    assert lines(html, "ins") == ["Six and a half"]
    assert "+ Six<b> and a half</b>" in html
    assert '<span class="hunk">3 equal lines</span>\n  Four' in html
    assert "Two" not in html


def test_equal_texts_have_no_difference() -> None:
    assert diff_html("One", "One") == ""


@pytest.mark.parametrize(("old", "new"), [("a\r\nb\r\n", "a\nb\n"), ("x\na\r\n", "x\na\n"), ("a\r\nb", "a\nc")])
def test_lines_that_differ_in_their_ends_alone_are_told_apart(old: str, new: str) -> None:
    for html in (diff_html(old, new), "".join(line.html() for line in text_diff.lines_between(old, new))):
        if old.replace("\r", "") == new:
            assert "a\u240d" in lines(html, "del")
            assert "a" in lines(html, "ins")
        else:
            assert (lines(html, "del")[-1], lines(html, "ins")[-1]) == ("b", "c")


def test_the_end_of_the_last_line_is_a_difference() -> None:
    assert lines(diff_html("a", "a\n"), "ins") == [""]


def test_lines_that_have_little_in_common_are_not_compared_by_words() -> None:
    assert "<b>" not in diff_html("Be brief and kind to all.", "Never talk about the weather in Bergen")


def test_text_is_escaped() -> None:
    html = diff_html("<script>\u0000", "<script>alert(1)</script>")
    assert "<script" not in html
    assert "\u2400" in html


@pytest.mark.parametrize("text", ["x" * (text_diff.MOST_CHARS + 1), "x\n" * text_diff.MOST_LINES])
def test_texts_that_are_too_long_are_not_compared(text: str) -> None:
    assert diff_html(text, "y") == diff_html("y", text) == ""


def test_long_lines_are_not_compared_by_words() -> None:
    old = "word " * text_diff.MOST_LINE_CHARS
    assert "<b>" not in diff_html(old, old + "more")


printable = st.text(st.characters(codec="utf-8", exclude_categories=("C", "Z")) | st.sampled_from(" \n<&"), max_size=60)


@given(printable, printable)
def test_removed_and_added_lines_tell_how_one_became_the_other(old: str, new: str) -> None:
    html = diff_html(old, new)
    before, after = old.splitlines(), new.splitlines()
    gone, come = lines(html, "del"), lines(html, "ins")

    assert len(before) - len(gone) == len(after) - len(come) or not (before and after)
    assert all(line in before for line in gone if line)
    assert all(line in after for line in come if line)
