"""What commands returned, patches, files and lists: read where they have a known form, else as one text."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sessions_app.pages.html.terminal import before_sequence, notes_on, plain, screen, terminal
from sessions_app.pages.html.text_diff import DiffLine, lines_between
from sessions_app.pages.html.tools.files import counted, language_of, numbered
from sessions_app.pages.html.tools.found import by_path, hits_of, places_of
from sessions_app.pages.html.tools.json_tree import DataTree
from sessions_app.pages.html.tools.patches import lines_of_blocks, lines_of_patch
from sessions_app.pages.html.tools.reading import UNREAD, WrittenNumber, read, unwrapped, written
from sessions_app.pages.html.tools.shell import outputs_of, tells_of_command
from tests.pages.tool_calls import CALLS, CODEX_PATCH, UNIFIED


def streams(text: str) -> list[tuple[str, str]]:
    return [(stream.name, stream.text) for output in outputs_of(text) for stream in output.streams]


# --- values ---------------------------------------------------------------------------------------------------------


def test_numbers_stay_as_they_were_written() -> None:
    text = '{"a": 1.50, "b": 1e400, "c": [' + "9" * 5_000 + '], "d": "1.50", "e": null, "f": true}'
    value = read(text)
    assert isinstance(value["a"], WrittenNumber)
    assert written(value, 10_000) == text


@pytest.mark.parametrize("text", ["", "x", "{", '{"a":1,"a":2}', "[" * 50_000, '"' * 3, " " * 2_000_000])
def test_what_would_lose_something_is_not_read(text: str) -> None:
    assert read(text) is UNREAD


def test_a_deep_value_is_written_in_a_line() -> None:
    value = read('{"a":' * 100 + "1" + "}" * 100)
    assert "{…}" in written(value, 10_000)
    assert len(written(read('["' + "x" * 300_000 + '"]'), 100)) == 101


# --- commands -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "expected", "code"),
    [
        ("codex exec_command", ("", ".git\nREADME.md\ncalc.py\n"), "0"),
        ("codex shell", ("", "1 failed in 0.12s\n"), "1"),
        ("gemini run_shell_command", ("stderr", "a warning"), "2"),
        ("SWE-agent", ("", "\nNo such file\n"), "1"),
    ],
)
def test_what_agents_say_of_commands(name: str, expected: tuple[str, str], code: str) -> None:
    assert expected in streams(CALLS[name].result)
    assert [output.exit_code for output in outputs_of(CALLS[name].result)] == [code]


@pytest.mark.parametrize(
    "text",
    [
        "plain",
        "",
        '{"a": 1}',
        '{"stdout": 5}',
        '{"output": "x", "stderr": []}',
        '{"stdout": "x"',
        "Exit Code: 3",
        "the exit code: 3 was returned",
        "Command: a\nCommand: b\nExit Code: 1",
        "Output: 1\nExit Code: 2\nOutput: 3",
        "<returncode>x</returncode>",
        "<output>a</output> and more",
        "<output>a",
        "Title Case\nOutput\n",
    ],
)
def test_no_exit_code_is_claimed_where_none_is_sure(text: str) -> None:
    [output] = outputs_of(text)
    assert output.exit_code is None
    assert streams(text) == [("", text)]


@pytest.mark.parametrize(
    ("text", "expected", "code"),
    [
        ("Exit code 2\nerror TS2304", [("about", "Exit code 2"), ("", "error TS2304")], "2"),
        ("Exit code: 0", [("about", "Exit code: 0")], "0"),
        ("Exit code: 1\n\nCommand output:\n\n```\nFAIL a\n```\nb\n```\n\nCommand completed.", [
            ("about", "Exit code: 1\n\nCommand output:\n\n"), ("", "FAIL a\n```\nb"),
            ("about", "Command completed.")], "1"),
        # Marks of code that the command itself wrote.
        ("Exit code: 1\n```\na\n```", [("about", "Exit code: 1"), ("", "```\na\n```")], "1"),
        ("<status>running</status>\n\n<stdout>\na\n</stdout>", [("about", "running"), ("stdout", "\na\n")], None),
        ("Command executed in terminal. Exit code: 3\nOutput:\na", [
            ("about", "Command executed in terminal. Exit code: 3\nOutput:"), ("", "a")], "3"),
        ("Command: ls\nDirectory: (root)\nStdout: a\nStderr: (empty)\nExit Code: 0", [
            ("stdout", "a"), ("about", "Command: ls\nDirectory: (root)\nStderr: (empty)\nExit Code: 0")], "0"),
    ],
)  # fmt: skip
def test_more_of_what_agents_say(text: str, expected: list[tuple[str, str]], code: str | None) -> None:
    [output] = outputs_of(text)
    assert streams(text) == expected
    assert output.exit_code == code


@pytest.mark.parametrize(
    ("text", "is_told"),
    [
        ('{"output": "Done", "metadata": {"exit_code": 0}}', True),
        ('{"output": "Done", "metadata": {"exit_code": 0}, "more": 1}', False),
        ('{"output": "exit_code", "metadata": {}}', False),
        ("<stdout>a</stdout>", True),
        ("<status>ready</status>", False),
        ("<stdout>a</stdout> and more", False),
        ("plain", False),
    ],
)
def test_what_a_command_returned_is_known_by_its_form(text: str, is_told: bool) -> None:
    assert tells_of_command(text) is is_told


@pytest.mark.parametrize(
    ("text", "inner"),
    [
        ('{"output": "a\\nb"}', "a\nb"),
        ('{"result":"{\\"a\\": 1}"}', '{"a": 1}'),
        ('{"output": "a", "b": 1}', None),
        ('{"output": 1}', None),
        ('{"output": "a", "output": "b"}', None),
        ('{"other": "a"}', None),
        ("output", None),
    ],
)
def test_a_text_in_an_object_of_its_own(text: str, inner: str | None) -> None:
    assert unwrapped(text) == (text if inner is None else inner)


def test_streams_apart_and_what_else_came() -> None:
    [output] = outputs_of(json.dumps({"stdout": "a", "stderr": "b", "exit_code": -9, "interrupted": False}))
    assert [(one.name, one.text) for one in output.streams] == [("stdout", "a"), ("stderr", "b")]
    assert (output.exit_code, output.rest) == ("-9", {"interrupted": False})
    several = outputs_of(json.dumps([{"stdout": "a", "outcome": {"type": "exit", "exit_code": 0}}, {"stdout": "b"}]))
    assert [one.exit_code for one in several] == ["0", None]


@given(st.text(alphabet='ab<>/:\n {}[]"output' + "\r", max_size=200))
def test_nothing_of_an_output_goes_missing(text: str) -> None:
    assert "".join(text for _, text in streams(text)) == text or "<output>" in text


# --- terminals ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("codes", "classes"),
    [("31", "e"), ("1;92", "w f2"), ("38;2;255;10;10", "e"), ("38;5;21", "f4"), ("48;5;46", "g2"), ("3;4;9", "fi fs")],
)
def test_colours(codes: str, classes: str) -> None:
    assert terminal(f"\x1b[{codes}mx") == f'<span class="{classes}">x</span>'


@pytest.mark.parametrize("codes", ["38;5", "38;2;1", "38", "999", "38;5;999999999", "::::", "38;2;-1;?;1", "0"])
def test_odd_colours_harm_nothing(codes: str) -> None:
    assert "x" in terminal(f"\x1b[{codes}mx")
    assert "\x1b" not in terminal(f"\x1b[{codes}mx\x1b[")


def test_what_is_not_drawn_is_counted() -> None:
    text = "\x1b[2Ka\x1b[1;1Hb\x1b[31mc\x1b]0;my title\x07\x1b]2;other\x1b\\\x1b]52;c;cm0=\x07\x1b(B\x1bPq#0~~\x1b\\"
    assert terminal(text) == 'ab<span class="e">c</span>'
    moves, titles, others = notes_on(text)
    assert moves == "3 sequences that only move or erase are not drawn"
    assert titles == "2 window titles not drawn: my title; other"
    assert others == "2 commands for the terminal not drawn: OSC 52 × 1, DCS × 1"
    assert notes_on("\x1b[1mbold\x1b[0m \x1b]8;;https://a.example\x07a\x1b]8;;\x07") == []


@pytest.mark.parametrize("end", ["\x07", "\x1b\\"])
def test_a_link_of_a_terminal_is_a_link(end: str) -> None:
    html = terminal(f"see \x1b]8;id=1;https://a.example/x?y=1{end}the \x1b[1mdocs\x1b[0m\x1b]8;;{end}, then")
    assert html.startswith('see <a href="https://a.example/x?y=1"')
    assert 'rel="noopener noreferrer nofollow ugc"' in html
    assert '>the <span class="w">docs</span></a>' in html
    assert "a.example" in html.partition("</a>")[2]
    assert html.endswith(", then")


def test_links_that_follow_each_other_are_two() -> None:
    html = terminal("\x1b]8;;https://a.example/1\x07one\x1b]8;;https://a.example/2\x07two")
    assert [part.partition('"')[0][-1] for part in html.split('href="')[1:]] == ["1", "2"]
    assert html.count("</a>") == 2


def test_a_link_to_anything_but_the_web_is_its_text_and_target() -> None:
    html = terminal("\x1b]8;;javascript:alert(1)\x07click\x1b]8;;\x07")
    assert html.startswith("click <span")
    assert "javascript:alert(1)" in html
    assert "<a" not in html
    # Where a file is, its name says; anywhere else has to be said.
    assert terminal("\x1b]8;;file://host/app/src/a%20b.py\x07src/a b.py\x1b]8;;\x07") == "src/a b.py"
    assert "/etc/shadow" in terminal("\x1b]8;;file://host/etc/shadow\x07a.py\x1b]8;;\x07")


def test_sequences_without_an_end_stay_visible() -> None:
    assert terminal("a\x1b]0;no end\nb") == "a␛]0;no end\nb"
    assert terminal("\x1bPq never") == "␛Pq never"


@given(st.text(alphabet="\x1b[]8;m\x07\\P a\n/:h", max_size=80))
def test_any_output_is_drawn_without_garbage_or_loss(text: str) -> None:
    html = terminal(text)
    assert "\x1b" not in html
    assert html.count("<a ") == html.count("</a>")
    assert plain(text).count("a") <= html.count("a")


@given(st.integers(0, 60))
def test_no_sequence_is_cut(end: int) -> None:
    text = "ab\x1b]8;;https://a.example\x1b\\link\x1b]8;;\x1b\\ \x1b[38;5;21mblue"
    cut = before_sequence(text, min(end, len(text)))
    assert cut > 0 or not end
    assert "␛" not in terminal(text[:cut])


def test_overwritten_lines_are_told_apart() -> None:
    assert screen("10%\r20%\r30%\nrest\r\n") == ("30%\nrest\r\n", "10%\n20%")
    assert screen("no returns\r\n\r\n") == ("no returns\r\n\r\n", "")


# --- patches --------------------------------------------------------------------------------------------------------


def signs(lines: list[DiffLine]) -> str:
    return "".join({"added": "+", "removed": "-", "equal": " ", "note": "@"}[line.kind] for line in lines)


def test_patches_are_lines() -> None:
    assert signs(lines_of_patch(CODEX_PATCH)) == "@@@ -++@+@"
    assert signs(lines_of_patch(UNIFIED)) == "@@@@@ -+ "
    # Within a hunk, a removed line may begin with the signs of a file's name.
    assert signs(lines_of_patch("@@ -1 +1 @@\n--- old\n+-- new")) == "@-+"


def test_blocks_of_search_and_replace() -> None:
    text = "<<<<<<< SEARCH\na\n=======\nb\nc\n>>>>>>> REPLACE"
    assert signs(lines_of_blocks(text) or []) == "@-@++@"
    assert lines_of_blocks("<<<<<<< SEARCH\na\n=======\nb") is None
    assert lines_of_blocks("SEARCH and REPLACE") is None


@given(st.text(alphabet="+- @*\nab", max_size=300))
def test_every_line_of_a_patch_is_there(text: str) -> None:
    found = lines_of_patch(text)
    assert len(found) == text.count("\n") + 1
    for line, original in zip(found, text.split("\n"), strict=True):
        assert line.text in (original, original[1:])


@given(st.text(alphabet="ab\n", max_size=60), st.text(alphabet="ab\n", max_size=60))
def test_all_lines_of_two_texts_are_there(old: str, new: str) -> None:
    found = lines_between(old, new)
    assert "\n".join(line.text for line in found if line.kind != "added") == old
    assert "\n".join(line.text for line in found if line.kind != "removed") == new


def test_texts_that_are_too_long_to_compare_follow_each_other() -> None:
    found = lines_between("a\n" * 5_000, "b\n" * 5_000)
    assert signs(found) == "-" * 5_001 + "+" * 5_001


def test_where_a_block_stands_is_no_line_of_it() -> None:
    text = "<<<<<<< SEARCH\n:start_line:4\n-------\na\n-------\n=======\nb\n>>>>>>> REPLACE"
    assert signs(lines_of_blocks(text) or []) == "@@@--@+@"


# --- files ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("form", ["    {}→{}", "{}\t{}", "{} | {}", "    {}|{}", "{:05}| {}", "{}: {}", "{} {}"])
def test_numbers_before_lines(form: str) -> None:
    text = "\n".join(form.format(n, f"line {n}") for n in range(9, 13))
    assert numbered(text) == [(n, f"line {n}") for n in range(9, 13)]


@pytest.mark.parametrize("text", ["", "a\nb", "1: a", "1: a\n3: b", "1 a\n2b", "1\ta\nb\n2\tc", "2026: a\n2027", "5→"])
def test_lines_that_have_no_numbers(text: str) -> None:
    found = numbered(text)
    assert found is None or [line.text for line in found if line.number] in (["a"], [""])


def test_what_stands_around_the_lines_stays() -> None:
    found = numbered("<file>\n00001| a\n00002| b\n</file>")
    assert found == [(None, "<file>"), (1, "a"), (2, "b"), (None, "</file>")]


def test_languages() -> None:
    assert [language_of(path) for path in ("a/b.py", "Makefile", "x.TSX", "a.b/c", "", ".", "a." + "y" * 9_999)] == [
        *("Python", "Makefile", "TSX"), *[""] * 4
    ]  # fmt: skip
    assert counted("a\nb", 3) == [(3, "a"), (4, "b")]


# --- lists ----------------------------------------------------------------------------------------------------------


def test_places_in_files() -> None:
    found = places_of(CALLS["claude Grep"].result)
    assert found
    assert [(path, len(group)) for path, group in by_path(found)] == [("src/a.py", 2), ("src/b.py", 1)]
    assert places_of("12:30:10 started\n") is None or places_of("no places") is None
    assert places_of("a\nb\nsrc/a.py:3:x") is None


@pytest.mark.parametrize(
    "value",
    [[], {}, 5, "x", [{"title": "a"}], [{"title": "a", "url": "javascript:x"}], [{"title": "a", "url": 5}], [None]],
)
def test_no_hits(value: Any) -> None:
    assert hits_of(value) is None


# --- data -----------------------------------------------------------------------------------------------------------


def test_what_a_tree_leaves_out_is_counted() -> None:
    tree = DataTree(left=5, rows=3)
    [node] = tree.nodes({"many": ["x"] * 100})
    assert len(node.inner) == 4
    assert node.notes == ["96 more items in the raw JSON"]
    assert not tree.is_whole


def test_depth_is_bounded() -> None:
    tree = DataTree(left=10_000, rows=3)
    nodes = tree.nodes(read("[" * 500 + "]" * 500))
    depth = 0
    while nodes and nodes[0].inner:
        nodes, depth = nodes[0].inner, depth + 1
    assert depth == 12
    assert not tree.is_whole


def test_tables() -> None:
    row = {"a": WrittenNumber("1"), "b": "x" * 500, "c": {"d": [None]}} | {f"e{n}": "" for n in range(9)}
    rows = [dict(row) for _ in range(7)]

    tree = DataTree(left=50, rows=3)
    table = tree.table(rows)
    assert table
    assert table.columns == ["a", "b", "c", "e0", "e1", "e2", "e3", "e4"]
    assert table.notes == ["4 more rows", "4 more columns"]
    # Where a button tells of the rows, and shows them, the note would send elsewhere for the same.
    tree = DataTree(left=50, rows=3)
    shown = tree.table(rows, rows_follow=True)
    assert shown
    assert shown.notes == ["4 more columns"]
    assert not tree.is_whole
    [(one, ink), (text, _), (inner, _), *_] = [cell for cell in table.rows[0] if cell]
    assert (one, ink, inner) == ("1", "n", '{"d": [null]}')
    assert text.endswith("… (380 more characters)")
    assert not tree.is_whole


@pytest.mark.parametrize("value", [[{}], [{}, {}], [{"a": 1}, 2], [{"a": 1}, {"b": 1}], [{"a": 1}, {"a": 2}], "x"])
def test_no_tables(value: Any) -> None:
    assert DataTree(9, 9).table(value) is None
