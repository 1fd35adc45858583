"""What a query says, as frozen values, and how it is written."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from decimal import Decimal
from typing import TypeAlias

from sessions_app.content.needles import Needle
from sessions_app.search_language.keys import DURATIONS

# In a value these need quotes, as does a dash or an asterisk at an end.
_NEEDS_QUOTES = re.compile(r'[\s,"\\]')


@dataclass(frozen=True)
class Text:
    """Words to be found in what was said."""

    needle: Needle
    negated: bool = False

    def __str__(self) -> str:
        text = self.needle.text
        written = quoted(text) if self.needle.is_phrase else text
        return f"{'-' * self.negated}{written}{'*' * self.needle.is_prefix}"


@dataclass(frozen=True)
class Values:
    """A key with one of several values."""

    key: str
    values: tuple[str, ...]
    negated: bool = False

    def __str__(self) -> str:
        written = ",".join(value if is_plain(value) else quoted(value) for value in self.values)
        return f"{'-' * self.negated}{self.key}:{written}"


@dataclass(frozen=True)
class Range:
    """A number between two others, None for no bound. Durations are in seconds. An open end is excluded itself."""

    key: str
    low: Decimal | None = None
    high: Decimal | None = None
    low_open: bool = False
    high_open: bool = False
    negated: bool = False

    def __str__(self) -> str:
        if self.low is not None and self.high is not None:
            low, high = self._number(self.low), self._number(self.high)
            written = low if self.low == self.high else f"{low}..{high}"
        elif self.low is not None:
            written = f">{'' if self.low_open else '='}{self._number(self.low)}"
        else:
            assert self.high is not None
            written = f"<{'' if self.high_open else '='}{self._number(self.high)}"
        return f"{'-' * self.negated}{self.key}:{written}"

    def _number(self, value: Decimal) -> str:
        plain = f"{value:f}"
        if "." in plain:
            plain = plain.rstrip("0").rstrip(".")
        return plain + "s" * (self.key in DURATIONS)


@dataclass(frozen=True)
class TimeBound:
    """A bound in time, `after` or `before`. `text` is a date or time, or how long ago: `-24h`."""

    key: str
    text: str
    negated: bool = False

    def __str__(self) -> str:
        return f"{'-' * self.negated}{self.key}:{self.text}"


Clause: TypeAlias = Text | Values | Range | TimeBound


@dataclass(frozen=True)
class Query:
    """Clauses that must all hold."""

    clauses: tuple[Clause, ...] = field(default=())

    def __str__(self) -> str:
        return " ".join(map(str, self.clauses))

    def __bool__(self) -> bool:
        return bool(self.clauses)

    @property
    def texts(self) -> list[Text]:
        return [clause for clause in self.clauses if isinstance(clause, Text)]

    @property
    def words(self) -> Query:
        """What is asked of texts: the words, and who said them."""
        kept = (Text, Values)
        clauses = [one for one in self.clauses if isinstance(one, kept) and not one.negated]
        return Query(tuple(one for one in clauses if isinstance(one, Text) or one.key == "in"))

    def values_of(self, key: str) -> tuple[str, ...]:
        """The values that a key may have, by all clauses that do not exclude them."""
        found = [
            value
            for clause in self.clauses
            if isinstance(clause, Values) and clause.key == key and not clause.negated
            for value in clause.values
        ]
        return tuple(dict.fromkeys(found))

    def plus(self, clause: Clause) -> Query:
        """This query with one clause more, unless it has it."""
        return self if clause in self.clauses else Query((*self.clauses, clause))

    def minus(self, clause: Clause) -> Query:
        """This query without a clause; without words nobody has said them."""
        rest = Query(tuple(one for one in self.clauses if one != clause))
        return rest if rest.texts else rest.without("in")

    def without(self, key: str) -> Query:
        """This query without what it says of a key; "" stands for all words, and for who said them."""
        left_out = ("", "in") if not key else (key,)
        return Query(tuple(one for one in self.clauses if key_of(one) not in left_out))

    def with_values(self, key: str, values: Iterable[str]) -> Query:
        """This query with exactly these values of a key; in the place where it had some."""
        chosen = tuple(dict.fromkeys(values))
        clause = Values(key, chosen)
        places = [place for place, one in enumerate(self.clauses) if key_of(one) == key and not one.negated]
        rest = [one for place, one in enumerate(self.clauses) if place not in places]
        if chosen:
            rest.insert(places[0] if places else len(rest), clause)
        return Query(tuple(rest))

    def toggled(self, key: str, value: str) -> Query:
        """This query with a value of a key more, or less if it has it."""
        values = self.values_of(key)
        return self.with_values(key, [one for one in values if one != value] if value in values else [*values, value])


def key_of(clause: Clause) -> str:
    """The key of a clause; "" for words."""
    return "" if isinstance(clause, Text) else clause.key


def is_plain(value: str) -> bool:
    """Whether a value may stand without quotes."""
    # An asterisk at the end would be taken for the beginning of a word.
    return bool(value) and not _NEEDS_QUOTES.search(value) and (value == "*" or not value.endswith("*"))


def quoted(text: str) -> str:
    escaped = text.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"'
