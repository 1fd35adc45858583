"""What turns texts into HTML: escaping, JSON for reading, terminal output, media. No database."""

from __future__ import annotations

import base64
import json
import re
from html import unescape

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sessions_app.content.blocks import MediaBlock
from sessions_app.pages.html import media
from sessions_app.pages.html.excerpts import excerpt, piece
from sessions_app.pages.html.json_text import drawn, indented
from sessions_app.pages.html.messages import summary_of_arguments
from sessions_app.pages.html.plain_text import isolated, shown, visible
from sessions_app.pages.html.terminal import terminal
from tests.pages.conversations import png

json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=20,
)


# --- plain text -----------------------------------------------------------------------------------------------------


@given(st.text())
def test_shown_text_is_inert_and_whole(text: str) -> None:
    html = shown(text)

    assert not set("<>\"'") & set(html)
    html.encode("utf-8")
    assert len(unescape(html)) == len(text)


def test_control_characters_become_visible() -> None:
    assert visible("a\x00b\x1bc\x7fd\x9be\ud800f\tg\nh\r\n") == "a␀b␛c␡d\ufffde\ufffdf\tg\nh\r\n"
    assert isolated("\u202eabc") == "<bdi>\u202eabc</bdi>"


@pytest.mark.parametrize(
    ("text", "html"),
    [
        ("\x1b[31mFAILED\x1b[0m ok", '<span class="e">FAILED</span> ok'),
        ("\x1b[1;32mbold\x1b[m", '<span class="w f2">bold</span>'),
        ("\x1b[38;5;12mblue <b>\x1b[39m", '<span class="f4">blue &lt;b&gt;</span>'),
        ("\x1b]0;title", "␛]0;title"),
        ("plain", "plain"),
    ],
)
def test_terminal_colours_are_ink(text: str, html: str) -> None:
    assert terminal(text) == html


# --- excerpts -------------------------------------------------------------------------------------------------------


@given(st.text(alphabet="ab\n", max_size=400), st.integers(1, 100), st.integers(1, 10))
def test_excerpt_and_what_it_hides_are_the_whole(text: str, chars: int, lines: int) -> None:
    found = excerpt(text, chars, lines)

    assert text.startswith(found.shown)
    assert len(found.shown) + found.hidden_chars == len(text)
    assert len(found.shown) <= chars
    assert found.shown.count("\n") < lines or found.hidden_chars == 0


def test_pieces_put_together_are_the_whole() -> None:
    text = "".join(f"{number}," for number in range(60_000))
    offset, together = 0, ""
    while offset is not None:
        found = piece(text, offset)
        assert found.hidden_chars == len(text) - offset - len(found.text)
        together += found.text
        offset = found.next_offset  # type: ignore[assignment]

    assert together == text
    assert piece(text, 10**9).text == ""


# --- JSON -----------------------------------------------------------------------------------------------------------


@given(json_values, st.sampled_from([None, 1]))
def test_indented_json_says_the_same(value: object, indent: int | None) -> None:
    assert indented(json.dumps(value, indent=indent)) == json.dumps(value, indent=2).replace("{}", "{}")


@given(st.text())
def test_drawn_text_loses_nothing(text: str) -> None:
    assert unescape(re.sub(r"<[^>]*>", "", drawn(text))) == visible(text)


def test_json_is_drawn_with_ink() -> None:
    assert drawn('{"a": ["<b>", 1]}') == (
        '<span class="p">{</span><span class="k">&quot;a&quot;</span><span class="p">:</span> <span class="p">[</span>'
        '<span class="s">&quot;&lt;b&gt;&quot;</span><span class="p">,</span> <span class="n">1</span>'
        '<span class="p">]</span><span class="p">}</span>'
    )


@pytest.mark.parametrize(
    ("arguments", "summary"),
    [
        ('{"path": "src/a.py", "lines": 40}', "path: src/a.py, lines: 40"),
        ('{"run": 4812, "job": "unit, 3.12"}', 'run: 4812, job: "unit, 3.12"'),
        ("ls -la\n  | wc", "ls -la | wc"),
        ("{broken", "{broken"),
        ("", ""),
        ("[1, 2]", "[1, 2]"),
    ],
)
def test_arguments_in_one_line(arguments: str, summary: str) -> None:
    assert summary_of_arguments(arguments) == summary


# --- media ----------------------------------------------------------------------------------------------------------


def image(url: str) -> MediaBlock:
    return MediaBlock("image", url)


def data_url(content: bytes, media_type: str = "image/png") -> str:
    return f"data:{media_type};base64,{base64.b64encode(content).decode()}"


def test_picture_tells_its_type_and_size() -> None:
    found = media.picture(image(png(30, 20)))

    assert found is not None
    assert (found.media_type, found.width, found.height) == ("image/png", 30, 20)
    assert found.byte_size == len(base64.b64decode(png(30, 20).partition(",")[2]))


@pytest.mark.parametrize(
    ("content", "media_type"),
    [
        (b"GIF89a\x02\x00\x03\x00rest", "image/gif"),
        (b"\xff\xd8\xff\xe0\x00\x04ab\xff\xc0\x00\x11\x08\x00\x03\x00\x02rest", "image/jpeg"),
        (b"RIFF\x00\x00\x00\x00WEBPVP8 ", "image/webp"),
        (b"\x00\x00\x00\x1cftypavif", "image/avif"),
    ],
)
def test_type_is_told_by_the_bytes(content: bytes, media_type: str) -> None:
    found = media.picture(image(data_url(content, "text/html")))

    assert found is not None
    assert found.media_type == media_type
    if media_type in ("image/gif", "image/jpeg"):
        assert (found.width, found.height) == (2, 3)


@pytest.mark.parametrize(
    "url",
    [
        "",
        "https://cdn.example/cat.png",
        "javascript:alert(1)",
        data_url(b"<svg onload=alert(1)>", "image/svg+xml"),
        data_url(b"<html>", "image/png"),
        "data:image/png;base64,####",
        "data:image/png,plain",
        "data:image/png;base64,[base64_data truncated: 4.3KB]",
    ],
)
def test_anything_else_is_no_picture(url: str) -> None:
    assert media.picture(image(url)) is None


@given(st.binary(max_size=60))
def test_base64_is_forgiving(content: bytes) -> None:
    text = base64.b64encode(content).decode()

    for form in (text, text.rstrip("="), base64.urlsafe_b64encode(content).decode(), "\n".join(text)):
        assert media.decode(form) == content
