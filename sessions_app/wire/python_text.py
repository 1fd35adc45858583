"""Read what Python's `str()` wrote of nested values: LiteLLM's older payload sends everything in this form.

Literals become their values. `Name(key=value)` and `key=value key=value` (which pydantic models print) become dicts.
`<anything>` stays text. `ast.literal_eval` is no help: it refuses such objects, and a hostile text can exhaust its
stack.
"""

from __future__ import annotations

import re
from typing import Any

MAX_CHARS = 1_000_000
MAX_DEPTH = 100
# A tuple may be a key. It is written again at each level of nested keys, so its size is bounded.
MAX_KEY_TOKENS = 100

_TOKEN = re.compile(
    r"""\s*+(?:
      [bBrRuU]{0,2}(?P<text>'(?:[^'\\]|\\.)*+'|"(?:[^"\\]|\\.)*+")
    | (?P<number>[-+]?(?:\d++(?:\.\d*+)?(?:[eE][-+]?\d++)?))
    | (?P<name>[A-Za-z_][\w.]*+)
    | (?P<angle><[^>]*+>)
    | (?P<mark>[\[\](){},:=])
    )""",
    re.VERBOSE | re.DOTALL,
)
_ESCAPE = re.compile(r"\\(?:x([0-9a-fA-F]{2})|u([0-9a-fA-F]{4})|U([0-9a-fA-F]{8})|(.))", re.DOTALL)
_SIMPLE_ESCAPES = {"n": "\n", "r": "\r", "t": "\t", "0": "\0"}
_CONSTANTS = {"None": None, "True": True, "False": False}
_CLOSING = {"[": "]", "(": ")", "{": "}"}

Token = tuple[str, str]


def read_python_text(text: str) -> Any:
    """The value that a text stands for. Raises ValueError when the text is no value, too long or nested too deeply."""
    if len(text) > MAX_CHARS:
        raise ValueError(f"more than {MAX_CHARS:,} characters")
    reader = _Reader(_tokens(text))
    value = reader.fields("") if reader.at_field() else reader.value(0)
    if reader.position != len(reader.tokens):
        raise ValueError("there is more behind the value")
    return value


def _tokens(text: str) -> list[Token]:
    tokens, position, end = [], 0, len(text.rstrip())
    while position < end:
        match = _TOKEN.match(text, position)
        if match is None:
            raise ValueError(f"nothing known at character {position}")
        tokens.append((str(match.lastgroup), match[str(match.lastgroup)]))
        position = match.end()
    return tokens


def _unquoted(text: str) -> str:
    def replace(match: re.Match[str]) -> str:
        code = match[1] or match[2] or match[3]
        if code is None:
            return _SIMPLE_ESCAPES.get(match[4], match[4])
        return chr(min(int(code, 16), 0x10FFFF))

    return _ESCAPE.sub(replace, text[1:-1])


def _number(text: str) -> int | float:
    try:
        return int(text)
    except ValueError:
        return float(text)


class _Reader:
    def __init__(self, tokens: list[Token]) -> None:
        self.tokens = tokens
        self.position = 0

    def peek(self, ahead: int = 0) -> Token:
        index = self.position + ahead
        return self.tokens[index] if index < len(self.tokens) else ("end", "")

    def take(self, mark: str) -> bool:
        taken = self.peek() == ("mark", mark)
        self.position += taken
        return taken

    def at_field(self) -> bool:
        return self.peek()[0] == "name" and self.peek(1) == ("mark", "=")

    def value(self, depth: int) -> Any:
        if depth > MAX_DEPTH:
            raise ValueError(f"nested deeper than {MAX_DEPTH} levels")
        kind, text = self.peek()
        self.position += 1
        if kind == "text":
            return _unquoted(text)
        if kind == "number":
            return _number(text)
        if kind == "angle":
            return text
        if kind == "name":
            return self.named(text, depth)
        if text in _CLOSING:
            return self.collection(_CLOSING[text], depth)
        raise ValueError(f"no value begins with {text or 'the end'!r}")

    def named(self, name: str, depth: int) -> Any:
        """A constant, a bare name, or an object: its named members, else its arguments."""
        if not self.take("("):
            return _CONSTANTS.get(name, name)
        return self.fields(")", depth) if self.at_field() else self.collection(")", depth)

    def fields(self, closing: str, depth: int = 0) -> dict[str, Any]:
        members = {}
        while self.at_field():
            name = self.peek()[1]
            self.position += 2
            members[name] = self.value(depth + 1)
            self.take(",")
        if closing and not self.take(closing):
            raise ValueError(f"{closing} is missing")
        return members

    def key(self, item: Any, start: int) -> str:
        """An item that is a key, as text. Keys within keys are not written with `str`, which would double their
        backslashes.
        """
        if not isinstance(item, (list, dict)):
            return str(item)
        tokens = self.tokens[start : self.position - 1]
        if isinstance(item, dict) or len(tokens) > MAX_KEY_TOKENS:
            raise ValueError("a key is a collection")
        return (
            str(item) if not any(isinstance(inner, (list, dict)) for inner in item) else "".join(t for _, t in tokens)
        )

    def collection(self, closing: str, depth: int) -> Any:
        """The items up to the closing bracket: a dict when they are pairs, else a list."""
        items: list[Any] = []
        pairs: dict[str, Any] = {}
        while not self.take(closing):
            # As in datetime.datetime(2026, 1, 2, tzinfo=datetime.timezone.utc).
            self.position += 2 if self.at_field() else 0
            start = self.position
            item = self.value(depth + 1)
            if closing == "}" and self.take(":"):
                pairs[self.key(item, start)] = self.value(depth + 1)
            else:
                items.append(item)
            if not self.take(",") and self.peek() != ("mark", closing):
                raise ValueError(f"{closing} is missing")
        return items if items or closing != "}" else pairs
