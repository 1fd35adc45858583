"""Hostile texts: what is made of them stays in proportion to them, and nothing of them goes missing."""

from __future__ import annotations

import random
import re
import tracemalloc
from collections.abc import Callable, Sequence
from functools import cache
from html import unescape

import pytest

from sessions_app import bounds
from sessions_app.content.blocks import (
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
from sessions_app.content.documents import PartKind
from sessions_app.content.messages import read_message
from sessions_app.content.omissions import find_cuts
from sessions_app.pages.html import markdown
from sessions_app.pages.html.excerpts import excerpt
from sessions_app.pages.html.json_text import ADDED_TO_ANY, MOST_ADDED, beginning, drawn, indent
from sessions_app.pages.html.messages import MessageWriter, Source, summary_of_arguments, text_piece, whole_text
from sessions_app.pages.html.plain_text import visible
from sessions_app.pages.html.terminal import terminal
from sessions_app.pages.html.text_diff import MOST_BYTES, difference, is_comparable
from sessions_app.pages.html.tool_definitions import tools_fold
from sessions_app.pages.thread.step_values import plain_result, value_of
from sessions_app.queries.content import StoredPart

SIZE = 200_000


def repeated(text: str) -> Callable[[int], str]:
    return lambda size: (text * (size // len(text) + 1))[:size]


def nested(opening: str, closing: str, inner: str = "1") -> Callable[[int], str]:
    def make(size: int) -> str:
        depth = (size - len(inner)) // (len(opening) + len(closing))
        return opening * depth + inner + closing * depth

    return make


def numbers(depth: int) -> Callable[[int], str]:
    return lambda size: "[" * depth + "1," * ((size - 2 * depth) // 2) + "1" + "]" * depth


@cache
def mixed(size: int) -> str:
    """Objects and arrays in each other, by chance, with values between."""
    chance, text, open_ones = random.Random(size), "", []
    pieces = []
    length = 0
    while length < size:
        kind = chance.choice(("[", "{", "value", "close"))
        if kind in "[{":
            pieces.append("[" if kind == "[" else '{"key":[')
            open_ones.append("]" if kind == "[" else "]}")
        elif kind == "close" and open_ones:
            pieces.append(open_ones.pop())
        else:
            pieces.append('"some text", ')
        length += len(pieces[-1])
    return text.join([*pieces, *reversed(open_ones)])[:size]


JSON_BOMBS = {
    "arrays": nested("[", "]"),
    "objects": nested('{"a":', "}"),
    "both": nested('{"a":[', "]}"),
    "mixed": mixed,
    "numbers, deep": numbers(900),
    "numbers, very deep": numbers(40_000),
    "a string without end": repeated('\\"'),
    "strings without end": repeated('"\\"'),
    "quotes": repeated('"'),
    "backslashes": lambda size: '"' + "\\" * (size - 1),
    "escapes": repeated('"\\u0000\\n",'),
    "spaces": lambda size: '{"a"' + " " * (size - 5) + "}",
    "keys without values": repeated('"a" '),
    "closing": repeated("]"),
    "colons": repeated(":"),
    "one enormous word": repeated("1"),
    "lines": repeated("\n"),
}
TEXT_BOMBS = {
    **JSON_BOMBS,
    "short lines": repeated("a\n"),
    "colours": repeated("\x1b[1m\x1b[31mx"),
    "open colours": repeated("\x1b[1;"),
    "overrides": repeated("\u202e\u2066x"),
    "nothing but controls": repeated("\x00\x7f\x85"),
    "quotes to escape": repeated("'\"<>&"),
    "tags": repeated("<b><i a='"),
    "base64": repeated("QUJD"),
    "faces": repeated("\U0001f600"),
    "cuts of base64": repeated("base64,[base64_data truncated: 1B]"),
    "cuts of the middle": repeated("... (litellm_truncated 1 chars"),
    "cuts without end": repeated("... (litellm_truncated 1 chars (a"),
    "masks": repeated("[EMAIL_REDACTED]"),
    "open masks": repeated("[A"),
    "redacted": repeated('"redacted-by-litellm"'),
}
MARKS = (
    *(
        ">",
        "> ",
        "- ",
        "* ",
        "1. ",
        "1. a\n",
        "- a\n",
        "  - a\n",
        "# a\n",
        "a\n=\n",
        "***\n",
        "```\n",
        "~~~",
        "    a\n",
        "\t",
    ),
    *("*a **b ", "**a* ", "_", "a_", "*_", "~~a ", "*a", "***a** b* ", "`", "`a``b", "\\*", "&amp;", "&", "&#1234567"),
    *(
        "[",
        "![",
        "[]",
        "](",
        "[a](",
        "[a](<",
        '[a](b "',
        "[a](b(",
        "[a](http://b) ",
        "[](http://&&&&) ",
        "[a]: b\n",
        "<",
        "<a@b.c> ",
    ),
    *("|", "|a", "|\n|-|\n", "<b>", "<!--", "> a\nb\n", "a  \n", "http://a.b/"),
)


def filled_table(size: int) -> str:
    columns = max(int(size**0.5 / 2), 1)
    return ("|" + "a|" * columns + "\n|" + "-|" * columns + "\n" + "|\n" * size)[:size]


def without_tags(html: str) -> str:
    return unescape(re.sub(r"<[^>]*>", "", html))


def bare(text: str) -> str:
    return "".join(visible(text).split())


@pytest.fixture(params=JSON_BOMBS, ids=str)
def json_bomb(request: pytest.FixtureRequest) -> str:
    return JSON_BOMBS[request.param](SIZE)


@pytest.fixture(params=TEXT_BOMBS, ids=str)
def text_bomb(request: pytest.FixtureRequest) -> str:
    return TEXT_BOMBS[request.param](SIZE)


# --- JSON -------------------------------------------------------------------------------------------------------------


@pytest.mark.processes
def test_indented_text_is_in_proportion(json_bomb: str) -> None:
    tracemalloc.start()
    with bounds.answer(10**6, 600) as budget:
        found = indent(json_bomb)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()

    assert len(found.text) <= (1 + MOST_ADDED) * len(json_bomb) + ADDED_TO_ANY
    assert peak < 100_000_000
    assert bounds.WORK_OF_ANSWER - budget.work_left <= len(json_bomb)
    assert bare(found.text) == bare(json_bomb)
    if found.plain_chars:
        assert found.text.endswith(json_bomb[-found.plain_chars :])


def test_the_end_of_what_is_nested_absurdly_is_as_it_came() -> None:
    text = numbers(900)(390_000)
    found = indent(text)
    assert 0 < found.plain_chars < len(text)
    assert found.text.startswith("[\n  [\n    [\n")


def test_the_beginning_tells_how_much_is_hidden(json_bomb: str) -> None:
    found = beginning(json_bomb)
    assert len(found.shown) <= 2_000
    shown = bare(found.shown)
    assert bare(json_bomb).startswith(shown)
    # White space between values is not counted among what is shown.
    assert len(shown) + found.hidden_chars <= len(json_bomb)
    assert len(bare(json_bomb)) - len(shown) <= found.hidden_chars


def test_drawn_text_is_in_proportion(json_bomb: str) -> None:
    text = json_bomb[:20_000]
    html = drawn(text)
    assert len(html) <= 6 * len(text) + 5_000 * 40
    assert without_tags(html) == visible(text)


# --- any text ---------------------------------------------------------------------------------------------------------


def test_programs_output_is_in_proportion(text_bomb: str) -> None:
    text = text_bomb[:40_000]
    assert len(terminal(text)) <= 12 * len(text) + 100


@pytest.mark.parametrize("is_code", [True, False])
def test_a_whole_text_is_in_proportion(text_bomb: str, is_code: bool) -> None:
    text = text_bomb[:40_000]
    html = whole_text(text, is_code)
    assert len(html) <= 20 * len(text) + 40_000
    if not find_cuts(text) and is_code and "\x1b" not in text:
        assert bare(without_tags(html)) == bare(text)


def test_a_piece_is_in_proportion(text_bomb: str) -> None:
    text = text_bomb[:100_000]
    assert len(text_piece(text)) <= 6 * len(text) + 40_000


def test_marks_of_cuts_beyond_the_first_ones_are_counted() -> None:
    html = text_piece("base64,[base64_data truncated: 1B] " * 1_000)
    assert html.count('class="seam"') == 20
    assert "980 more marks" in html
    assert html.count("[base64_data truncated") == 980


def test_a_summary_takes_little(json_bomb: str) -> None:
    assert len(summary_of_arguments(json_bomb[:19_999])) <= 200
    assert len(summary_of_arguments(json_bomb)) <= 200


def test_an_excerpt_takes_little(text_bomb: str) -> None:
    found = excerpt(text_bomb)
    assert len(found.shown) + found.hidden_chars == len(text_bomb)


# --- Markdown ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("size", [1_900, 39_000])
@pytest.mark.parametrize("mark", MARKS)
def test_markdown_is_in_proportion(mark: str, size: int) -> None:
    text = repeated(mark)(size)
    with bounds.answer(10**7, 600) as budget:
        html = markdown.render(text)
    assert len(html) <= markdown.MOST_TIMES * len(text) + markdown.ADDED_TO_ANY
    assert bounds.WORK_OF_ANSWER - budget.work_left <= markdown.MOST_WORK


@pytest.mark.parametrize("size", [500, 1_900, 39_000])
def test_tables_are_not_filled_up_without_end(size: int) -> None:
    html = markdown.render(filled_table(size))
    assert len(html) <= markdown.MOST_TIMES * size + markdown.ADDED_TO_ANY
    assert html.count("<td>") <= markdown.MOST_FILLED + 3 * size


def test_an_ordinary_table_beside_much_text_is_one() -> None:
    table = "| a | b |\n|---|---|\n| 1 | 2 |\n| 3 |\n"
    assert markdown.render(table + "\nA line of text.\n" * 1_000).count("<td>") == 4


def test_markdown_that_is_too_much_is_plain_and_says_so() -> None:
    text = "![" * 15_000
    assert not markdown.is_bearable(text)
    html = whole_text(text, is_code=False)
    assert text in html
    assert "30,000 characters are shown as they came: too much Markdown" in html


def test_the_same_text_is_markdown_again_when_the_next_answer_has_work_left() -> None:
    with bounds.answer(10**6, 600) as budget:
        budget.work_left = 0
        assert "<strong>" not in markdown.render("**bold** of a spent answer")
    assert "<strong>" in markdown.render("**bold** of a spent answer")


# --- comparing --------------------------------------------------------------------------------------------------------

LINES = {
    "equal": "same",
    "alternating": "ab",
    "few words": "abcdefghij",
}


def lines_of(seed: int, letters: str, count: int, words: int) -> str:
    chance = random.Random(seed)
    return "\n".join(" ".join(chance.choices(letters, k=words)) for _ in range(count))


@pytest.mark.parametrize("letters", LINES.values(), ids=LINES)
@pytest.mark.parametrize(("count", "words"), [(1, 100_000), (40, 2_000), (1_499, 60), (1_499, 1)])
def test_a_difference_is_in_proportion(letters: str, count: int, words: int) -> None:
    old, new = (lines_of(seed, letters, count, words) for seed in (1, 2))
    with bounds.answer(10**7, 600) as budget:
        found = difference(old, new)
    assert found.html or found.why_not
    assert bounds.byte_size(found.html) <= MOST_BYTES + 6 * 2 * 4_000 + 1_000
    assert bounds.WORK_OF_ANSWER - budget.work_left <= 3 * bounds.WORK_OF_ANSWER


def test_an_answer_that_is_spent_compares_nothing() -> None:
    with bounds.answer(0, 600):
        found = difference("one\ntwo", "one\nthree")
    assert is_comparable("one\ntwo", "one\nthree")
    assert (found.html, found.why_not) == ("", "too much for one page")


# --- messages ---------------------------------------------------------------------------------------------------------


def message_of(blocks: Sequence[ContentBlock], role: str = "assistant") -> Source:
    return Source(Message(role, blocks), b"\x01" * 8, (0, "o", 0))


BLOCKS: dict[str, Callable[[int], ContentBlock]] = {
    "text": lambda n: TextBlock(f"text {n}"),
    "reasoning": lambda n: ReasoningBlock(f"text {n}"),
    "refusal": lambda n: RefusalBlock(f"text {n}"),
    "tool call": lambda n: ToolCallBlock("", "{}"),
    "tool result": lambda n: ToolResultBlock("", f"text {n}"),
    "image": lambda n: MediaBlock("image", text=f"text {n}"),
    "audio": lambda n: MediaBlock("audio", text=f"text {n}"),
    "file": lambda n: MediaBlock("file", text=f"text {n}"),
    "other": lambda n: OtherBlock({"n": n}),
}


@pytest.mark.parametrize("make", BLOCKS.values(), ids=BLOCKS)
def test_blocks_are_written_as_long_as_the_budget_lasts(make: Callable[[int], ContentBlock]) -> None:
    blocks = [make(n) for n in range(10_000)]
    writer, source = MessageWriter("/p/x/requests/1/"), message_of(blocks)
    seen, start = 0, 0
    for _ in range(3):
        with bounds.answer(50_000, 600):
            html = "".join(writer.blocks_from(source, start))
        assert len(html) <= 60_000
        found = re.search(r"from=(\d+)\" hx-get=[^>]*>Show ([\d,]+) more blocks", html)
        assert found
        following = int(found[1])
        assert following > start
        assert int(found[2].replace(",", "")) == 10_000 - following
        seen, start = seen + following - start, following
    assert seen == start


def test_of_the_last_block_nothing_more_is_offered() -> None:
    with bounds.answer(0, 600):
        html = "".join(MessageWriter("/").blocks_from(message_of([TextBlock("a"), TextBlock("b")]), 1))
    assert "Show" not in html
    assert ">b<" in html


def test_names_and_addresses_in_a_line_are_clipped() -> None:
    long = "n" * 1_000_000
    blocks = [
        ToolCallBlock(long, "{}", long),
        ToolResultBlock(long, "x", long),
        MediaBlock("file", "https://example.com/" + long, name=long),
        MediaBlock("image", "https://example.com/" + long),
        MediaBlock("file", name=long, media_type=long),
    ]
    assert sum(map(len, MessageWriter("/").blocks(message_of(blocks)))) < 20_000


@pytest.mark.processes
def test_results_in_results_do_not_repeat_their_text() -> None:
    text = "x" * 100_000
    raw = '{"type":"tool_result","content":[' * 60 + f'"{text}"' + "]}" * 60
    tracemalloc.start()
    message = read_message(raw.encode(), "user")
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert message.blocks
    assert peak < 3_000_000


@pytest.mark.parametrize("depth", [150, 300, 600, 900])
def test_deep_content_is_read_or_kept_as_data(depth: int) -> None:
    for raw in (
        '{"role":"user","content":' + '[{"type":"tool_result","content":' * depth + '"a"' + "}]" * depth + "}",
        '{"a":' * depth + "1" + "}" * depth,
        '{"role":"tool","content":' + '[{"toolResult":{"content":' * depth + "1" + "}}]" * depth + "}",
    ):
        source = Source(read_message(raw.encode(), "user"), b"\x01" * 8)
        assert "".join(MessageWriter("/").blocks(source))


def test_a_step_with_a_deep_value_is_shown() -> None:
    for depth in (300, 900, 30_000):
        content = ("[" * depth + "]" * depth).encode()
        part = StoredPart(b"\x01" * 8, PartKind.MESSAGE, "tool", len(content), content)
        assert len(value_of(part, True).html("/")) < 100_000
    assert plain_result("a") == "a"


def test_tools_take_a_part_of_the_answer() -> None:
    parts = [
        StoredPart(n.to_bytes(8, "big"), PartKind.TOOL, "", 300, b'{"name":"tool_%d","parameters":{}}' % n)
        for n in range(10_000)
    ]
    with bounds.answer(1_000_000, 600):
        html = tools_fold(parts, "/p/x/requests/1/")
    assert len(html) < 150_000
    written = html.count('class="fold"') - 1
    assert f"{10_000 - written:,} more" in html
