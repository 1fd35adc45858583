"""Arguments and results as values, only where reading them loses nothing."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable
from typing import Any

from sessions_app import bounds

# Longer texts are not read: they are drawn as the JSON they are.
MOST_READ_CHARS = 400_000
# Nor are texts of more or longer lines taken for files, patches or lists of places.
MOST_LINES, MOST_LINE_CHARS = 20_000, 4_000
# A value that is nested more deeply is written up to here.
_MOST_LEVELS = 20


class _Unread:
    """In place of a value that was not read."""


UNREAD = _Unread()


class WrittenNumber(str):
    """A number as it was written: `1.50`, `1e400`."""

    __slots__ = ()


_AS_WRITTEN: dict[str, Any] = dict.fromkeys(("parse_int", "parse_float", "parse_constant"), WrittenNumber)


def read(text: str) -> Any:
    """The value of a JSON text, numbers as they are written; UNREAD for what is no JSON, too long or too deep.

    An object that repeats a name is not read either: one of the values would be lost.
    """
    budget = bounds.current()
    if len(text) > min(MOST_READ_CHARS, budget.work_left):
        return UNREAD
    budget.spend(work=len(text) // 4)
    try:
        return json.loads(text, object_pairs_hook=unique_members, **_AS_WRITTEN)
    except (ValueError, RecursionError):
        return UNREAD


class RepeatedName(ValueError):
    """An object has a name more than once, so what it says depends on who reads it."""

    def __init__(self, name: str) -> None:
        super().__init__(name)
        self.name = name


def unique_members(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """The members of an object, for `json.loads`. Raises RepeatedName."""
    members = dict(pairs)
    if len(members) < len(pairs):
        names = [name for name, _ in pairs]
        raise RepeatedName(next(name for name in members if names.count(name) > 1))
    return members


def repeated_name(text: str) -> str | None:
    """A name that an object in a JSON text has more than once; None if there is none, or the text was not read."""
    if len(text) > MOST_READ_CHARS or text.lstrip()[:1] not in ("{", "["):
        return None
    try:
        json.loads(text, object_pairs_hook=unique_members)
    except RepeatedName as error:
        return error.name
    except (ValueError, RecursionError):
        pass
    return None


# Some clients put the text that a tool returned into an object that has nothing else.
_WRAPPED = re.compile(r'\s*\{\s*"(?:output|result|content)"\s*:\s*"')


def unwrapped(text: str) -> str:
    """The text that an object of one member holds; any other text as it is."""
    if _WRAPPED.match(text[:200]) and isinstance(value := read(text), dict) and len(value) == 1:
        (inner,) = value.values()
        return inner if is_text(inner) and inner.strip() else text
    return text


def has_few_lines(text: str) -> bool:
    """Whether a text is short enough to be looked at line by line."""
    return len(text) <= MOST_READ_CHARS and text.count("\n") < MOST_LINES


def has_short_lines(text: str) -> bool:
    """The same, and none of its lines is very long."""
    return has_few_lines(text) and all(len(line) <= MOST_LINE_CHARS for line in text.split("\n"))


def is_text(value: Any) -> bool:
    """Whether a value that was read is a string."""
    return type(value) is str


def text_member(members: dict[str, Any], names: Iterable[str]) -> tuple[str, str]:
    """The first of these members that is a string, and its name; "" for both if there is none."""
    return next(((members[name], name) for name in names if is_text(members.get(name))), ("", ""))


def written(value: Any, most: int) -> str:
    """A value in one line, or its beginning with "…"."""
    pieces: list[str] = []
    left = most
    for piece in _pieces(value, _MOST_LEVELS):
        pieces.append(piece)
        left -= len(piece)
        if left < 0:
            break
    text = "".join(pieces)
    return text if len(text) <= most else text[:most] + "…"


def _pieces(value: Any, levels: int) -> Iterable[str]:
    if isinstance(value, (dict, list)) and value and not levels:
        yield "{…}" if isinstance(value, dict) else "[…]"
    elif isinstance(value, dict):
        yield "{"
        for number, (name, inner) in enumerate(value.items()):
            yield f"{', ' if number else ''}{json.dumps(name, ensure_ascii=False)}: "
            yield from _pieces(inner, levels - 1)
        yield "}"
    elif isinstance(value, list):
        yield "["
        for number, inner in enumerate(value):
            yield ", " if number else ""
            yield from _pieces(inner, levels - 1)
        yield "]"
    else:
        yield scalar(value)


def scalar(value: Any) -> str:
    """A string in quotes, anything else as it is written."""
    if isinstance(value, WrittenNumber):
        return str(value)
    if isinstance(value, str):
        return json.dumps(value, ensure_ascii=False)
    return {None: "null", True: "true", False: "false"}.get(value, str(value))


# --- names ----------------------------------------------------------------------------------------------------------

_WORD = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+|[0-9]+")
_MOST_NAME_CHARS = 200


def words_of(name: str) -> frozenset[str]:
    """The words of a tool's name, in small letters: `run_shellCommand` has run, shell and command."""
    return frozenset(word.lower() for word in _WORD.findall(name[:_MOST_NAME_CHARS]))
