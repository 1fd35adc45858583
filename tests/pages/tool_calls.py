"""Calls of coding agents and what came back, in the forms that these agents send."""

from __future__ import annotations

import json
from typing import Any, NamedTuple


class Called(NamedTuple):
    """A call and its result. `arguments` that are a string are sent as they are."""

    name: str
    arguments: Any
    result: Any


CODEX_PATCH = """*** Begin Patch
*** Update File: src/retry.py
@@ class Retry:
     def __init__(self):
-        self.attempts = 6
+        self.attempts = 7
+        self.wait = None
*** Add File: NOTES.md
+Seven attempts
*** End Patch"""
UNIFIED = """diff --git a/calc.py b/calc.py
index 1..2 100644
--- a/calc.py
+++ b/calc.py
@@ -1,2 +1,2 @@
 def add(a, b):
-    return a - b
+    return a + b
"""
COLOURED = "\n\x1b[32m3 passed\x1b[0m, \x1b[31m1 failed\x1b[0m\n"
PROGRESS = "".join(f"\rDownloading {percent}%" for percent in range(0, 101, 10)) + COLOURED
CALLS = {
    "codex exec_command": Called(
        "exec_command",
        {"cmd": "ls -a", "workdir": "/repo", "yield_time_ms": 1000},
        "Chunk ID: d53104\nWall time: 0.0000 seconds\nProcess exited with code 0\nOriginal token count: 11\nOutput:\n"
        ".git\nREADME.md\ncalc.py\n",
    ),
    "codex shell": Called(
        "shell",
        {"command": ["bash", "-lc", "pytest -q tests/retry"], "workdir": "/repo", "timeout_ms": 60000},
        json.dumps({"output": "1 failed in 0.12s\n", "metadata": {"exit_code": 1, "duration_seconds": 1.4}}),
    ),
    "codex apply_patch": Called("apply_patch", {"input": CODEX_PATCH}, "Success.\nM src/retry.py"),
    "claude Bash": Called("Bash", {"command": "pip install x && pytest", "description": "Install and test"}, PROGRESS),
    "claude Edit": Called(
        "Edit",
        {
            "file_path": "/repo/calc.py",
            "old_string": "def add(a, b):\n    return a - b",
            "new_string": "def add(a, b):\n    return a + b",
        },
        "The file /repo/calc.py has been updated.",
    ),
    "claude MultiEdit": Called(
        "MultiEdit",
        {
            "file_path": "/repo/calc.py",
            "edits": [
                {"old_string": "a - b", "new_string": "a + b"},
                {"old_string": "x = 1", "new_string": "x = 2", "replace_all": True},
            ],
        },
        "Applied 2 edits",
    ),
    "claude Read": Called(
        "Read",
        {"file_path": "/repo/calc.py", "offset": 41, "limit": 2},
        "    41→def add(a, b):\n    42→    return a - b\n",
    ),
    "claude Write": Called("Write", {"file_path": "NOTES.md", "content": "# Notes\n\n- add() adds\n"}, "File created"),
    "claude Grep": Called(
        "Grep",
        {"pattern": "def ", "path": "src"},
        "src/a.py:3:def one():\nsrc/a.py:9:def two():\nsrc/b.py:1:def three():\n",
    ),
    "gemini run_shell_command": Called(
        "run_shell_command",
        {"command": "make test", "dir_path": "lib"},
        "Command: make test\nDirectory: lib\nStdout: 4 passed\nStderr: a warning\nError: (none)\nExit Code: 2\n"
        "Signal: (none)",
    ),
    "gemini replace": Called(
        "replace",
        {"file_path": "calc.py", "instruction": "Make add() add.", "old_string": "a - b", "new_string": "a + b"},
        "Successfully modified file: calc.py (1 replacements).",
    ),
    "anthropic's editor": Called(
        "str_replace_based_edit_tool",
        {"command": "str_replace", "path": "calc.py", "old_str": "a - b", "new_str": "a + b"},
        "The file has been edited.",
    ),
    "opencode edit": Called("edit", {"filePath": "calc.py", "oldString": "a - b", "newString": "a + b"}, ""),
    "cline replace_in_file": Called(
        "replace_in_file",
        {"path": "calc.py", "diff": "------- SEARCH\na - b\n=======\na + b\n+++++++ REPLACE"},
        "Saved",
    ),
    "a unified diff": Called("apply_diff", {"diff": UNIFIED}, "ok"),
    "SWE-agent": Called(
        "bash", {"command": "cat nothing"}, "<returncode>1</returncode>\n<output>\nNo such file\n</output>"
    ),
    "search": Called(
        "web_search",
        {"query": "heat pumps"},
        json.dumps([{"title": "Field test", "url": "https://example.org/a", "snippet": "Fifty houses", "score": 0.91}]),
    ),
    "rows": Called(
        "run_sql",
        {"query": "SELECT month, orders\nFROM sales"},
        json.dumps([{"month": f"2026-{n:02}", "orders": n * 1000, "mean": 12.50} for n in range(1, 13)]),
    ),
    "data": Called(
        "get_config",
        {"name": "web", "options": {"deep": {"deeper": [1, 2, {"x": None}]}, "on": True}},
        json.dumps({"name": "web", "replicas": 3, "env": {"A": "1", "B": "two\nlines"}, "ports": [80, 443]}),
    ),
}


def conversation(calls: dict[str, Called] = CALLS) -> dict[str, Any]:
    """A log in which an assistant makes all of these calls, and has all results."""
    asked = [
        {"id": f"c{n}", "type": "function", "function": {"name": one.name, "arguments": _sent(one.arguments)}}
        for n, one in enumerate(calls.values())
    ]
    results = [{"role": "tool", "tool_call_id": f"c{n}", "content": one.result} for n, one in enumerate(calls.values())]
    messages = [
        {"role": "user", "content": "Mend **add** in `calc.py`.\n\n- quickly"},
        {"role": "assistant", "content": None, "tool_calls": asked},
        *results,
    ]
    answer = {"role": "assistant", "content": "It **adds** now."}
    return {
        "request_id": "tools-1",
        "session_id": "tools",
        "model": "m",
        "request": {"model": "m", "messages": messages},
        "response": {"choices": [{"message": answer, "finish_reason": "stop"}]},
    }


def _sent(arguments: Any) -> str:
    return arguments if isinstance(arguments, str) else json.dumps(arguments)
