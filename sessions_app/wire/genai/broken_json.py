"""Texts that begin like JSON and are none: cut by a limit of the sender's length, or written by Python's `str()`."""

from __future__ import annotations

import json
import re
from typing import Any, NamedTuple

from sessions_app.wire.python_text import read_python_text

_MOST_CHARS, _MOST_DEPTH = 1_000_000, 100
_TOKEN = re.compile(r'\s*(?:("(?:[^"\\]|\\.)*+")|([{}\[\],:])|([^\s{}\[\],:"]++))', re.DOTALL)
_OPEN_TEXT = re.compile(r'\s*"((?:[^"\\]|\\.)*+)\\?\Z', re.DOTALL)
# The beginning of an escape at the end of a text.
_HALF_ESCAPE = re.compile(r"(?<!\\)((?:\\\\)*)\\u[0-9a-fA-F]{0,3}\Z")
_CLOSING = {"{": "}", "[": "]"}
_LIMITS = "OTEL_ATTRIBUTE_VALUE_LENGTH_LIMIT or a limit of the library"


class Mended(NamedTuple):
    """What can be read of such a text, None if nothing; and what is wrong with it, "" if nothing is."""

    value: Any
    problem: str


def mended(name: str, text: str) -> Mended:
    """What an attribute says whose text begins like JSON and is none."""
    if (value := _completed(text)) is not None:
        return Mended(value, f"{name} was cut after {len(text):,} characters before it was sent ({_LIMITS})")
    try:
        value = read_python_text(text)
    except (ValueError, RecursionError):
        return Mended(None, f"{name} is broken JSON and kept as text")
    return Mended(value if isinstance(value, (dict, list)) else None, "")


def _completed(text: str) -> Any:
    """The value that a JSON text had as far as it goes; None if it is broken before its end."""
    if len(text) > _MOST_CHARS:
        return None
    # The objects and arrays that are open, and whether a member's value may come.
    opened: list[str] = []
    takes_value, at = True, 0
    # So far it could be closed, before the piece at which the text ends.
    end = 0
    while match := _TOKEN.match(text, at):
        quoted, mark, _ = match.groups()
        at = match.end()
        if mark and mark in _CLOSING:
            opened.append(mark)
            if len(opened) > _MOST_DEPTH:
                return None
            takes_value = mark == "["
        elif mark in ("}", "]"):
            if not opened or _CLOSING[opened.pop()] != mark:
                return None
            takes_value = False
        elif mark:
            takes_value = mark == ":" or (bool(opened) and opened[-1] == "[")
            continue
        elif quoted and not takes_value:
            # The name of a member.
            continue
        elif at == len(text):
            # The rest of a number or word may be missing.
            break
        if not opened:
            return None
        end = at
    ending = _OPEN_TEXT.match(text, at)
    if ending and takes_value and opened:
        written = _HALF_ESCAPE.sub(r"\1", text[at:].removesuffix("\\") if _ends_in_escape(text) else text[at:])
        closed = text[:at] + written + '"'
    else:
        closed = text[:end]
    closings = "".join(_CLOSING[mark] for mark in reversed(opened))
    try:
        return json.loads(closed + closings) if end and closings else None
    except (ValueError, RecursionError):
        return None


def _ends_in_escape(text: str) -> bool:
    """Whether the text ends within an escape of one character: with an odd number of backslashes."""
    return (len(text) - len(text.rstrip("\\"))) % 2 == 1
