"""Which commands of a shell answer "no" with their exit code.

POSIX.1-2024 gives `grep`, `cmp`, `diff` and `test` exit code 1 for "nothing found", "they differ" and "false", and a
larger one for errors. Other programs that search or compare do the same.
"""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterator, Sequence

from sessions_app.content.json_bytes import DocumentError, loads

MOST_CHARS = 4_000
_ANSWER = frozenset(
    {
        *("grep", "egrep", "fgrep", "zgrep", "rg", "ag", "ack", "ugrep", "pgrep", "pidof"),
        *("diff", "cmp", "comm", "zdiff", "test", "[", "[[", "which", "type", "false"),
    }
)
# Of these only with the word behind them.
_ANSWER_WITH = {"git": frozenset({"grep"}), "command": frozenset({"-v"})}
_GIT_DIFF = frozenset({"--exit-code", "--quiet"})
# What runs another command and passes its exit code on; `timeout` has a time before it.
_RUN = frozenset({"sudo", "env", "time", "nice", "nohup", "command", "exec", "busybox", "timeout"})
# What comes before the last command without a say, unless it fails itself.
_PREPARE = frozenset({"cd", "pushd", "export", "set", "source", ".", "echo", "printf", "true", ":", "pwd"})
_MEMBERS = ("command", "cmd", "commands", "script")
_ASSIGNMENT = re.compile(r"\w+=.*", re.DOTALL)
_TIME = re.compile(r"\d+(?:\.\d+)?[smhd]?")
_PUNCTUATION = ";&|<>()\n"


def answers_no(arguments: str) -> bool:
    """Whether exit code 1 of a call with these arguments is an answer. It is none where that cannot be known: the exit
    code may be that of an earlier command, or the text is too long or odd to be read.
    """
    text = _command(arguments)
    # What a here-document holds would be taken for commands.
    if not text or len(text) > MOST_CHARS or "<<" in text:
        return False
    try:
        *others, last = _pipelines(text)
    except ValueError:
        return False
    return _answers(last[1]) and all(_has_no_say(joint, words) for joint, words in others)


def _command(arguments: str) -> str:
    """The command among the arguments of a call; "" if there is none."""
    if arguments.lstrip()[:1] not in ("{", "[", '"'):
        return arguments
    if len(arguments) > 2 * MOST_CHARS:
        return ""
    try:
        value = loads(arguments.encode("utf-8", "surrogatepass"))
    except (DocumentError, RecursionError):
        # `[` is a command, too.
        return arguments
    if isinstance(value, dict) and isinstance(value.get("action"), dict):
        value = value["action"]
    if isinstance(value, dict):
        value = next((value[name] for name in _MEMBERS if value.get(name)), "")
    if isinstance(value, list) and value and all(isinstance(item, str) for item in value):
        is_shell = len(value) == 3 and value[1][:1] == "-" and "c" in value[1]
        value = value[2] if is_shell else shlex.join(value)
    return value if isinstance(value, str) else ""


def _pipelines(text: str) -> list[tuple[str, Sequence[str]]]:
    """The last command of each pipeline, with what joins it to the next one: `;`, `&&` or `||`. Raises ValueError."""
    found: list[tuple[str, Sequence[str]]] = []
    words: list[str] = []
    for token in _tokens(text):
        if token[0] not in _PUNCTUATION or "<" in token or ">" in token:
            words.append(token)
        elif "(" in token or ")" in token:
            raise ValueError("a subshell")
        elif token.strip("\n") == "|":
            words = []
        elif words:
            found.append((token.strip("\n") or ";", words))
            words = []
    return [*found, (";", words)] if words else found or [(";", [])]


def _tokens(text: str) -> Iterator[str]:
    lexer = shlex.shlex(text.replace("\\\n", " ").strip(), posix=True, punctuation_chars=_PUNCTUATION)
    lexer.whitespace, lexer.whitespace_split, lexer.commenters = " \t\r", True, ""
    return (token for token in lexer if token)


def _answers(words: Sequence[str]) -> bool:
    name, rest = _program(words)
    if name == "git" and rest[:1] == ["diff"]:
        return not _GIT_DIFF.isdisjoint(rest)
    return name in _ANSWER or (bool(rest) and rest[0] in _ANSWER_WITH.get(name, ()))


def _has_no_say(joint: str, words: Sequence[str]) -> bool:
    """Whether the exit code cannot be that of this command, though others follow. `joint`: what joins it to them."""
    if joint == "&&":
        return _program(words)[0] in _PREPARE or _answers(words)
    return joint != "||" or _answers(words)


def _program(words: Sequence[str]) -> tuple[str, list[str]]:
    """The program that a command runs, without its folder, and its arguments."""
    rest = list(words)
    while rest:
        name = rest.pop(0)
        if _ASSIGNMENT.fullmatch(name) or (name in _RUN and rest and rest[0] != "-v"):
            while rest and name in _RUN and (rest[0][:1] == "-" or (name == "timeout" and _TIME.fullmatch(rest[0]))):
                rest.pop(0)
            continue
        return name.rpartition("/")[2], rest
    return "", []
