"""Cut JSON into its values without decoding them: each value keeps its exact bytes."""

from __future__ import annotations

import codecs
import json
import re
from collections.abc import Callable
from typing import Any, cast

import msgspec

VIEWED_BYTES = 65_536
_CHECKED_BYTES = 2**20

_OBJECT = msgspec.json.Decoder(dict[str, msgspec.Raw])

JsonBytes = bytes | msgspec.Raw
# The items are views; the type says what callers may rely on.
_ARRAY = cast("msgspec.json.Decoder[list[JsonBytes]]", msgspec.json.Decoder(list[msgspec.Raw]))


class DocumentError(ValueError):
    """The bytes are not a JSON document that can be kept; the message is meant for the client."""


def object_fields(raw: JsonBytes) -> dict[str, JsonBytes]:
    """The members of a JSON object, with the exact bytes of each value. If a key is repeated, the last one counts.

    Raises DocumentError for anything else. NaN, Infinity and lone surrogates, which Python's parser accepts though
    JSON does not have them, are accepted here too.
    """
    try:
        fields = _OBJECT.decode(raw)
    except (msgspec.DecodeError, RecursionError):
        return _LenientText(raw).fields()
    # Small values are used often, so they become plain bytes; large ones stay views of their document.
    return {key: bytes(item) if len(item) < VIEWED_BYTES else item for key, item in fields.items()}


def array_items(raw: JsonBytes) -> list[JsonBytes]:
    """The exact bytes of each item of a JSON array; otherwise like `object_fields`."""
    try:
        return _ARRAY.decode(raw)
    except (msgspec.DecodeError, RecursionError):
        return _LenientText(raw).items()


def check_utf8(raw: bytes) -> None:
    """Raise DocumentError unless these bytes are UTF-8. Cutting JSON into values does not check its texts."""
    if raw.isascii():
        return
    decoder = codecs.getincrementaldecoder("utf-8")()
    for start in range(0, len(raw), _CHECKED_BYTES):
        try:
            decoder.decode(raw[start : start + _CHECKED_BYTES], final=start + _CHECKED_BYTES >= len(raw))
        except UnicodeDecodeError as error:
            raise DocumentError(f"not UTF-8: {error.reason} near byte {start + error.start}") from None


class _LenientText:
    """JSON text cut into its values by Python's own parser, which accepts more than strict JSON."""

    # Numbers are only measured here, never converted.
    _DECODER = json.JSONDecoder(parse_int=str, parse_float=str)
    _SPACE = re.compile(r"[ \t\n\r]*")
    _BRACKETS = re.compile(r'"(?:[^"\\]|\\.)*"|[\[\]{}]')

    def __init__(self, raw: JsonBytes) -> None:
        try:
            self.text = bytes(raw).decode("utf-8-sig")
        except UnicodeDecodeError as error:
            raise DocumentError(f"not UTF-8: {error.reason} at byte {error.start}") from None
        self.at = 0

    def items(self) -> list[JsonBytes]:
        return self._cut("[", "]", self._item)

    def fields(self) -> dict[str, JsonBytes]:
        return dict(self._cut("{", "}", self._member))

    def _cut(self, opening: str, closing: str, read: Callable[[], Any]) -> list[Any]:
        try:
            if self._peek() != opening:
                self._DECODER.raw_decode(self.text, self.at)
                wanted = "object" if opening == "{" else "array"
                raise DocumentError(f"expected a JSON {wanted}, got {kind_of(self.text[self.at].encode())}")
            self.at += 1
            found = [] if self._peek() == closing else [read()]
            while self._peek() == ",":
                self.at += 1
                found.append(read())
            self._expect(closing)
            if self._peek():
                raise json.JSONDecodeError("Extra data", self.text, self.at)
        except RecursionError:
            raise DocumentError("nested too deeply: at most about 900 levels are understood") from None
        except DocumentError:
            raise
        except ValueError as error:
            raise DocumentError(f"not valid JSON: {error}") from None
        return found

    def _item(self) -> bytes:
        start = self._start()
        try:
            return self._value(start)
        except RecursionError:
            # Reading this item will fail later, and its neighbours are fine.
            self.at = self._end_of_nested(start)
            return self.text[start : self.at].encode()

    def _value(self, start: int) -> bytes:
        _, self.at = self._DECODER.raw_decode(self.text, start)
        return self.text[start : self.at].encode()

    def _start(self) -> int:
        self._peek()
        return self.at

    def _end_of_nested(self, start: int) -> int:
        """Where the object or array that begins at `start` ends. Only its brackets are looked at."""
        depth = 0
        for token in self._BRACKETS.finditer(self.text, start):
            depth += {"[": 1, "{": 1, "]": -1, "}": -1}.get(token[0], 0)
            if depth == 0:
                return token.end()
        raise json.JSONDecodeError("Unterminated value starting at", self.text, start)

    def _member(self) -> tuple[str, bytes]:
        key, self.at = self._DECODER.raw_decode(self.text, self._start())
        if not isinstance(key, str):
            raise json.JSONDecodeError("Expecting property name enclosed in double quotes", self.text, self.at)
        self._expect(":")
        return key, self._value(self._start())

    def _peek(self) -> str:
        """The next character that is not white space; "" at the end."""
        space = self._SPACE.match(self.text, self.at)
        self.at = space.end() if space else self.at
        return self.text[self.at : self.at + 1]

    def _expect(self, character: str) -> None:
        if self._peek() != character:
            raise json.JSONDecodeError(f"Expecting {character!r}", self.text, self.at)
        self.at += 1


def loads(raw: JsonBytes) -> Any:
    """Decode JSON. NaN, Infinity, lone surrogates and big integers are accepted, as by Python's parser.

    Raises DocumentError. Integers of more than 4,300 digits are returned as text.
    """
    try:
        return msgspec.json.decode(raw)
    except (msgspec.DecodeError, RecursionError, ValueError):
        pass
    try:
        return json.loads(bytes(raw).decode("utf-8-sig"), parse_int=_parse_int)
    except RecursionError:
        raise DocumentError("nested too deeply: at most about 900 levels are understood") from None
    except ValueError as error:
        raise DocumentError(f"not valid JSON: {error}") from None


def _parse_int(text: str) -> int | str:
    try:
        return int(text)
    except ValueError:
        return text


def json_kind(value: Any) -> str:
    """What JSON calls the kind of a decoded value, for error messages."""
    names = {dict: "object", list: "array", str: "string", bool: "boolean", int: "number", float: "number"}
    return "null" if value is None else names.get(type(value), "number")


_KINDS = {ord("{"): "object", ord("["): "array", ord('"'): "string", ord("n"): "null"}
_KINDS |= {ord("t"): "boolean", ord("f"): "boolean"}


def kind_of(raw: JsonBytes) -> str:
    """What JSON calls the kind of a value, told by the first character of its bytes."""
    first = raw[0] if type(raw) is bytes else memoryview(raw)[0]
    return _KINDS.get(first, "number")
