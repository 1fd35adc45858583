"""Reads a query. Errors say where something is wrong, and what is possible there."""

from __future__ import annotations

import difflib
import re
from datetime import datetime
from decimal import ROUND_DOWN, Decimal

from sessions_app.content.needles import Needle, NoWordsError
from sessions_app.search_language.keys import (
    CHOICES,
    DURATIONS,
    KEYS,
    MOMENTS,
    RANGES,
    SYNONYMS,
    UNITS,
    as_key,
    is_key,
)
from sessions_app.search_language.query import Clause, Query, Range, Text, TimeBound, Values, key_of

MOST_CHARS = 1_000
MOST_CLAUSES = 50
MOST_VALUES = 50
# Numbers end before it, and are as fine as this, so that each is read again as it is written.
LARGEST, FINEST = Decimal(10**15), Decimal("1e-12")

_UNSTORABLE = re.compile("[\0\ud800-\udfff]")
_SPACE = re.compile(r"\s*")
_KEY = re.compile(r"[A-Za-z_][\w-]*(?:\.[^\s:,\"]+)?(?=:)")
_UNKNOWN_KEY = re.compile(r"[a-z_]{2,}$")
_DIGITS = re.compile(r"[\d.:]+(?=[\s/,]|$)")
# A URL, a host with its port, a path of Windows.
_OTHER_TEXT = re.compile(r"[A-Za-z][\w+.-]*://|[\w.-]+:\d|[A-Za-z]:[\\/]")
_WORD = re.compile(r"\S+")
_VALUE = re.compile(r"[^\s,]+")
_QUOTED = re.compile(r'"((?:[^"\\]|\\.)*)"', re.DOTALL)
_ESCAPE = re.compile(r'\\(["\\])')
_COMPARED = re.compile(r"(>=|<=|>|<|=)?(.*)", re.DOTALL)
# More digits than count: a number that is too large is one, and those behind the twelfth place are left out.
_NUMBER = re.compile(r"(\d{1,40}(?:\.\d{1,40})?|\.\d{1,40})([a-zA-Z]*)")
_AGO = re.compile(r"-\d{1,6}[smhdw]")
_DATE = re.compile(r"\d{4}-\d\d-\d\d([T ]\d\d:\d\d(:\d\d(\.\d{1,6})?)?(Z|[+-]\d\d:\d\d)?)?")
_THOUSANDS = {"": 1, "k": 1_000, "m": 1_000_000, "M": 1_000_000, "K": 1_000}


class QueryError(ValueError):
    """A query that cannot be read. `start`, `end`: which characters are wrong. `possible`: what may stand there."""

    def __init__(self, message: str, start: int, end: int, possible: tuple[str, ...] = ()) -> None:
        super().__init__(message)
        self.message, self.start, self.end, self.possible = message, start, end, possible


def parse(text: str) -> Query:
    """The query that a text says. Raises QueryError."""
    # No database and no address can hold these.
    text = _UNSTORABLE.sub("\ufffd", text)
    if len(text) > MOST_CHARS:
        message = f"A query may have at most {MOST_CHARS:,} characters; this one has {len(text):,}."
        raise QueryError(message, MOST_CHARS, len(text))
    reader = _QueryReader(text)
    clauses: list[Clause] = []
    starts: list[tuple[int, int]] = []
    while reader.skip_space():
        start = reader.place
        clause = reader.clause()
        if len(clauses) == MOST_CLAUSES:
            raise QueryError(f"A query may have at most {MOST_CLAUSES} words and filters.", start, len(text))
        if clause not in clauses:
            clauses.append(clause)
            starts.append((start, reader.place))
    return _checked(Query(tuple(clauses)), starts)


def _checked(query: Query, places: list[tuple[int, int]]) -> Query:
    """The query. Raises QueryError if it asks nothing of what it names, or could not be read again as it is written."""
    for clause, (start, end) in zip(query.clauses, places, strict=True):
        if key_of(clause) == "in" and not query.texts:
            message = "in: says where words are looked for. Add the words: in:user refund"
            raise QueryError(message, start, end, CHOICES["in"])
    if len(str(query)) > MOST_CHARS:
        message = f"With its quotes the query has more than {MOST_CHARS:,} characters."
        raise QueryError(message, 0, places[-1][1])
    return query


class _QueryReader:
    def __init__(self, text: str) -> None:
        self.text, self.place = text, 0

    def skip_space(self) -> bool:
        """Go to the next clause; False at the end."""
        found = _SPACE.match(self.text, self.place)
        assert found
        self.place = found.end()
        return self.place < len(self.text)

    def clause(self) -> Clause:
        negated = self.text.startswith("-", self.place) and self.place + 1 < len(self.text)
        negated = negated and not self.text[self.place + 1].isspace()
        start = self.place
        self.place += negated
        key = _KEY.match(self.text, self.place)
        if key and self._is_filter(key):
            self.place = key.end() + 1
            return self._filter(as_key(key[0]), negated, start)
        return self._text(negated, start)

    def _is_filter(self, key: re.Match[str]) -> bool:
        """Whether a name with a colon is a key. Other text may have colons, too."""
        if is_key(key[0]):
            return True
        following = self.text[key.end() + 1 : key.end() + 2]
        if following.isspace() or following in ("", "/", ":", "\\"):
            return False
        if is_key(as_key(key[0])):
            return True
        # A port, a time, a line number.
        value = key.end() + 1
        if _DIGITS.match(self.text, value) or _OTHER_TEXT.match(self.text, value) or not _UNKNOWN_KEY.match(key[0]):
            return False
        near = tuple(difflib.get_close_matches(key[0], KEYS, 3, 0.6))
        hint = f" Did you mean {' or '.join(f'{name}:' for name in near)}?" if near else ""
        message = f"{key[0]}: is no filter.{hint} To look for this text, put it in quotes."
        raise QueryError(message, key.start(), key.end() + 1, near or tuple(KEYS))

    def _text(self, negated: bool, start: int) -> Text:
        if self.text.startswith('"', self.place):
            text, is_phrase = self._quoted(), True
            is_prefix = self.text.startswith("*", self.place)
            self.place += is_prefix
        else:
            found = _WORD.match(self.text, self.place)
            assert found
            text, is_phrase = found[0], False
            self.place = found.end()
            is_prefix = len(text) > 1 and text.endswith("*")
            text = text.removesuffix("*") if is_prefix else text
        try:
            return Text(Needle(text, is_phrase, is_prefix), negated)
        except NoWordsError:
            message = "There is no letter, digit or symbol here by which a text could be found."
            raise QueryError(message, start, self.place) from None

    def _quoted(self) -> str:
        found = _QUOTED.match(self.text, self.place)
        if found is None:
            raise QueryError("The closing quote is missing.", self.place, len(self.text), ('"',))
        self.place = found.end()
        return _ESCAPE.sub(r"\1", found[1])

    def _filter(self, key: str, negated: bool, start: int) -> Clause:
        values: list[tuple[str, int]] = [self._value(key)]
        while self.text.startswith(",", self.place):
            self.place += 1
            values.append(self._value(key))
        if len(values) > MOST_VALUES:
            raise QueryError(f"A filter may have at most {MOST_VALUES} values.", start, self.place)
        if key in RANGES or key in MOMENTS:
            if len(values) > 1:
                raise QueryError(f"{key}: takes one value.", values[1][1], self.place)
            (value, place) = values[0]
            return self._range(key, value, place, negated) if key in RANGES else _moment(key, value, place, negated)
        chosen = [_choice(key, value, place) if key in CHOICES else value for value, place in values]
        if key == "in" and negated:
            raise QueryError("in: cannot be negated. Name the places to look in.", start, self.place, CHOICES["in"])
        if "branch" in chosen and key == "has" and len(set(chosen)) > 1:
            raise QueryError("has:branch cannot be an alternative of others: write it by itself.", start, self.place)
        return Values(key, tuple(dict.fromkeys(chosen)), negated)

    def _value(self, key: str) -> tuple[str, int]:
        """A value, and where it begins."""
        place = self.place
        if self.text.startswith('"', place):
            value = self._quoted()
        else:
            found = _VALUE.match(self.text, place)
            value = found[0] if found else ""
            self.place = found.end() if found else place
            if len(value) > 1 and value.endswith("*") and not (key in RANGES or key in MOMENTS or key in CHOICES):
                message = "A value is compared as a whole. If the * belongs to it, put it in quotes."
                raise QueryError(message, place, self.place, _possible(key))
        if not value:
            raise QueryError(f"A value is missing: {_expected(key)}", place, place, _possible(key))
        return value, place

    def _range(self, key: str, value: str, place: int, negated: bool) -> Range:
        if ".." in value:
            low, _, high = value.partition("..")
            numbers = _number(key, low, place), _number(key, high, place + len(low) + 2)
            if numbers[0] > numbers[1]:
                raise QueryError("The range ends before it begins.", place, self.place)
            return Range(key, *numbers, negated=negated)
        found = _COMPARED.match(value)
        assert found
        sign, number = found[1] or "=", _number(key, found[2], place + len(found[1] or ""))
        if sign == "=":
            return Range(key, number, number, negated=negated)
        if sign.startswith(">"):
            return Range(key, low=number, low_open=sign == ">", negated=negated)
        return Range(key, high=number, high_open=sign == "<", negated=negated)


def _number(key: str, text: str, place: int) -> Decimal:
    found = _NUMBER.fullmatch(text)
    units = UNITS if key in DURATIONS else _THOUSANDS
    unit = found[2] if found else ""
    if found is None or (unit not in units and not (unit == "" and key in DURATIONS)):
        wrong = f"{text[:40]!r} is not a number" if text else "A number is missing"
        raise QueryError(f"{wrong}: {_expected(key)}", place, place + len(text), _possible(key))
    number = Decimal(found[1]) * Decimal(units.get(unit, "1"))
    if number >= LARGEST:
        raise QueryError(f"{text[:40]!r} is too large: {_expected(key)}", place, place + len(text), _possible(key))
    return number.quantize(FINEST, ROUND_DOWN).normalize()


def _moment(key: str, value: str, place: int, negated: bool) -> TimeBound:
    is_time = bool(_DATE.fullmatch(value))
    if is_time:
        try:
            datetime.fromisoformat(value)
        except ValueError:
            is_time = False
    if not is_time and not _AGO.fullmatch(value):
        message = f"{value[:40]!r} is not a time: {_expected(key)}"
        raise QueryError(message, place, place + len(value), _possible(key))
    return TimeBound(key, value.replace(" ", "T"), negated)


def _choice(key: str, value: str, place: int) -> str:
    written, value = value, value.lower()
    value = SYNONYMS.get(key, {}).get(value, value)
    if value not in CHOICES[key]:
        message = f"{key}: is one of {', '.join(CHOICES[key])}, not {written[:40]!r}."
        if value in CHOICES["has"]:
            message += f" There is has:{value}."
        raise QueryError(message, place, place + len(written), CHOICES[key])
    return value


def _expected(key: str) -> str:
    if key in DURATIONS:
        return f"such as {key}:>5s, {key}:<200ms or {key}:1m..5m."
    if key in RANGES:
        return f"such as {key}:>1000, {key}:<=0.5 or {key}:1..10."
    if key in MOMENTS:
        return f"such as {key}:2026-01-31, {key}:2026-01-31T14:00 or {key}:-24h."
    if key in CHOICES:
        return f"one of {', '.join(CHOICES[key])}."
    return f"such as {key}:value. Put a value with spaces in quotes."


def _possible(key: str) -> tuple[str, ...]:
    if key in CHOICES:
        return CHOICES[key]
    if key in RANGES:
        return (">", "<", ">=", "<=")
    return ("-24h", "-7d") if key in MOMENTS else ()
