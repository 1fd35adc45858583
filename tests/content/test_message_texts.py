"""The text of a message by which it is found."""

from __future__ import annotations

import json

import pytest
from hypothesis import given, strategies

from sessions_app.content.blocks import Message, OtherBlock, TextBlock, ToolCallBlock, ToolResultBlock
from sessions_app.content.message_texts import searchable_text, without_escapes
from sessions_app.content.search_text import normalised

TEXT = 'cd C:\\tmp\nzebra "東京" é 👩‍💻\ttab'


@pytest.mark.parametrize("is_ascii", [True, False])
def test_json_is_read_as_pages_show_it(is_ascii: bool) -> None:
    raw = json.dumps({"a": [{"b": TEXT}]}, ensure_ascii=is_ascii)
    blocks = [ToolCallBlock(name="look", arguments=raw), ToolResultBlock(text=raw)]
    said = searchable_text(Message("assistant", blocks))
    assert said == "\n".join(["look", *[f'{{"a": [{{"b": "{TEXT}"}}]}}'] * 2])


def test_what_is_no_json_is_as_it_is_written() -> None:
    for text in ("C:\\new\\zebra", "{a: C:\\new", "\\u6771", "[ok]", ""):
        assert without_escapes(text) == text
        assert searchable_text(Message("user", [TextBlock(f"{{{text}}}")])) == f"{{{text}}}"


def test_values_that_are_not_understood_are_read_so_too() -> None:
    assert "line\nzebra" in searchable_text(Message("user", [OtherBlock({"type": "x", "y": "line\nzebra"})]))


@pytest.mark.parametrize("odd", ['{"\\ud83d"}', '{"\\u12"}', '{"\\"}', '{"\\x41\\', '"\\u0000"', '{"a\\\n"}'])
def test_odd_escapes_do_no_harm(odd: str) -> None:
    normalised(without_escapes(odd))


@given(strategies.text(strategies.characters(codec="utf-8"), max_size=40))
def test_each_text_is_found_in_its_json(text: str) -> None:
    for is_ascii in (True, False):
        assert text in without_escapes(json.dumps([text], ensure_ascii=is_ascii))
