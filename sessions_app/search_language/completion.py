"""What the caret of the search box stands in, a key or a value, and what the language itself suggests there.

Unlike the parser this reads what is not finished: values that are missing, and quotes that are not closed.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, timedelta

from sessions_app.content.search_text import normalised
from sessions_app.search_language.keys import CHOICES, EXAMPLES, KEYS, METADATA, MOMENTS, RANGES, as_key, is_key
from sessions_app.search_language.query import is_plain, quoted

# The keys that are wanted most.
_FIRST = ("status", "model", "user", "tag", "tool", "error", "has", "in", "cost", "tokens", "duration", "after")
_SUGGESTED = tuple(dict.fromkeys((*_FIRST, *KEYS)))

_SPACE = re.compile(r"\s*")
_KEY = re.compile(r"[A-Za-z_][\w-]*(?:\.[^\s:,\"]+)?")
_WORD = re.compile(r"\S*")
# The beginning of a key, or nothing.
_NAME = re.compile(r"(?:[A-Za-z_][\w-]*(?:\.[^\s:,\"]*)?)?")
_QUOTED = re.compile(r'"((?:[^"\\]|\\.)*)(")?', re.DOTALL)
_PLAIN = re.compile(r"[^\s,]*")
# What a box of one line cannot hold.
_NO_LINE = re.compile("[\x00-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff]")
_ESCAPE = re.compile(r'\\(["\\])')
# A value begins with what is written, or one of its words does: `claude` is found in `anthropic/claude`.
_WORD_START = r"(?<![^\W_])"


@dataclass(frozen=True)
class CaretPlace:
    """What the caret stands in: the characters from `start` to `end`, which a suggestion replaces.

    `key`: the one whose value it is; "" if it is a key itself. `before`: what of it stands before the caret, without
    quotes. `others`: the other values of the filter. `negated`: whether a dash excludes what the filter finds.
    """

    key: str
    start: int
    end: int
    before: str = ""
    others: tuple[str, ...] = ()
    negated: bool = False


def place_at(text: str, caret: int) -> CaretPlace | None:
    """What the caret stands in; None in a text that is neither key nor value, and before one."""
    caret = min(max(caret, 0), len(text))
    here = 0
    while (start := _after(_SPACE, text, here)) < caret:
        place, here = _clause(text, start, caret)
        if here >= caret:
            return place
    return CaretPlace("", caret, caret) if caret < start or start == len(text) else None


def _after(pattern: re.Pattern[str], text: str, here: int) -> int:
    """Where that ends which begins here; it may be nothing."""
    found = pattern.match(text, here)
    return found.end() if found else here


def _clause(text: str, start: int, caret: int) -> tuple[CaretPlace | None, int]:
    """The place of the caret in the clause that begins at `start`, and where the clause ends."""
    negated = text.startswith("-", start)
    start += negated
    end = _after(_KEY, text, start)
    key = as_key(text[start:end])
    if text.startswith(":", end) and is_key(key):
        place, clause_end = _filter(text, key, end + 1, caret, negated)
        return (CaretPlace("", start, end + 1, text[start:caret], (), negated) if caret <= end else place), clause_end
    if text.startswith('"', start):
        return None, _after(_QUOTED, text, start)
    end = _after(_WORD, text, start)
    is_name = _NAME.fullmatch(text, start, end)
    return (CaretPlace("", start, end, text[start:caret], (), negated) if is_name else None), end


def _filter(text: str, key: str, start: int, caret: int, negated: bool) -> tuple[CaretPlace | None, int]:
    """The same for a filter whose values begin at `start`."""
    here: tuple[int, int, str] | None = None
    others: list[str] = []
    while True:
        value, end, is_open = _value(text, start)
        if start <= caret <= end:
            # A quote that is not closed takes all that follows, which was not meant to be a part of the value.
            here = start, caret if is_open else end, _value(text[:caret], start)[0]
        else:
            others.append(value)
        if not text.startswith(",", end):
            return (CaretPlace(key, *here, tuple(others), negated) if here else None), end
        start = end + 1


def _value(text: str, start: int) -> tuple[str, int, bool]:
    """A value without its quotes, where it ends, and whether the closing quote is missing."""
    if found := _QUOTED.match(text, start):
        return _ESCAPE.sub(r"\1", found[1]), found.end(), found[2] is None
    end = _after(_PLAIN, text, start)
    return text[start:end], end, False


# --- what is suggested ----------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Suggestion:
    """What is written if it is chosen, and what it means. `goes_on`: there are suggestions for what comes next."""

    written: str
    means: str = ""
    goes_on: bool = False


def suggested_keys(place: CaretPlace, paths: Iterable[str] = ()) -> list[Suggestion]:
    """The keys that begin with what is written. `paths`: those of the metadata, in the order of the list."""
    before = place.before.lower()
    keys = [key for key in _SUGGESTED if key.startswith(before) and not (key == "in" and place.negated)]
    found = [Suggestion(key if key.endswith(".") else f"{key}:", KEYS[key], True) for key in keys]
    known = [path for path in paths if _KEY.fullmatch(path) and path.lower().startswith(before)]
    return [*found, *(Suggestion(f"{path}:", "", True) for path in known)]


def wants_paths(place: CaretPlace) -> bool:
    """Whether the key that is written is one of the metadata."""
    return not place.key and place.before.lower().startswith(f"{METADATA}.")


def known_values(key: str, today: date) -> Mapping[str, str] | None:
    """The values that the language knows for a key, or examples, with what they mean; None if the data have them."""
    if key in CHOICES:
        return {value: EXAMPLES.get(key, {}).get(value, "") for value in CHOICES[key]}
    if key in MOMENTS:
        days = {str(today): "today, 0:00", str(today - timedelta(days=1)): "yesterday, 0:00"}
        return {**EXAMPLES[key], **days}
    return EXAMPLES[key] if key in RANGES else None


def suggested_values(place: CaretPlace, values: Mapping[str, str]) -> list[Suggestion]:
    """Those of these values that begin with what is written, then those in which a word does; with what they mean."""
    key, others = place.key, place.others
    is_single = key in RANGES or key in MOMENTS or "branch" in others
    if (others and is_single) or (key == "in" and place.negated):
        return []
    before = normalised(place.before)
    within = re.compile(_WORD_START + re.escape(before))
    ranked: tuple[list[Suggestion], list[Suggestion]] = ([], [])
    for value, means in values.items():
        found = within.search(normalised(value))
        # It has to be alone: no alternative of others.
        is_refused = value in others or (key == "has" and value == "branch" and others)
        if found and not is_refused and not _NO_LINE.search(value):
            ranked[found.start() > 0].append(Suggestion(value if is_plain(value) else quoted(value), means))
    return [*ranked[0], *ranked[1]]
