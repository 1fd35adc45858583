"""What a call is taken for: by its name and the shape of its arguments, and only where that is sure."""

from __future__ import annotations

import json
from typing import Any

import pytest

from sessions_app.pages.html.tools.edits import FileEdits
from sessions_app.pages.html.tools.files import FileReading
from sessions_app.pages.html.tools.kinds import PlainArguments, asked
from sessions_app.pages.html.tools.shell import ShellCommand
from tests.pages.tool_calls import CALLS, CODEX_PATCH

KINDS = {
    ShellCommand: ("codex exec_command", "codex shell", "claude Bash", "gemini run_shell_command", "SWE-agent"),
    FileEdits: (
        *("codex apply_patch", "claude Edit", "claude MultiEdit", "claude Write", "gemini replace", "opencode edit"),
        *("anthropic's editor", "cline replace_in_file", "a unified diff"),
    ),
    FileReading: ("claude Read",),
    PlainArguments: ("claude Grep", "search", "rows", "data"),
}


def what(name: str, arguments: Any) -> Any:
    return asked(name, arguments if isinstance(arguments, str) else json.dumps(arguments))


@pytest.mark.parametrize(("kind", "name"), [(kind, name) for kind, names in KINDS.items() for name in names])
def test_calls_of_agents_are_known(kind: type, name: str) -> None:
    call = CALLS[name]
    assert type(what(call.name, call.arguments)) is kind


def test_every_call_is_tested() -> None:
    assert sum(map(len, KINDS.values())) == len(CALLS)


@pytest.mark.parametrize(
    ("name", "arguments", "text", "shell", "directory"),
    [
        ("shell", {"command": ["bash", "-lc", "ls | wc"], "workdir": "/a"}, "ls | wc", "bash -lc", "/a"),
        ("shell", {"command": ["ls", "a b"]}, "ls 'a b'", "", ""),
        ("shell_call", {"commands": ["ls docs", "cat a"]}, "ls docs\ncat a", "", ""),
        ("local_shell_call", {"action": {"type": "exec", "command": ["pwd"]}}, "pwd", "", ""),
        ("mcp__dev__run", {"cmd": "make", "cwd": "/b"}, "make", "", "/b"),
        ("anything", {"command": "git status", "timeout": 3}, "git status", "", ""),
        ("bash", "ls -a\n", "ls -a\n", "", ""),
    ],
)
def test_commands(name: str, arguments: Any, text: str, shell: str, directory: str) -> None:
    found = what(name, arguments)
    assert (found.text, found.shell, found.directory) == (text, shell, directory)


def test_other_arguments_of_a_command_are_kept() -> None:
    found = what("Bash", {"command": "ls", "cwd": "/", "odd": {"a": [1]}, "workdir": "/second"})
    assert found.rest == {"odd": {"a": ["1"]}, "cwd": "/"}


@pytest.mark.parametrize(
    ("name", "arguments"),
    [
        ("set_light", {"command": "on"}),
        ("send", {"command": "turn left", "robot": 3}),
        ("Bash", {"command": 5}),
        ("Bash", {"command": ["ls", 5]}),
        ("Bash", {"command": ""}),
        ("Bash", {"command": [[]]}),
        ("Bash", '{"command": "ls'),
        ("Bash", '{"command": "a", "command": "b"}'),
        ("Bash", '{"command": "ls ... (litellm_truncated 30 chars) x"}'),
        ("Edit", {"file_path": "a", "old_string": "x"}),
        ("Edit", {"file_path": "a", "old_string": 1, "new_string": 2}),
        ("MultiEdit", {"file_path": "a", "edits": [{"old_string": "x", "new_string": "y"}, {"old_string": "z"}]}),
        ("translate", {"old": "x", "new": "y"}),
        ("apply_patch", {"input": "no patch\nat all"}),
        ("post", {"path": "/x", "content": "y"}),
        ("get_file_info", {"path": "a.py"}),
        ("Read", {"file_path": ["a.py"]}),
        ("Read", "null"),
        ("", ""),
        ("Bash", "[" * 100_000),
        ("Bash", '{"a":' * 10_000 + "1" + "}" * 10_000),
        ("Bash", "\x00\ud800{"),
        ("Bash", '{"command": NaN}'),
    ],
)
def test_what_is_not_sure_is_plain(name: str, arguments: Any) -> None:
    found = what(name, arguments)
    assert isinstance(found, PlainArguments) or (name == "Bash" and found.text == arguments)


def test_a_patch_within_a_command_is_a_patch() -> None:
    found = what("shell", {"command": f"apply_patch <<'EOF'\n{CODEX_PATCH}\nEOF\n"})
    assert isinstance(found, FileEdits)
    assert isinstance(what("shell", {"command": ["apply_patch", CODEX_PATCH]}), FileEdits)
    followed = what("shell", {"command": f"apply_patch <<'EOF'\n{CODEX_PATCH}\nEOF\nrm -r /"})
    assert isinstance(followed, ShellCommand)


@pytest.mark.parametrize(
    ("rest", "first"),
    [
        ({}, 1),
        ({"offset": 41, "limit": 2}, 41),
        ({"offset": 0}, 1),
        ({"view_range": [7, 9]}, 7),
        ({"limit": 5}, None),
        ({"offset": "x"}, None),
        ({"offset": -4}, None),
        ({"offset": 1e99}, None),
        ({"view_range": []}, None),
    ],
)
def test_the_first_line_of_a_file_is_known_or_not(rest: dict[str, Any], first: int | None) -> None:
    assert what("read_file", {"path": "a.py", **rest}).first == first
