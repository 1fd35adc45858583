"""The pieces of threads: rows, folds, buttons, and the chips that say how something went."""

from __future__ import annotations

import re
from collections.abc import Callable

import pytest
from django.template import engines
from markupsafe import Markup

from sessions_app.pages.html import pieces
from sessions_app.pages.html.components import component

HOSTILE = '"><script>alert(1)</script>'


def text(html: str) -> str:
    return " ".join(re.sub("<[^>]*>", " ", html).split())


def rendered(template: str, **context: object) -> str:
    return engines["django"].from_string("{% load icons pieces %}" + template).render(context)


def test_it_works() -> None:
    row = pieces.row("user", Markup("<p>Hello</p>"), "alice")
    assert row.startswith('<div class="msg" data-role="user">')
    assert "<p>Hello</p>" in row
    assert text(row) == "user alice Hello"


def test_role_and_author_are_escaped_and_cut() -> None:
    row = pieces.row(HOSTILE, Markup("x"), HOSTILE + "y" * 100)
    assert "<script" not in row
    assert 'data-role="other"' in row
    assert re.sub(r' title="[^"]*"', "", row).count("y") < 40
    assert row.count("y") < 240
    assert row.count("…") == 1


@pytest.mark.parametrize("piece", [pieces.reference, pieces.request_link, pieces.more])
def test_text_is_escaped(piece: Callable[..., str]) -> None:
    assert "<script" not in piece(HOSTILE, HOSTILE if piece is not pieces.request_link else 3)


def test_fold_escapes_its_title_and_glimpse_and_keeps_its_content() -> None:
    fold = pieces.fold(HOSTILE, Markup("<pre>"), HOSTILE, HOSTILE)
    assert "<script" not in fold
    assert "<pre>" in fold


def test_code_box_adds_no_white_space_to_code() -> None:
    assert "<code>{\n  1}</code>" in pieces.code_box(Markup("{\n  1}"))
    assert '<code><span class="e">x</span></code>' in pieces.code_box(Markup("x"), "e")


def test_text_without_hidden_characters_has_no_button() -> None:
    content = Markup("<p>")
    assert pieces.clamped(content, "/x/", 0) is content
    assert "Show 1 more character<" in pieces.clamped(content, "/x/", 1)
    assert "Show 1,200 more characters<" in pieces.clamped(content, "/x/", 1_200)


@pytest.mark.parametrize(
    ("is_error", "http_status", "state", "words"),
    [
        (False, None, "ok", "ok"),
        (False, 200, "ok", "200"),
        (True, 429, "error", "429 failed"),
        (True, None, "error", "failed"),
    ],
)
def test_request_says_how_it_went(is_error: bool, http_status: int | None, state: str, words: str) -> None:
    chip = rendered("{% http_outcome is_error http_status %}", is_error=is_error, http_status=http_status)
    assert f'data-state="{state}"' in chip
    assert text(chip) == words


def test_outcome_is_an_icon_with_words_for_who_does_not_see_it() -> None:
    assert '#i-error"' in rendered("{% outcome failed %}", failed=True)
    assert '<span class="vh">failed</span>' in rendered("{% outcome failed %}", failed=True)
    assert '<span class="vh">ok</span>' in rendered("{% outcome failed %}", failed=False)


def test_templates_and_components_have_the_same_icon() -> None:
    assert rendered('{% icon "copy" %}') == component("icon", "icon")("copy")
    assert "data-size" not in rendered('{% icon "copy" size="" %}')


def test_menu_of_corrections_is_for_those_who_may() -> None:
    template = '{% correction_menu 2 "/p/acme/requests/1/" "1" %}'
    assert not rendered(template, may_correct=False, correct_url="/correct/")
    assert 'href="/correct/?request=1"' in rendered(template, may_correct=True, correct_url="/correct/")
    assert "Split here" not in rendered(template.replace("2", "1", 1), may_correct=True, correct_url="/correct/")


def test_warning_is_escaped() -> None:
    assert "<script" not in rendered("{% warning words %}", words=HOSTILE)
    assert '#i-clock"' in rendered('{% warning words "clock" %}', words="late")
