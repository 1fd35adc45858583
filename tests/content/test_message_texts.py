"""The text of a message by which it is found."""

from __future__ import annotations

import json

import pytest
from hypothesis import given, strategies

from sessions_app.content.blocks import Message, OtherBlock, TextBlock, ToolCallBlock, ToolResultBlock
from sessions_app.content.documents import PartKind
from sessions_app.content.message_reader import MessageReader
from sessions_app.content.message_texts import searchable_text, without_escapes
from sessions_app.content.messages import message_of, plain_text_in, read_message
from sessions_app.content.search_facts import facts_of_message
from sessions_app.content.search_text import normalised, terms_of
from sessions_app.content.searched_parts import plainly_lacks, text_of_part
from sessions_app.content.unread import unread_in

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


CONTENTS = (
    "Hello",
    "a <think>b</think> c",
    "left</think>right",
    "",
    '{"a": "b\\\\nc"}',
    "/9j/" + "A1b2" * 20,
    "think <thin",
)


@pytest.mark.parametrize("role", ["user", "assistant", "model", "tool", "function", "CHATBOT", "odd", "", None, 5])
@pytest.mark.parametrize("content", [*CONTENTS, None, ["Hello"], {"text": "Hello"}])
@pytest.mark.parametrize("more", [{}, {"name": "bob"}, {"tool_calls": []}])
def test_the_quick_way_reads_what_the_slow_one_does(role: object, content: object, more: dict[str, object]) -> None:
    raw = json.dumps({"role": role, "content": content} | more).encode()
    message = message_of(json.loads(raw), "user")
    assert read_message(raw, "user") == message
    is_plain = isinstance(content, str) and not more and len(message.blocks) < 2
    quick = plain_text_in(raw)
    assert quick in (None, searchable_text(message))
    if quick is not None:
        assert unread_in(raw, message) is None
        assert not list(facts_of_message(message))
    elif is_plain and content in ("Hello", "think <thin"):
        assert role in ("tool", "function", "", None, 5)


ODD = 'aZ9 \\n\\\\u0041\\t"<think>{[/9jé１'
RAW = strategies.text(ODD, max_size=12) | strategies.text(max_size=8)


@given(strategies.sampled_from(["user", "assistant", "tool", "system"]), RAW, strategies.booleans(), RAW)
def test_what_plainly_lacks_a_word_does_not_have_it(role: str, content: str, is_ascii: bool, inner: str) -> None:
    content = content.replace("9", json.dumps(inner))
    dumped = json.dumps({"role": role, "content": content}, ensure_ascii=is_ascii, separators=(",", ":")).encode()
    # As it is, and with the escapes of the text as those of the JSON, valid or not.
    for raw in (dumped, dumped.replace(b"\\\\", b"\\")):
        text = text_of_part(PartKind.MESSAGE, b"", raw, "user", MessageReader())
        words = [word for word in terms_of(text) if word.isascii() and word.isalnum()]
        assert not any(plainly_lacks(raw, [word.encode()]) for word in words), (raw, text)


def test_most_messages_plainly_lack_a_word() -> None:
    assert plainly_lacks(b'{"role":"user","content":"Hello\\nthere"}', [b"cat", b"ther1"])
    assert not plainly_lacks(b'{"role":"user","content":"Hello\\nthere"}', [b"cat", b"there"])
    assert not plainly_lacks(b'{"role":"user","content":"\\u0063at"}', [b"cat"])


@pytest.mark.parametrize("raw", [b'{"role":"user","content":"\xff"}', b'{"role":"user"', b'"Hello"', b"[]", b"NaN"])
def test_what_is_no_plain_message_has_no_quick_way(raw: bytes) -> None:
    assert plain_text_in(raw) is None
