"""What in the text of a tool's result says that the tool failed, and what does not."""

from __future__ import annotations

import time

import pytest

from sessions_app.content.failure_signs import sign_in_data, sign_in_text

TRACEBACK = 'Traceback (most recent call last):\n  File "a.py", line 1, in <module>\n    f()\nValueError: x'

FAILED = [
    ("Error: user not found", "begins with “Error:”"),
    ("  error: unknown option '--x'", "begins with “error:”"),
    ("ERROR: relation x does not exist", "begins with “ERROR:”"),
    ("Error - no such order", "begins with “Error -”"),
    ("ERROR", "begins with “ERROR”"),
    ("ERROR 1064 (42000): You have an error in your SQL syntax", "begins with “ERROR 1064 (42000)”"),
    ("**Error:** no such file", "begins with “Error:”"),
    ("❌ Error: it is closed", "begins with “Error:”"),
    ('"Error: quoted"', "begins with “Error:”"),
    ("Error executing tool get_order: boom", "begins with “Error executing”"),
    ("Error reading file: it is a folder", "begins with “Error reading”"),
    ("MCP error -32602: Invalid params", "begins with “MCP error -32602:”"),
    ("An error occurred while running the tool. Please try again. Error: x", "begins with “An error occurred”"),
    ("An error occurred (AccessDenied) when calling the PutObject operation", "begins with “An error occurred”"),
    ("Tool execution failed: x", "begins with “Tool execution failed”"),
    ("Exception: boom", "begins with “Exception”"),
    ('Exception in thread "main" java.lang.IllegalStateException: x', "begins with “Exception”"),
    ("ValueError: bad", "begins with “ValueError”"),
    ("KeyError('x')", "begins with “KeyError”"),
    ("TypeError [ERR_INVALID_ARG_TYPE]: x", "begins with “TypeError”"),
    ("java.lang.NullPointerException: x", "begins with “java.lang.NullPointerException”"),
    ("fatal: not a git repository", "begins with “fatal”"),
    ("<tool_use_error>File has not been read yet</tool_use_error>", "begins with “tool_use_error”"),
    ("<error>no</error>", "begins with “error”"),
    (TRACEBACK, "begins with “Traceback”"),
    (f"Starting\n{TRACEBACK}\n", "ends with a traceback"),
    ("bash: line 1: foo: command not found", "command not found"),
    ("/bin/sh: 1: foo: not found\n", "command not found"),
    ("cat: x.txt: No such file or directory", "No such file or directory"),
    ("Exit code 1\nno such test", "exit code 1"),
    ("Exit code: 2\nWall time: 2 seconds\nOutput:\nx", "exit code 2"),
    ("Chunk ID: 9\nWall time: 0.05 seconds\nProcess exited with code 1\nOutput:\nno", "exit code 1"),
    ("<returncode>1</returncode>\n<output>\nx</output>", "exit code 1"),
    ("hello\n[exit 1]", "exit code 1"),
    ("x\n[The command completed with exit code 127.]", "exit code 127"),
    ("Command failed with exit code 1", "exit code 1"),
    ("Command: ls\nStdout: (empty)\nError: (none)\nExit Code: 2\nSignal: (none)", "exit code 2"),
    ("returncode=3", "exit code 3"),
    ("exit status -9", "exit code -9"),
    ("x" * 200_000 + "\n[exit 1]", "exit code 1"),
    ("cc a.c\nmake: *** [Makefile:2: all] Error 2", "exit code 2"),
    ('{"error": "not found"}', "its JSON has “error”"),
    ('{"id": 4, "error": {"code": 1, "message": "x"}}', "its JSON has “error”"),
    ("{'error': 'no such city'}", "begins with “error”"),
    ('{"isError": true, "content": []}', "its JSON says that it is an error"),
    ('{"success": false, "message": "x"}', "its JSON has “success: false”"),
    ('{"status": "error", "message": "no"}', "its JSON has “status: error”"),
    ('{"errors": [{"message": "x"}], "data": null}', "its JSON has “errors” and no data"),
    ('{"exit_code": 2, "stdout": ""}', "exit code 2"),
    ('{"output": "no", "metadata": {"exit_code": 1, "duration_seconds": 0.1}}', "exit code 1"),
    ('{"result": "ValueError: x"}', "begins with “ValueError”"),
    ('[{"type": "text", "text": "Error: x"}]', "begins with “Error:”"),
]
UNKNOWN = [
    *("", "  \n", "ok", "null", "[]", "{}", '"fine"', "Error", "exit", "Traceback is a word", "No errors found."),
    *("The error rate dropped", "Errors: 0", "Errors and warnings: 3", "Error rate: 3 %", "Error: none", "Error: 0"),
    *("Error: null\nResult: 3", "Error handling in Python: a guide", "Error logs are kept for 30 days"),
    *("0 failed, 12 passed", "failed: 0", "Found 3 ERROR lines", "2026-01-01 ERROR failed to connect"),
    *("class SomethingError(Exception):\n    pass", "src/a.py:10: raise ValueError: x", "1: Error: x"),
    *("error_log.txt\nerror.py", "ErrorBoundary.tsx\nindex.ts", "TypeError", "ERROR_CODES = {}", "<error></error>"),
    *("Exceptions: two cases", "Exception handling: how", "Exceptional results", "Errorless learning: a review"),
    *("error code table: see below", "# Errors\n\nSome text: here", "Warning: deprecated", "Panic: At the Disco"),
    *("exit code: 0", "Exit code 0\n", "exit 0", "Exit codes: 1 means failure, 2 means misuse", "def exit_code(): 1"),
    *("exit code 1: nothing was found", "the process exited with code 1 yesterday", "stdout:\nreturn code"),
    "Process exited with code 0\nOutput:\nError: x\nexit code 1",
    "Command: ls\nStdout: a\nError: (none)\nExit Code: 0\nSignal: (none)",
    "x" * 50_000 + "\nexit code 1\n" + "x\n" * 50_000,
    f"How to read it\n\n{TRACEBACK}\n\nThis shows\nwhat to do\nwhen it\nhappens.",
    *('{"error": null, "data": 1}', '{"error": false}', '{"error": ""}', '{"error": {}}', '{"error": "none"}'),
    *('{"error": 0.02}', '{"errors": []}', '{"errors": [{"line": 3}]}', '{"error_count": 3}', '{"success": true}'),
    *('{"job": 7, "status": "failed", "message": "disk full"}', '{"status": "error"}', '{"exit_code": null}'),
    *('[{"error": "x"}, {"error": null}]', '{"results": [{"error": "x"}]}', '{"isError": false, "error": "x"}'),
    *('{"exit_code": 0, "output": "Error: printed"}', '{"output": "fine", "metadata": {"exit_code": 0}}'),
]


@pytest.mark.parametrize(
    ("text", "sign"),
    [
        ("[Error] nothing found", "begins with “Error”"),
        ("ERROR [tide_table] station is closed", "begins with “ERROR”"),
        ("Permission denied", "begins with “Permission denied”"),
        ("permission denied: /etc/tides", "begins with “permission denied”"),
        ('{"ok": false}', "its JSON has “ok: false”"),
        ("Errors: 2, Warnings: 0", "begins with “Errors:”"),
        ("Errors: 0, Warnings: 2", ""),
        ("errors: 0 | warnings: 2", ""),
        ("Error: 0x80070005", "begins with “Error:”"),
        ("Error: 0", ""),
        ("[Errors] are listed below", ""),
        ("[error]", ""),
        ('{"ok": true}', ""),
        ("Permission denied errors are explained in chapter 2", ""),
        ("ERROR [0]", ""),
    ],
)
def test_what_a_linter_or_a_tool_begins_with(text: str, sign: str) -> None:
    assert sign_in_text(text) == sign


@pytest.mark.parametrize(("text", "sign"), FAILED, ids=lambda text: text[:20])
def test_a_text_that_looks_failed(text: str, sign: str) -> None:
    assert sign_in_text(text) == sign


@pytest.mark.parametrize("text", UNKNOWN, ids=lambda text: text[:20])
def test_a_text_that_says_nothing_of_a_failure(text: str) -> None:
    assert sign_in_text(text) == ""


def test_data_that_looks_failed() -> None:
    assert sign_in_data({"error": "x"}) == "its JSON has “error”"
    assert sign_in_data({"output": "x"}) == ""


@pytest.mark.parametrize(
    "text",
    [
        *("x" * 100_000, " " * 100_000, "\n" * 100_000, "(" * 50_000, '"' * 50_000, "error " * 20_000, "a." * 50_000),
        *("exit code " * 10_000, "process " * 300 + "exit", ("process with " * 100 + "\n") * 100, "\ud800Error: x"),
        *("[" * 50_000, "{" * 50_000, '{"error":' * 10_000, "Traceback (most recent call last):\n" * 3_000),
        *('{"content":' * 9_000 + "1" + "}" * 9_000, "Error " + "reading " * 20_000),
    ],
    ids=lambda text: text[:12].strip(),
)
def test_no_text_takes_long(text: str) -> None:
    started = time.thread_time()
    sign_in_text(text)
    assert time.thread_time() - started < 1
