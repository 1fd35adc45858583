"""Which commands of a shell answer "no" with their exit code.

POSIX.1-2024 gives `grep`, `cmp`, `diff` and `test` exit code 1 for "nothing found", "they differ" and "false", and a
larger one for errors. Other programs that search or compare do the same.
"""

from __future__ import annotations

import json
import re
import shlex
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, TypeAlias

Words: TypeAlias = Sequence[str]

MOST_CHARS = 4_000
_ANSWER = frozenset(
    {
        *("grep", "egrep", "fgrep", "zgrep", "rg", "ag", "ack", "ugrep", "pgrep", "pidof"),
        *("diff", "cmp", "comm", "zdiff", "test", "[", "[[", "which", "type", "false", "findstr"),
    }
)
# Of these only with the word behind them.
_ANSWER_WITH = {"git": frozenset({"grep"}), "command": frozenset({"-v"})}
_GIT_DIFF = frozenset({"--exit-code", "--quiet"})
# What runs another command and passes its exit code on, with those of its options that have a value behind them.
_RUN = {"sudo": "CDghpRrTtUu", "env": "Cu", "time": "fo", "nice": "n", "nohup": "", "command": "", "exec": "a",
        "busybox": "", "timeout": "ks", "stdbuf": "eio"}  # fmt: skip
# Their long options that have none.
_FLAGS = frozenset({"--preserve-status", "--foreground", "--ignore-environment", "--non-interactive", "--preserve-env"})
_SHELLS = frozenset({"sh", "bash", "zsh", "dash", "ash", "ksh"})
_FLAGS_OF_SHELLS = frozenset({"--login", "--norc", "--noprofile", "--posix"})
_MOST_NESTED = 3
# What comes before the last command without a say, unless it fails itself.
_PREPARE = frozenset({"cd", "pushd", "export", "set", "source", ".", "echo", "printf", "true", ":", "pwd"})
_MEMBERS = ("command", "cmd", "commands", "script")
_ASSIGNMENT = re.compile(r"\w+=.*", re.DOTALL)
_TIME = re.compile(r"\d+(?:\.\d+)?[smhd]?")
_PUNCTUATION = ";&|<>()\n"
# What a shell, or what runs a command, says of its own failure.
_COMPLAINT = re.compile(
    r"^(?:[\w./-]{1,60}: )?(?:line \d{1,6}: |\d{1,6}: )?(?:cd|pushd|source|\.|sudo|export): ", re.MULTILINE
)
_COMPLAINT_CHARS = 4_000


class _NotCertain(ValueError):
    """Which command an exit code is of cannot be known."""


def answers_no(arguments: str) -> bool:
    """Whether exit code 1 of a call with these arguments is an answer. It is none where that cannot be known: the exit
    code may be that of an earlier command, or the text is too long or odd to be read.
    """
    try:
        return _Script().answers(_command(arguments))
    except ValueError:
        return False


def has_complaint(output: str) -> bool:
    """Whether a shell says that it did not come to the command, as `cd: x: No such file or directory` does."""
    return _COMPLAINT.search(output[:_COMPLAINT_CHARS]) is not None


def _command(arguments: str) -> str:
    """The command among the arguments of a call; "" if there is none, or two."""
    if arguments.lstrip()[:1] not in ("{", "[", '"'):
        return arguments
    if len(arguments) > 2 * MOST_CHARS:
        return ""
    try:
        value = json.loads(arguments, object_pairs_hook=_members)
    except _NotCertain:
        return ""
    except (ValueError, RecursionError):
        # `[` is a command, too.
        return arguments
    if isinstance(value, dict) and isinstance(value.get("action"), dict):
        value = value["action"]
    if isinstance(value, dict):
        name = next((name for name in _MEMBERS if value.get(name)), "")
        value = value[name] if name else ""
        if name == "commands" and isinstance(value, list) and all(isinstance(item, str) for item in value):
            value = "\n".join(value)
    if isinstance(value, list) and value and all(isinstance(item, str) for item in value):
        value = shlex.join(value)
    return value if isinstance(value, str) else ""


def _members(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    members = dict(pairs)
    if len(members) < len(pairs):
        raise _NotCertain("a name is repeated")
    return members


# --- scripts ----------------------------------------------------------------------------------------------------------


@dataclass(slots=True)
class _Script:
    """What a shell is told to run, with its options that decide whose exit code it returns."""

    depth: int = 0
    errexit: bool = False
    pipefail: bool = False

    def answers(self, text: str) -> bool:
        """Whether exit code 1 is an answer of its last command. Raises ValueError where that is not certain."""
        # What a here-document holds would be taken for commands.
        if not text.strip() or len(text) > MOST_CHARS or "<<" in text or self.depth > _MOST_NESTED:
            return False
        *others, (_, last) = _pipelines(text)
        for joint, commands in others:
            self._set(commands[0])
            if not self._has_no_say(joint, commands):
                return False
        return self._pipeline_answers(last)

    def _has_no_say(self, joint: str, commands: Sequence[Words]) -> bool:
        """Whether exit code 1 cannot be that of these commands. `joint`: what joins them to the next ones."""
        if joint == "||" or (joint != "&&" and not self.errexit):
            return joint != "||" or self._pipeline_answers(commands)
        return all(self._is_harmless(words) for words in commands) or self._pipeline_answers(commands)

    def _pipeline_answers(self, commands: Sequence[Words]) -> bool:
        *before, last = commands
        return self._answers(last) and (not self.pipefail or all(map(self._is_harmless, before)))

    def _is_harmless(self, words: Words) -> bool:
        return _program(words)[0] in _PREPARE or self._answers(words)

    def _answers(self, words: Words) -> bool:
        name, rest = _program(words)
        if name in _SHELLS:
            inner = _Script(self.depth + 1)
            return inner.answers(inner.text_of(rest))
        if name == "git" and rest[:1] == ["diff"]:
            return not _GIT_DIFF.isdisjoint(rest)
        return name in _ANSWER or (bool(rest) and rest[0] in _ANSWER_WITH.get(name, ()))

    def _set(self, words: Words) -> None:
        """Change the options as the command `set` does."""
        if words[:1] != ["set"]:
            return
        rest = list(words[1:])
        while rest and rest[0][:1] in ("-", "+"):
            self._option(rest.pop(0), rest)

    def _option(self, word: str, rest: list[str]) -> None:
        is_on = word[0] == "-"
        if "e" in word:
            self.errexit = is_on
        if "o" in word and rest:
            name = rest.pop(0)
            self.errexit = is_on if name == "errexit" else self.errexit
            self.pipefail = is_on if name == "pipefail" else self.pipefail

    def text_of(self, arguments: Sequence[str]) -> str:
        """What a shell with these arguments runs; "" for what is not given with `-c`."""
        rest, is_given = list(arguments), False
        while rest and rest[0][:1] in ("-", "+") and len(rest[0]) > 1:
            word = rest.pop(0)
            if word[:2] == "--":
                if word not in _FLAGS_OF_SHELLS:
                    return ""
                continue
            is_given = is_given or "c" in word
            self._option(word, rest)
        return rest[0] if is_given and rest else ""


def _pipelines(text: str) -> list[tuple[str, list[Words]]]:
    """Each pipeline with what joins it to the next one: `;`, `&&` or `||`. Raises ValueError."""
    found: list[tuple[str, list[Words]]] = []
    pipeline: list[Words] = []
    words: list[str] = []
    for token in _tokens(text):
        if token[0] not in _PUNCTUATION or "<" in token or ">" in token:
            words.append(token)
            continue
        if "(" in token or ")" in token:
            raise _NotCertain("a subshell")
        joint = token.strip("\n") or ";"
        if words:
            pipeline.append(words)
            words = []
        if pipeline and joint not in ("|", "|&"):
            found.append((joint, pipeline))
            pipeline = []
    if words:
        pipeline.append(words)
    return [*found, (";", pipeline)] if pipeline else found or [(";", [[]])]


def _tokens(text: str) -> Iterator[str]:
    lexer = shlex.shlex(text.replace("\\\n", " ").strip(), posix=True, punctuation_chars=_PUNCTUATION)
    lexer.whitespace, lexer.whitespace_split, lexer.commenters = " \t\r", True, ""
    for token in lexer:
        if token[:1] == "#":
            raise _NotCertain("what follows may be a comment")
        if token:
            yield token


# --- commands ---------------------------------------------------------------------------------------------------------


def _program(words: Words) -> tuple[str, list[str]]:
    """The program that a command runs, without its folder, and its arguments. Raises ValueError."""
    rest = list(words)
    while rest:
        name = rest.pop(0)
        if _ASSIGNMENT.fullmatch(name):
            continue
        name = name.rpartition("/")[2]
        if name not in _RUN or not rest or (name == "command" and rest[0] == "-v"):
            return name, rest
        _drop_options(rest, _RUN[name])
        if name == "timeout" and not (rest and _TIME.fullmatch(rest.pop(0))):
            raise _NotCertain("no time")
    return "", []


def _drop_options(rest: list[str], valued: str) -> None:
    """Take the options from the front of a command. `valued`: those that have a value behind them."""
    while rest and rest[0][:1] == "-" and len(rest[0]) > 1:
        option = rest.pop(0)
        if option == "--":
            return
        if option[:2] == "--":
            if "=" not in option and option not in _FLAGS:
                raise _NotCertain("an option that is not known")
            continue
        place = next((place for place, letter in enumerate(option) if letter in valued), None)
        if "S" in option and valued == _RUN["env"]:
            raise _NotCertain("a command in an option")
        if place == len(option) - 1 and rest:
            rest.pop(0)
