"""What in the text of a tool's result says that the tool failed.

Many results mention errors: logs, documents, source code, reports of tests. So a sign counts only where a program says
it of itself: where the text begins, as a line of its own about the exit code, as the traceback at its end, or as a
member of a JSON object that frameworks use for it.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from sessions_app.content.json_bytes import DocumentError, loads
from sessions_app.content.json_values import JsonObject

# So much of the beginning and of the end of a text is looked at. A larger text is not read as JSON.
_HEAD_CHARS, _TAIL_CHARS, _JSON_CHARS = 1_500, 4_000, 100_000
_LINE_CHARS = 200
_REASON_CHARS = 80
_MOST_NESTED = 2


def sign_in_text(text: str) -> str:
    """The sign of a failure in a text, in words; "" if there is none."""
    return _sign(text, 0)


def sign_in_data(value: JsonObject) -> str:
    """The same of a JSON object."""
    return _in_object(value, 0)


def _sign(text: str, depth: int) -> str:
    head = text[:_HEAD_CHARS].lstrip()
    if not head:
        return ""
    if head[0] in "{[\"'":
        if (value := _json(text)) is not None:
            return _in_json(value, depth)
        if _REPR_OF_ERROR.match(head):
            return "begins with “error”"
    return _at_start(head) or _exit_code(text) or _ends_with_traceback(text)


# --- JSON -----------------------------------------------------------------------------------------------------------

_REPR_OF_ERROR = re.compile(r"\{'error': (?!None|False|''|\"\"|\[\]|\{\})")
_KEYS = re.compile(
    r'"(?:errors?|is_?[eE]rror|success|ok|status|(?:exit|return)_?(?:[cC]ode|[sS]tatus)|metadata|output|result|content|text|'
    r'response)"'
)
_FLAGS = ("isError", "is_error")
_SUCCESSES = ("success", "ok")
_EXIT_CODES = ("exit_code", "exitCode", "return_code", "returncode", "exit_status", "exitStatus")
_NO_ERROR = frozenset(
    {"", "none", "null", "no", "false", "no error", "no errors", "n/a", "ok", "0", "-", "(none)", "nil"}
)
_ENVELOPE = frozenset(
    {
        *("status", "message", "msg", "detail", "details", "reason", "error", "errors", "code", "error_code", "type"),
        *("error_type", "data", "timestamp", "request_id", "tool", "tool_name", "name", "hint", "suggestion", "result"),
    }
)
_SAID = ("message", "msg", "detail", "details", "reason", "error_message")
# A framework wraps what a tool returned in an object with one of these.
_WRAPPERS = ("output", "result", "content", "text", "response")


def _json(text: str) -> Any:
    """The decoded value of a JSON text that may say something; None for all other texts."""
    if len(text) > _JSON_CHARS or (text.lstrip()[:1] in "{[" and not _KEYS.search(text)):
        return None
    try:
        return loads(text.encode("utf-8", "surrogatepass"))
    except (DocumentError, RecursionError):
        return None


def _in_json(value: Any, depth: int) -> str:
    if isinstance(value, str):
        return _sign(value, depth + 1) if depth < _MOST_NESTED else ""
    if isinstance(value, dict):
        return _in_object(value, depth)
    first = value[0] if isinstance(value, list) and len(value) == 1 else None
    # MCP's content, written as text.
    return _in_object(first, depth) if isinstance(first, dict) and first.get("type") == "text" else ""


def _in_object(value: JsonObject, depth: int) -> str:
    if (said := next((value[flag] for flag in _FLAGS if isinstance(value.get(flag), bool)), None)) is not None:
        return "its JSON says that it is an error" if said else ""
    if _is_error(value.get("error")):
        return "its JSON has “error”"
    if isinstance(value.get("errors"), list) and value["errors"] and value.get("data", "") is None:
        return "its JSON has “errors” and no data"
    if denied := next((flag for flag in _SUCCESSES if value.get(flag) is False), ""):
        return f"its JSON has “{denied}: false”"
    code = _exit_code_of(value)
    if code is None and isinstance(value.get("metadata"), dict):
        code = _exit_code_of(value["metadata"])
    if code is not None:
        return f"exit code {code}" if code else ""
    return _failed_status(value) or _in_wrapper(value, depth)


def _is_error(error: Any) -> bool:
    """Whether a member `error` is one. A number may be a measurement."""
    if isinstance(error, str):
        return error.strip().lower() not in _NO_ERROR
    return error is True or (isinstance(error, (dict, list)) and bool(error))


def _exit_code_of(value: Mapping[str, Any]) -> int | None:
    return next((value[name] for name in _EXIT_CODES if type(value.get(name)) is int), None)


def _failed_status(value: JsonObject) -> str:
    """What a tool looked up may have failed, so the status must be all that the object is about."""
    status = value.get("status")
    is_failed = isinstance(status, str) and status.lower() in ("error", "failed", "failure")
    is_said = any(isinstance(value.get(name), str) and value[name] for name in _SAID)
    return f"its JSON has “status: {status}”" if is_failed and is_said and value.keys() <= _ENVELOPE else ""


def _in_wrapper(value: JsonObject, depth: int) -> str:
    inner = next((value[name] for name in _WRAPPERS if name in value), None)
    if depth >= _MOST_NESTED or len(value) > 3:
        return ""
    return _sign(inner, depth + 1) if isinstance(inner, str) else _in_json(inner, depth + 1)


# --- the beginning of a text ----------------------------------------------------------------------------------------

# What may stand before the words: a quote, Markdown, an emoji, the tag of a framework.
_BEFORE = r"""(?:<(?:system|output|result|stderr|response)>\s*)?["'`*_#>\s❌⚠🚫⛔\ufe0f\[(]*"""
_NO_WORDS = r"(?!\s*[\"'`]?(?:none|null|no|nil|n/a|false|0|\(none\)|ok)\b[\"'`)\]]*\s*(?:$|\n)|\s*0\s*[,;|])"
_ANY_CASE, _AS_WRITTEN = re.IGNORECASE, re.RegexFlag(0)
# With a group that is the sign.
_STARTS = tuple(
    re.compile(pattern, flags)
    for pattern, flags in (
        (r"<(tool_use_error|tool_error|error)>(?!\s*</)", _ANY_CASE),
        (_BEFORE + r"(traceback) \(most recent call last\)", _ANY_CASE),
        (
            _BEFORE + r"((?:fatal |tool |mcp |internal |execution |runtime )?errors?\*{0,2}"
            r"(?:\s?:|\s[-–—]\s|!| -?\d{1,6}: | code:? \d))" + _NO_WORDS,
            _ANY_CASE,
        ),
        (r"(ERROR)\s*$", _AS_WRITTEN),
        (r"\[(error)\] \S", _ANY_CASE),
        (r"(ERROR) \[[^\]\n]{1,60}\] \S", _AS_WRITTEN),
        (r"(permission denied)(?:[.!]?\s*\Z|: \S)", _ANY_CASE),
        (r"(ERROR \d{4} \(\w+\))", _AS_WRITTEN),
        (
            _BEFORE + r"(error (?:(?:while |when )?(?:executing|calling|running|invoking|reading|writing|parsing|"
            r"processing|fetching|opening|loading|performing|accessing|searching|editing|creating|deleting)|"
            r"in|from|during|occurred|\[[^\]\n]{1,40}\]|\(?\d{3}\)?)\b)[^\n]{0,200}?:\s*\S",
            _ANY_CASE,
        ),
        (_BEFORE + r"(an (?:unexpected |internal |unknown )?error (?:has )?occurred)", _ANY_CASE),
        (_BEFORE + r"((?:uncaught |unhandled )?exception)(?:\s?:| while | in thread )" + _NO_WORDS, _ANY_CASE),
        (
            _BEFORE + r"(?:uncaught |unhandled )?((?:\w{1,60}\.){0,8}[A-Za-z]\w{0,60}(?:Error|Exception))"
            r"(?: \[[^\]\n]{1,60}\])?(?:\(|:\s)" + _NO_WORDS,
            _AS_WRITTEN,
        ),
        (r"(fatal|panic): \S", _AS_WRITTEN),
        (r"(?:the )?(tool (?:call |execution )?failed)\b", _ANY_CASE),
    )
)
# A text that has none of these is not looked at more closely: nearly all are such.
_WORDS_OF_START = (
    "error",
    "exception",
    "traceback",
    "fatal",
    "panic",
    "failed",
    "not found",
    "no such",
    "denied",
    "directory",
)
_COMMAND = r"(?:/[\w./-]{1,60}/)?(?:ba|z|da|k|a|c)?sh: (?:line \d{1,6}: |\d{1,6}: )?"
_NO_COMMAND = re.compile(
    rf"{_COMMAND}(?:command not found: [^\n]{{1,200}}|[^\n:]{{1,200}}: (?:command )?not found)\s*\Z"
)
_NO_FILE = re.compile(
    r"[\w./-]{1,60}: [^\n]{1,300}: (?:No such file or directory|Permission denied|Is a directory|Not a directory)\s*\Z"
)


def _mentions(text: str, words: tuple[str, ...]) -> bool:
    lowered = text.lower()
    return any(word in lowered for word in words)


def _at_start(head: str) -> str:
    if not _mentions(head[: _LINE_CHARS * 2], _WORDS_OF_START):
        return ""
    for pattern in _STARTS:
        if found := pattern.match(head):
            return f"begins with “{found[1].strip()[:_REASON_CHARS]}”"
    if len(head) < _LINE_CHARS * 2 and "\n" not in head.strip():
        if _NO_COMMAND.match(head):
            return "command not found"
        if _NO_FILE.match(head):
            return head.strip().rpartition(": ")[2]
    return ""


# --- exit codes and tracebacks --------------------------------------------------------------------------------------

# A line that is about nothing but an exit code: "Exit code: 1", "[exit 1]", "Process exited with code 1".
_EXIT_LINE = re.compile(
    r"^[ \t]{0,8}[\[(<*>`]{0,4}(?:(?:the |shell )?(?:process|command|script|program|cell)\b[^\n]{0,60}?\b)?"
    r"(?:(?:finished|completed|failed|exited|terminated|ended|returned)[ \t]+)?(?:with[ \t]+)?(?:an? )?(?:non-zero )?"
    r"(?:exit(?:ed|s)?(?:[ \t_-]?(?:code|status))?|return[ \t_-]?code|(?<=with )code|(?<=with )status)"
    r"[ \t]*(?:with[ \t]+)?(?:code|status)?[ \t]*[:=>]{0,2}[ \t]*(-?\d{1,10})"
    r"(?:\.?[\])*`]{0,3}\.?|</[\w-]{1,30}>)[ \t]*\r?$",
    re.IGNORECASE | re.MULTILINE,
)
_MAKE = re.compile(r"^make(?:\[\d+\])?: \*\*\* [^\n]{1,300} Error (\d{1,3})\s*\Z", re.MULTILINE)
_WORDS_OF_CODE = ("exit", "code", "error ")


def _exit_code(text: str) -> str:
    """The exit code in the first or last lines of a text, if it is not 0."""
    short = len(text) <= _HEAD_CHARS + _TAIL_CHARS
    for piece in (text,) if short else (text[:_HEAD_CHARS], text[-_HEAD_CHARS:]):
        if not _mentions(piece, _WORDS_OF_CODE):
            continue
        # The first one is the command's own; what it printed may name others.
        if found := _EXIT_LINE.search(piece):
            return f"exit code {int(found[1])}" if int(found[1]) else ""
        if found := _MAKE.search(piece):
            return f"exit code {found[1]}"
    return ""


_LAST_LINE = re.compile(r"^(?:\w+\.)*\w*(?:Error|Exception|Interrupt|Exit|Warning|Failure)\b")
_TRACEBACK = "\nTraceback (most recent call last):\n"


def _ends_with_traceback(text: str) -> str:
    """What a Python program prints that ends with an exception. A log goes on after one."""
    tail = text[-_TAIL_CHARS:].rstrip()
    _, found, trace = tail.rpartition(_TRACEBACK)
    if not found:
        return ""
    plain = [line for line in trace.split("\n") if line and not line[0].isspace()]
    return "ends with a traceback" if plain and _LAST_LINE.match(plain[0]) and len(plain) <= 3 else ""
