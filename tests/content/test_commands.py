"""Which commands answer "no" with exit code 1."""

from __future__ import annotations

import json
import shlex

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sessions_app.content.commands import answers_no, has_complaint


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
        ({"commands": ["ls", "grep x f"]}, True),
        ({"commands": ["grep x f", "make"]}, False),
        ({"command": 7}, False),
        ({"command": [1, 2]}, False),
        (["grep", "x"], True),
    ],
)
def test_the_command_is_where_tools_have_it(arguments: object, expected: bool) -> None:
    assert answers_no(json.dumps(arguments)) is expected


@pytest.mark.parametrize(
    "command",
    [
        'bash -lc "grep foo x"',
        "sh -c 'cd /app && rg \"a b\" src'",
        "/bin/bash --norc -l -c 'test -f a'",
        "bash -c \"bash -c 'grep x f'\"",
        "cd x && zsh -ic 'grep -q a b'",
        "env X=1 Y=2 grep a f",
        "env -u HOME -i X=1 /usr/bin/rg a",
        "timeout -s KILL -k 5 10 bash -c 'grep a f'",
        "nice -n 5 timeout 5 diff a b",
        "set -e; cd x; grep a f",
        "set -euo pipefail; echo a | grep b",
        "bash -eo pipefail -c 'echo a | grep b'",
        "sudo -u make grep a f",
        "make |& grep error",
    ],
)
def test_what_runs_a_search_answers_as_it_does(command: str) -> None:
    assert answers_no(json.dumps({"command": command}))
    assert answers_no(json.dumps({"cmd": ["bash", "-lc", command]}))
    assert answers_no(json.dumps({"cmd": shlex.split(command)})) or "|" in command or ";" in command or "&&" in command


@pytest.mark.parametrize(
    "command",
    [
        'bash -lc "make && grep foo x"',
        "bash -lc 'grep foo x' && make",
        "bash grep.sh",
        "bash -l grep",
        "sh -c",
        "bash --rcfile grep -c make",
        "set -e; make; grep a f",
        "bash -ec 'make; grep a f'",
        "set -o pipefail; make | grep error",
        "bash -o pipefail -c 'make | grep error'",
        "sudo -u grep make",
        "sudo --user grep make",
        "env -S 'make x' grep",
        "timeout grep make",
        "timeout -k grep 5 make",
        "make #; grep x f",
        "xargs grep x",
    ],
)
def test_what_may_have_failed_before_a_search_is_no_answer(command: str) -> None:
    assert not answers_no(json.dumps({"command": command}))
    assert not answers_no(json.dumps({"cmd": ["bash", "-lc", command]}))


def test_of_two_commands_none_is_chosen() -> None:
    assert not answers_no('{"command": "make", "command": "grep x f"}')
    assert not answers_no('{"command": "grep x f", "command": "make"}')


@pytest.mark.parametrize(
    ("output", "expected"),
    [
        ("bash: line 1: cd: /nowhere: No such file or directory", True),
        ("/bin/sh: 1: cd: can't cd to x", True),
        ("Exit code 1\nsudo: a password is required", True),
        ("", False),
        ("notes: the cd: was lost", False),
    ],
)
def test_a_shell_says_that_it_did_not_come_to_the_command(output: str, expected: bool) -> None:
    assert has_complaint(output) is expected


@given(st.text(alphabet="grep x;&|<>()\n\\\"'{}[]:,=-$#", max_size=60))
def test_any_text_can_be_asked(text: str) -> None:
    assert answers_no(text) in (True, False)
    assert answers_no(json.dumps({"command": text})) in (True, False)
