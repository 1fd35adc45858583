"""Messages as HTML: every kind of block is shown, and nothing in it can become markup."""

from __future__ import annotations

import re
from html import unescape
from typing import get_args

import pytest

from sessions_app import bounds
from sessions_app.content.blocks import (
    Citation,
    CitationsBlock,
    ContentBlock,
    MediaBlock,
    Message,
    OtherBlock,
    ReasoningBlock,
    RefusalBlock,
    TextBlock,
    ToolCallBlock,
    ToolResultBlock,
)
from sessions_app.pages.html.messages import (
    Execution,
    FoundCall,
    FoundResult,
    MessageWriter,
    Pairs,
    Source,
    removed_fold,
    with_seams,
)
from sessions_app.pages.html.plain_text import shown

ODD = "<script>&\"'\x00</script>"
BLOCKS: list[ContentBlock] = [
    TextBlock(ODD),
    ReasoningBlock(ODD),
    ToolCallBlock(ODD, ODD, ODD),
    ToolResultBlock(ODD, ODD, ODD, is_error=True),
    ToolResultBlock(blocks=[OtherBlock(ODD), MediaBlock("image", ODD), MediaBlock("audio", name=ODD)]),
    MediaBlock("image", ODD, ODD, ODD),
    MediaBlock("image", f"https://example.com/{ODD}", name=ODD),
    MediaBlock("audio", name=ODD, text=ODD),
    MediaBlock("file", f"data:text/{ODD};base64,aGk=", ODD, ODD, ODD),
    MediaBlock("file", name=ODD, media_type=ODD),
    RefusalBlock(ODD),
    CitationsBlock([Citation(ODD, f"https://example.com/{ODD}", ODD), Citation(url=ODD)]),
    OtherBlock({"type": ODD, ODD: ODD}),
]


def source(*blocks: ContentBlock, role: str = "assistant", name: str = "", place: int = 1) -> Source:
    return Source(Message(role, blocks, name), bytes([place]) * 8, place)


def text(html: str) -> str:
    return " ".join(unescape(re.sub(r"<[^>]*>", " ", html)).split())


def is_inert(html: str) -> bool:
    return "<script" not in html and "\x00" not in html


@pytest.mark.parametrize("block", BLOCKS, ids=lambda block: type(block).__name__)
def test_nothing_in_a_block_becomes_markup(block: ContentBlock) -> None:
    html = "".join(MessageWriter("/p/x/requests/1/").blocks(source(block)))
    assert is_inert(html)
    assert text(html)


def test_every_kind_of_block_is_tested() -> None:
    assert {type(block) for block in BLOCKS} == set(get_args(ContentBlock))


@pytest.mark.parametrize("role", ["system", "user", "assistant", "tool", ODD])
def test_nothing_around_a_message_becomes_markup(role: str) -> None:
    html = MessageWriter("/p/x/requests/1/", end_user=ODD).thread([source(TextBlock("Hello"), role=role, name=ODD)])
    assert is_inert(html)
    assert "Hello" in text(html)


def test_a_call_stands_with_its_result_and_what_it_executed() -> None:
    call, result = ToolCallBlock("read", '{"path": "a.py"}', "c"), ToolResultBlock("c", "x = 1\ny = 2")
    ran = Execution("/p/x/requests/2/?a=1&b=2", "1.2 s", "", "")
    pairs = Pairs(
        results={(1, 0): FoundResult(result, b"\x02" * 8, 0)},
        calls={(2, 0): FoundCall("read", 3, "/p/x/sessions/s/#r3")},
        executions={(1, 0): ran},
    )
    writer = MessageWriter("/p/x/requests/1/", pairs)
    html = writer.thread([source(call), source(result, role="tool", place=2)])

    assert "read path: a.py 2 lines 1.2 s 11 B ok" in text(html)
    assert 'href="/p/x/requests/2/?a=1&amp;b=2">ran 1.2 s</a>' in html
    assert "read, 11 B, shown with its call in 3" in re.sub(r" ,", ",", text(html))
    assert html.count('y = <span class="n">2</span>') == 1


def test_a_failed_call_is_open() -> None:
    ran = Execution("/", "1 s", f"Boom {ODD}", "")
    writer = MessageWriter("/", Pairs(executions={(1, 0): ran}))
    html = "".join(writer.blocks(source(ToolCallBlock("read"))))
    assert 'data-state="error" open' in html
    assert is_inert(html)
    assert "ran 1 s" in text(html)


@pytest.mark.parametrize(
    ("pairs", "note"),
    [
        (Pairs(), ""),
        (Pairs(unanswered={(1, 0)}), "no result was sent back"),
        (Pairs(is_complete=False), "too many calls to look for its result"),
    ],
)
def test_a_call_without_a_result_says_what_is_known(pairs: Pairs, note: str) -> None:
    html = "".join(MessageWriter("/", pairs).blocks(source(ToolCallBlock("read"))))
    assert f"read {note}".strip() in text(html)
    assert ("result" in text(html)) == bool(note)
    assert "data-state" not in html


def test_reasoning_that_is_encrypted_or_empty_says_so() -> None:
    html = MessageWriter("/").output([source(ReasoningBlock(encrypted_chars=90), ReasoningBlock())])
    assert text(html) == "assistant Reasoning, encrypted by the provider, 90 characters Reasoning, not sent"


def test_neighbouring_images_and_files_share_a_row() -> None:
    file = MediaBlock("file", name="a.pdf")
    html = "".join(MessageWriter("/").blocks(source(file, file, TextBlock("and"), file)))
    assert html.count('<div class="thumbs">') == 2


def test_more_files_than_are_offered_are_counted() -> None:
    result = ToolResultBlock(blocks=[MediaBlock("file", name="a.pdf")] * 53)
    assert "3 more in the raw JSON" in text("".join(MessageWriter("/").blocks(source(result))))


def test_marks_of_omissions_are_escaped_where_they_stand() -> None:
    html = with_seams("before base64,[base64_data truncated: 1KB] after <b>", shown)
    assert text(html).startswith("before base64, LiteLLM left out about 1 KB of encoded media here.")
    assert html.endswith("after &lt;b&gt;")


def test_a_removed_prompt_is_folded() -> None:
    html = removed_fold("System prompt removed", ODD)
    assert is_inert(html)
    assert "System prompt removed" in text(html)


def test_messages_beyond_the_budget_are_left_out_and_the_first_is_written() -> None:
    sources = [source(TextBlock(f"Message {n}"), role="user", place=n) for n in range(50)]
    writer = MessageWriter("/")
    with bounds.answer(5_000, 600):
        html = writer.thread(sources)
    assert "Message 0" in html
    assert 0 < len(writer.left_out) < 50
    assert html.count("Message ") == 50 - len(writer.left_out)
    with bounds.answer(0, 600):
        assert "Message 0" in MessageWriter("/").thread(sources)


def test_an_answer_that_is_left_out_is_not_called_empty() -> None:
    writer = MessageWriter("/")
    with bounds.answer(0, 600):
        writer.thread([source(TextBlock("Question"), role="user")])
        assert writer.output([source(TextBlock("Answer"))]) == ""
    assert len(writer.left_out) == 1


def test_an_answer_whose_first_item_says_nothing_is_not_called_empty_when_others_are_left_out() -> None:
    writer = MessageWriter("/")
    with bounds.answer(0, 600):
        assert writer.output([source(), source(TextBlock("Answer"))]) == ""
    assert len(writer.left_out) == 1
