"""Which commands answer "no" with exit code 1."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sessions_app.content.commands import answers_no


def test_it_works() -> None:
    assert answers_no(json.dumps({"command": "grep -rn TODO src"}))
    assert not answers_no(json.dumps({"command": "make all"}))


@pytest.mark.parametrize(
    "command",
    [
        "rg -n 'a && b' src",
        "/usr/bin/grep x file",
        "cat log | grep -c ERROR",
        "cd /app && grep -r x . 2>/dev/null",
        "cd /app\ngrep -r x .",
        "make; grep x log",
        "grep a f || grep b f",
        "diff -u old new",
        "LC_ALL=C sudo -n grep x /etc/hosts",
        "timeout 10s rg x",
        "git grep needle",
        "git diff --quiet HEAD",
        "[ -f a ]",
        "test -d src",
        "command -v rg",
        "ps aux | grep server | grep -v \\\n grep",
    ],
)
def test_searches_and_comparisons_answer(command: str) -> None:
    assert answers_no(json.dumps({"command": command}))
    assert answers_no(json.dumps({"cmd": ["bash", "-lc", command]}))
    assert answers_no(command)


@pytest.mark.parametrize(
    "command",
    [
        "",
        "pytest -q",
        "make && grep x log",
        "npm test || grep x log",
        "grep x log | head -3",
        "grep x log; false_alarm",
        "grep x log && make",
        "git diff HEAD",
        "git commit -m 'grep'",
        "python -c 'import grep'",
        "(cd a && grep x f)",
        "cat <<EOF\ngrep\nEOF",
        "echo 'unclosed; grep x",
        "if grep x f; then make; fi",
        "grep x " + "f" * 5_000,
    ],
)
def test_other_commands_fail(command: str) -> None:
    assert not answers_no(json.dumps({"command": command}))


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        ({"command": ["grep", "a b", "f"]}, True),
        ({"action": {"type": "exec", "command": ["rg", "x"]}}, True),
        ({"script": "grep x f"}, True),
        ({"query": "grep x f"}, False),
        ({"command": 7}, False),
        ({"command": [1, 2]}, False),
        (["grep", "x"], True),
    ],
)
def test_the_command_is_where_tools_have_it(arguments: object, expected: bool) -> None:
    assert answers_no(json.dumps(arguments)) is expected


@given(st.text(alphabet="grep x;&|<>()\n\\\"'{}[]:,=-$#", max_size=60))
def test_any_text_can_be_asked(text: str) -> None:
    assert answers_no(text) in (True, False)
    assert answers_no(json.dumps({"command": text})) in (True, False)
