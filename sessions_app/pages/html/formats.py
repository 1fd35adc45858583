"""How pages write durations, tokens, costs, sizes, times and models. An unknown value is a dash, never 0."""

from __future__ import annotations

import hashlib
import math
import re
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from decimal import ROUND_HALF_UP, Decimal
from functools import lru_cache
from typing import Protocol

from django.utils import timezone
from markupsafe import Markup

from sessions_app.pages.html.plain_text import is_blank, straight
from sessions_app.pricing.amounts import rounded
from sessions_app.queries.search.conditions import MOST_LISTED

UNKNOWN = "–"
NARROW_SPACE = "\N{NARROW NO-BREAK SPACE}"
MODEL_HUES = 8
RING = Markup(" data-ring")
# Chosen so that no two of the most common models share a slot. A test has the list.
MODEL_SALT = b"428577"
_SEPARATED = re.compile(r"(?<=[./@_:-])(?=\w)")
WEEKDAYS = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
_NO_TIME = timedelta(0)


# --- amounts --------------------------------------------------------------------------------------------------------


# A page writes the same lengths and numbers in several places, and the next page of a session most of them again.
@lru_cache(4096)
def duration(value: timedelta | None) -> str:
    """`620 ms`, `6.4 s`, `2 h 05 m`, `3 d 04 h`, `120 d`. A negative one is unknown: a clock was wrong."""
    if value is None or value < _NO_TIME:
        return UNKNOWN
    milliseconds = round(value.total_seconds() * 1000)
    if milliseconds < 1000:
        return f"{milliseconds}{NARROW_SPACE}ms"
    tenths = round(milliseconds / 100)
    if tenths < 600:
        return f"{tenths / 10:.1f}{NARROW_SPACE}s"
    seconds = round(milliseconds / 1000)
    if seconds < 3600:
        return _two_units(seconds // 60, "m", seconds % 60, "s")
    minutes = round(seconds / 60)
    if minutes < 48 * 60:
        return _two_units(minutes // 60, "h", minutes % 60, "m")
    hours = round(seconds / 3600)
    if hours >= 100 * 24:
        return f"{round(hours / 24):,}{NARROW_SPACE}d"
    return _two_units(hours // 24, "d", hours % 24, "h")


def extent(value: timedelta | None) -> str:
    """How long several requests took together. Zero is unknown: none of them says when it ended."""
    return duration(value or None)


def _two_units(major: int, major_unit: str, minor: int, minor_unit: str) -> str:
    return f"{major:,}{NARROW_SPACE}{major_unit} {minor:02d}{NARROW_SPACE}{minor_unit}"


@lru_cache(4096, typed=True)
def tokens(value: int | None) -> str:
    """`842`, `4.0k`, `12.4k`, `228k`, `1.24M`."""
    if value is None:
        return UNKNOWN
    if abs(value) < 1000:
        return str(value)
    for factor, unit in ((10**3, "k"), (10**6, "M"), (10**9, "B"), (10**12, "T")):
        text = _scaled(value / factor, 2 if factor > 10**3 else 1)
        if text is not None:
            return text + unit
    return f"{value:.2e}"


def _scaled(amount: float, decimals: int) -> str | None:
    """A number of at most three digits; None when it rounds to 1,000 or more."""
    for places in range(decimals, -1, -1):
        text = f"{amount:.{places}f}"
        if len(text.lstrip("-").replace(".", "")) <= 3:
            return text
    return None


def size(value: int | None) -> str:
    """`96 B`, `1.4 kB`, `12.3 kB`, `228 kB`, `1.24 MB`. A kilobyte is 1,000 bytes, not 1,024."""
    if value is None:
        return UNKNOWN
    if value < 1000:
        return f"{value}{NARROW_SPACE}B"
    number = tokens(value)
    return f"{number[:-1]}{NARROW_SPACE}{number[-1].replace('B', 'G')}B"


def cost(value: Decimal | None) -> str:
    """US dollars: two significant digits below 0.1, three below 1, cents from 1, none from 1,000."""
    if value is None or not value.is_finite():
        return UNKNOWN
    sign, value = ("-", -value) if value < 0 else ("", value)
    if value == 0:
        return "$0"
    if value < Decimal("0.000001"):
        return f"{sign}<$0.000001"
    if value >= 10**9:
        return f"{sign}${value:.3g}"
    return f"{sign}${_dollars(value)}"


def exact_cost(value: Decimal | None) -> str:
    """US dollars with all digits that mean something: `$10`, `$2.50`, `$0.00375`."""
    if value is None or not value.is_finite():
        return UNKNOWN
    value = rounded(value)
    text = f"{'-' if value < 0 else ''}${abs(value):,f}"
    return f"{text}0" if text[-2] == "." else text


# The limits are for the rounded value: 0.0996 becomes 0.100, and 0.9996 becomes 1.00.
_STEPS = tuple(
    (Decimal(limit), Decimal(step)) for limit, step in (("999.995", "1"), ("0.9995", "0.01"), ("0.0995", "0.001"))
)


@lru_cache(4096)
def _dollars(value: Decimal) -> str:
    for limit, step in _STEPS:
        if value >= limit:
            return f"{value.quantize(step, ROUND_HALF_UP):,}"
    return f"{Decimal(f'{value:.1e}'):f}"


def more_than_shown(listed: Sequence[str], shown: int) -> str:
    """How many more values a roll-up lists than are shown, "" if none; there may be others that it does not list."""
    more = exact(len(listed) - shown) if len(listed) > shown else ""
    return f"{more} or more" if len(listed) >= MOST_LISTED else more


def exact(value: int | None) -> str:
    """A whole number with separators: `12,482`."""
    return UNKNOWN if value is None else f"{value:,}"


def share(part: int | None, whole: int | None) -> str:
    """A share in percent: `37 %`, `<1 %`."""
    if part is None or not whole:
        return UNKNOWN
    percent = 100 * part / whole
    text = "<1" if 0 < percent < 1 else ">99" if 99 < percent < 100 else str(math.floor(percent + 0.5))
    return f"{text}{NARROW_SPACE}%"


# --- times ----------------------------------------------------------------------------------------------------------


def in_zone(value: datetime) -> datetime:
    """The time in the viewer's zone; in UTC where it would be after the year 9999 or before the year 1."""
    try:
        return timezone.localtime(value)
    except (OverflowError, ValueError):
        return value.astimezone(UTC)


def stamp(value: datetime | None) -> str:
    """The full date and time, for titles: `Tue 18 Nov 2025, 14:04:30 UTC+2`."""
    if value is None:
        return UNKNOWN
    local = in_zone(value)
    day = f"{WEEKDAYS[local.weekday()]} {local.day} {MONTHS[local.month - 1]} {local.year}"
    return f"{day}, {local:%H:%M:%S} {zone_name(local)}"


def zone_name(value: datetime) -> str:
    """`UTC`, `UTC+2`, `UTC-3:30`."""
    offset = value.utcoffset() or timedelta(0)
    if not offset:
        return "UTC"
    minutes = round(abs(offset).total_seconds() / 60)
    sign = "+" if offset > timedelta(0) else "-"
    return f"UTC{sign}{minutes // 60}" + (f":{minutes % 60:02d}" if minutes % 60 else "")


def clock(value: datetime | None) -> str:
    """`14:04:30`."""
    return UNKNOWN if value is None else f"{in_zone(value):%H:%M:%S}"


def ago(value: datetime | None) -> str:
    """`now`, `38 s ago`, `4 m ago`, `2 h ago`; after a day, and for the future, the day: `16 Nov`, `16 Nov 2024`."""
    if value is None:
        return UNKNOWN
    now = timezone.now()
    seconds = (now - value).total_seconds()
    if -60 < seconds < 5:
        return "now"
    if not 0 <= seconds < 24 * 3600:
        return day(value)
    for limit, unit_seconds, unit in ((60, 1, "s"), (3600, 60, "m"), (24 * 3600, 3600, "h")):
        if seconds < limit:
            return f"{int(seconds // unit_seconds)}{NARROW_SPACE}{unit} ago"
    raise AssertionError("less than a day")


def day(value: datetime | None) -> str:
    """`16 Nov`, with the year unless it is this year."""
    if value is None:
        return UNKNOWN
    local = in_zone(value)
    year = "" if local.year == in_zone(timezone.now()).year else f" {local.year}"
    return f"{local.day} {MONTHS[local.month - 1]}{year}"


def iso(value: datetime) -> str:
    """The time in the viewer's zone, for programs (ISO 8601)."""
    return in_zone(value).isoformat()


def exact_time(value: datetime) -> str:
    """To the millisecond: `18 Nov 2025, 14:02:15.420`."""
    local = in_zone(value)
    return f"{local.day} {MONTHS[local.month - 1]} {local.year}, {local:%H:%M:%S}.{local.microsecond // 1000:03d}"


# --- names ----------------------------------------------------------------------------------------------------------


def model_slot(name: str) -> int:
    """One of 16 slots, for colour and shape: a hash of the name, so that a model looks the same everywhere."""
    hashed = hashlib.blake2s(name.encode("utf-8", "replace"), digest_size=1, salt=MODEL_SALT)
    return hashed.digest()[0] % (2 * MODEL_HUES)


@lru_cache(4096)
def hue(name: str) -> Markup:
    """The attributes that give a model its mark: `data-hue="3"`, with `data-ring` for the second eight; none for ""."""
    if not name:
        return Markup("")
    slot = model_slot(name)
    return Markup('data-hue="{}"').format(slot % MODEL_HUES + 1) + (RING if slot >= MODEL_HUES else "")


def breakable(name: str) -> Markup:
    """A long name that breaks after `.`, `/`, `@`, `_`, `:` and `-` rather than in the middle of words."""
    return Markup("<wbr>").join(_SEPARATED.split(straight(name)))


def initials(name: str) -> str:
    """Two letters for an avatar: `alice.moreau` and `Alice Moreau` give AM."""
    words = "".join(letter if letter.isalnum() else " " for letter in name).split()
    return ("".join(word[0] for word in words[:2]) if len(words) > 1 else "".join(words)[:2]).upper()


def short_id(value: object) -> str:
    """The first eight characters, as lists show an id."""
    return str(value)[:8]


class Titled(Protocol):
    """A session, as a row of the list or as stored."""

    @property
    def id(self) -> object: ...
    @property
    def name(self) -> str: ...
    @property
    def session_key(self) -> str | None: ...


def session_title(session: Titled) -> str:
    """A session's name; without one that is seen its key or its id."""
    named = next((name for name in (session.name, session.session_key) if name and not is_blank(name)), None)
    return straight(named or f"Session {short_id(session.id)}")
