"""Drawn calls: inert and bounded whatever is in them, and with all that was said."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from html import unescape
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sessions_app import bounds
from sessions_app.content.blocks import Message, ToolCallBlock, ToolResultBlock
from sessions_app.pages.html.messages import FoundResult, MessageWriter, Pairs, Source
from sessions_app.pages.html.plain_text import visible

words = st.text(alphabet="ab<&\u202e\u00e9 ", max_size=6)
names = st.sampled_from(
    [*("command", "cmd", "file_path", "path", "old_string", "new_string", "content", "edits", "input", "cwd"), "a<b"]
)
anything = st.recursive(
    words | st.none() | st.booleans() | st.integers(0, 9),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(names, inner, max_size=4),
    max_leaves=12,
)


def drawn(name: str, arguments: Any, result: Any) -> str:
    """The HTML of a call with its result."""
    texts = [
        value if isinstance(value, str) else json.dumps(value, ensure_ascii=False) for value in (arguments, result)
    ]
    call, returned = ToolCallBlock(name, texts[0], "c"), ToolResultBlock("c", texts[1])
    pairs = Pairs(results={(1, 0): FoundResult(returned, b"\x02" * 8, 0)})
    return "".join(MessageWriter("/", pairs).blocks(Source(Message("assistant", [call]), b"\x01" * 8, 1)))


ODD = ["<script>alert(1)</script>", "\x00\x1b[", "\u202eabc", "\ud800", "'\"&", "a" * 5_000]
HOSTILE: list[tuple[str, Any, Any]] = [
    *(("Bash", {"command": odd, "cwd": odd, odd: odd}, odd) for odd in ODD),
    *(("Edit", {"file_path": odd, "old_string": odd, "new_string": odd + "x", odd: [odd]}, odd) for odd in ODD),
    *(("Read", {"file_path": odd}, f"1→{odd}\n2→{odd}") for odd in ODD),
    *(("get", {odd: {odd: [odd]}}, json.dumps([{odd: odd, "b": 1}, {odd: odd, "b": 2}])) for odd in ODD),
    ("Grep", {"pattern": "x"}, f"{ODD[0]}:3:{ODD[0]}"),
    ("search", {}, json.dumps([{"title": ODD[0], "url": f'https://x/{ODD[0]}"onclick=', "snippet": ODD[0]}])),
    ("Bash", {"command": "x"}, "\x1b[31mx\x1b[0m" * 20_000),
    ("Bash", {"command": "x"}, "x\r" * 100_000),
    ("Bash", {"command": "x"}, "Wall time: 1\n" * 40_000),
    ("Bash", {"command": "x" * 1_000_000}, "y" * 1_000_000),
    ("MultiEdit", {"path": "a", "edits": [{"old_string": "a", "new_string": "b"}] * 1_900}, "ok"),
    ("get", '{"a":' * 10_000 + "1" + "}" * 10_000, "[" * 10_000 + "]" * 10_000),
    ("Read", {"path": "a.py"}, "'" * 300_000),
    ("Grep", {"pattern": "a"}, f"a:1:{'<' * 300_000}"),
    ("Write", {"path": "a", "content": "\n" * 300_000}, "\n" * 300_000),
    ("Bash", '{"command": "cut', '{"stdout": "cut'),
    ("Bash", {"command": 5}, 5),
]


def sent(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)


@pytest.mark.parametrize(("name", "arguments", "result"), HOSTILE, ids=[str(n) for n in range(len(HOSTILE))])
def test_hostile_calls_are_inert_and_bounded(name: str, arguments: Any, result: Any) -> None:
    with bounds.answer(10**6, 600):
        html = drawn(name, arguments, result)
    assert "<script" not in html
    assert not re.search(r"<[^>]*\son\w+=", html)
    assert "\x00" not in html
    assert "\ud800" not in html
    assert len(html) < 60_000


@given(anything, anything, st.sampled_from(["Bash", "Edit", "apply_patch", "Read", "Grep", "get", ""]))
@settings(max_examples=100)
def test_what_is_said_anywhere_is_seen(arguments: Any, result: Any, name: str) -> None:
    """Each string stays visible, wherever it stands."""
    html = bare(unescape(re.sub(r"<[^>]*>", "", drawn(name, arguments, result))))
    for said in (*strings(arguments), *strings(result)):
        assert bare(visible(said)) in html


def bare(said: str) -> str:
    return "".join(said.split())


def strings(value: Any) -> Iterator[str]:
    if isinstance(value, dict):
        for name, inner in value.items():
            # A drawing stands for the names that it knows.
            yield from [name] if name == "a<b" else []
            yield from strings(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from strings(inner)
    elif isinstance(value, str):
        yield value


def line_of(html: str) -> str:
    return " ".join(unescape(re.sub(r"<[^>]*>", " ", html.partition("</summary>")[0])).split())


@pytest.mark.parametrize(
    ("name", "arguments", "result", "said"),
    [
        ("Bash", {"command": "ls"}, "\x1b[31mred\x1b[0m 1%\rdone 2%\nx", "Bash ls done 2%"),
        ("Read", {"path": "a.py"}, "1→a\n2→b\n", "Read path: a.py 2 lines"),
        # What stands around numbered lines is none of them, and an empty line is one.
        ("Read", {"path": "a.py"}, "10→a\n11→b\n12→", "Read path: a.py 3 lines"),
        ("Read", {"path": "a.py"}, "10→a\n11→b\n\n<system-reminder>\nx\n</system-reminder>", "Read path: a.py 2 lines"),
        ("Grep", {"pattern": "x"}, "a:1:x\nb:2:x", "Grep pattern: x 2 lines in 2 files"),
        ("get", {}, '[{"a":1,"b":2},{"a":1,"b":2},{"a":1,"b":2}]', "get 3 rows"),
        ("get", {}, '{"a":1}', "get a: 1"),
        ("read_file", {"path": "a.py"}, '{"output": "a\\nb\\n"}', "read_file path: a.py 2 lines"),
        ("edit", {"path": "a", "content": "x"}, '{"output": "Saved"}', "edit path: a, content: x Saved"),
        ("shell", {"command": "rg x"}, '{"output": "", "metadata": {"exit_code": 1}}', "shell rg x no output"),
        ("get", {}, "\x1b[32mgreen\x1b[0m", "get green"),
        ("write_file", {"path": "a", "content": "1\n2\n"}, "ok", "write_file a +2 −0 ok"),
        ("NotebookEdit", {"notebook_path": "a", "new_source": "x", "edit_mode": "insert"}, "", "NotebookEdit a +1 −0"),
        ("click", {"at": [1, 2], "why": "w" * 300}, "ok", "click at: [1, 2], why: " + "w" * 182 + "…"),
        ("Grep", {"pattern": "x"}, "a-b.py-8-w\na-b.py:9:x\n--\nc:1:x", "Grep pattern: x 3 lines in 2 files"),
        ("WebSearch", {}, 'Found:\nLinks: [{"title":"a","url":"https://a.example"}]\n\nIt is a.', "WebSearch 1 result"),
        ("search", {}, '{"results":[{"title":"a","url":"https://a.example"}]}', "search 1 result"),
        ("Read", {"path": "a.py"}, "Error: no such file", "Read path: a.py Error: no such file"),
    ],
)
def test_the_line_says_what_came_back(name: str, arguments: Any, result: str, said: str) -> None:
    html = drawn(name, arguments, result)
    assert line_of(html).startswith(said)
    assert ("data-n" in html) == (name in ("Read", "Grep", "read_file") and "Error" not in result)


@pytest.mark.parametrize(
    ("name", "arguments", "ink"),
    [
        ("python", {"code": "import os\nos.getcwd()"}, '<span class="k">import</span>'),
        ("run", {"language": "js", "code": "let x = 1\n// one"}, '<span class="c">// one</span>'),
        ("mcp__db__execute_sql", {"query": "select 1\nfrom t"}, '<span class="k">select</span>'),
        ("report", {"sql": "select 1"}, '<span class="k">select</span>'),
        # Nothing tells of a language.
        ("search", {"query": "select a hotel"}, ""),
        ("submit", {"code": "import os"}, ""),
        ("python", {"language": "Klingon", "code": "import os"}, ""),
        ("python", {"code": {"import": "os"}}, ""),
    ],
)
def test_arguments_that_are_code_have_the_inks_of_their_language(
    name: str, arguments: dict[str, Any], ink: str
) -> None:
    html = drawn(name, arguments, "ok")
    assert ink in html
    assert ('<code dir="ltr"><span class="' in html) is bool(ink)
    texts = (text for value in arguments.values() if isinstance(value, str) for text in value.split("\n"))
    assert all(bare(text) in bare(unescape(re.sub(r"<[^>]*>", "", html))) for text in texts)


def test_of_long_code_it_is_said_how_much_is_left_out() -> None:
    html = drawn("python", {"code": "x = 1\n" * 1_000}, "ok")
    assert "2,000 more characters in the raw JSON" in html


def test_texts_of_several_lines_stand_in_their_own_block() -> None:
    assert "data-block>a\nb</span>" in drawn("Task", {"prompt": "a\nb"}, "ok")
    assert "data-block" not in drawn("Task", {"prompt": "a"}, "ok")
