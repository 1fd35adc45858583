"""Read single members of a log: ids, times, counts, costs, tags, metadata. Every error names the member."""

from __future__ import annotations

import itertools
import math
import re
from datetime import UTC, datetime, timedelta
from decimal import Decimal, InvalidOperation
from typing import Any

from sessions_app.content.json_bytes import json_kind
from sessions_app.pricing.amounts import of_float, rounded
from sessions_app.records import TAG_CHARS, WireFormatError

MAX_ID_CHARS = 1_000
MAX_COUNT = 2**53
MAX_COST = Decimal(10) ** 15
COLUMN_CHARS = 500
ERROR_CHARS = 2_000
MAX_TAGS = 1_000
METADATA_DEPTH = 5
METADATA_MEMBERS = 200
METADATA_CHARS = 1_000

EARLIEST = datetime(1, 1, 1, tzinfo=UTC)
LATEST = datetime(9999, 12, 31, 23, 59, 59, 999999, tzinfo=UTC)
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_YEAR_2000 = datetime(2000, 1, 1, tzinfo=UTC)
_ONE_DAY = timedelta(days=1)
_UNSTORABLE = re.compile("[\x00\ud800-\udfff]")
_DIGITS = re.compile(r"-?\d{1,12}(\.\d{1,9})?")


def clean(text: str, limit: int = COLUMN_CHARS) -> str:
    """The text as a PostgreSQL text column takes it, without NUL and lone surrogates; at most `limit` characters."""
    text = text[:limit]
    if text.isascii() and "\x00" not in text:
        return text
    return _UNSTORABLE.sub("\ufffd", text)


def text_in(values: dict[str, Any], name: str) -> str:
    """A decoded member that is a text; "" when it is absent or of another kind."""
    value = values.get(name)
    return value if isinstance(value, str) else ""


def invalid(field: str, expected: str, value: Any) -> WireFormatError:
    """The error for a member of the wrong kind or range."""
    shown = f" {value!r:.60}" if isinstance(value, (str, int, float)) and not isinstance(value, bool) else ""
    message = f"{field} must be {expected}, got {json_kind(value)}{shown}"
    return WireFormatError(clean(message), type="invalid_field", field=field)


def optional_text(value: Any, field: str) -> str:
    """A text; "" when it is absent or null. Raises WireFormatError for any other kind."""
    if value is None:
        return ""
    if not isinstance(value, str):
        raise invalid(field, "a string", value)
    return value


def optional_id(value: Any, field: str) -> str:
    """An id of at most 1,000 characters, exactly as given; "" when absent, null or empty."""
    text = optional_text(value, field)
    if len(text) > MAX_ID_CHARS:
        message = f"{field} must have at most {MAX_ID_CHARS:,} characters, got {len(text):,}"
        raise WireFormatError(message, type="invalid_field", field=field)
    return text


def optional_time(value: Any, field: str) -> datetime | None:
    """RFC 3339 text or epoch seconds as an aware datetime in UTC, to the microsecond; None when absent or null.

    A time without an offset is taken as UTC. Raises WireFormatError for anything else, and outside the years 1 to 9999.
    """
    if value is None or value == "":
        return None
    try:
        if isinstance(value, str) and "-" in value[1:]:
            return _from_text(value)
        if isinstance(value, bool) or not isinstance(value, (str, int, float)):
            raise ValueError
        if isinstance(value, str) and not _DIGITS.fullmatch(value):
            raise ValueError
        return _from_epoch(value)
    except (ValueError, OverflowError, InvalidOperation):
        expected = "an RFC 3339 time or epoch seconds (not milliseconds), in the years 1 to 9999"
        raise invalid(field, expected, value) from None


def _from_epoch(seconds: str | float) -> datetime:
    exact = Decimal(str(seconds))
    if not exact.is_finite():
        raise ValueError
    return _EPOCH + timedelta(microseconds=int(exact.scaleb(6).to_integral_value()))


def _from_text(text: str) -> datetime:
    moment = datetime.fromisoformat(text.strip())
    if moment.tzinfo is UTC:
        return moment
    if moment.tzinfo is None:
        return moment.replace(tzinfo=UTC)
    try:
        return moment.astimezone(UTC)
    except OverflowError:
        # The conversion to UTC leaves the range only in years 1 and 9999.
        return EARLIEST if moment.year == 1 else LATEST


def time_problems(started: datetime | None, ended: datetime | None, received: datetime) -> tuple[str, ...]:
    """What is odd about the client's clock, as texts for the page."""
    if started is None:
        return ()
    problems = []
    if started > received + _ONE_DAY:
        problems.append("starts more than a day after it was received")
    if started < _YEAR_2000:
        problems.append("starts before the year 2000")
    if ended is not None and ended < started:
        problems.append("ends before it starts")
    return tuple(problems)


def optional_count(value: Any, field: str) -> int | None:
    """A whole number from 0 to 2**53; None when absent or null. Raises WireFormatError otherwise."""
    if value is None:
        return None
    count = lenient_count(value)
    if count is None:
        raise invalid(field, "a whole number from 0 to 2^53", value)
    return count


def lenient_count(value: Any) -> int | None:
    """A whole number from 0 to 2**53, or None. For bodies of other APIs, in which nothing is an error."""
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        return None
    if isinstance(value, float) and not (math.isfinite(value) and value.is_integer()):
        return None
    return int(value) if 0 <= value <= MAX_COUNT else None


def optional_cost(value: Any, field: str) -> Decimal | None:
    """A cost in US dollars, number or decimal text, from 0 to 10^15; None when absent or null."""
    if value is None:
        return None
    cost = lenient_cost(value)
    if cost is None:
        raise invalid(field, "a finite number from 0 to 10^15", value)
    return cost


def lenient_cost(value: Any) -> Decimal | None:
    """A cost, or None for anything else. Floats are read as their shortest decimal form, without their tail.

    All costs of all formats come in through here.
    """
    if isinstance(value, bool) or not isinstance(value, (str, int, float)):
        return None
    try:
        cost = Decimal(str(value)[:100])
    except InvalidOperation:
        return None
    if not (cost.is_finite() and 0 <= cost <= MAX_COST):
        return None
    return of_float(value) if isinstance(value, float) else rounded(cost)


def clean_costs(costs: dict[str, Any]) -> dict[str, float]:
    """The single costs that are not zero. LiteLLM lists discounts among them, which are negative."""
    known = {name: cost for name, cost in costs.items() if type(cost) in (int, float) and 0 < abs(cost) < 1e15}
    return {clean(name): float(of_float(float(cost))) for name, cost in known.items()}


def tags_of(value: Any, field: str) -> tuple[str, ...]:
    """Tags in order, without repeats: the first 1,000, each clipped to 200 characters. The stored log keeps all."""
    if value is None:
        return ()
    if not isinstance(value, list):
        raise invalid(field, "an array of strings", value)
    for index, tag in enumerate(value):
        if not isinstance(tag, str):
            raise invalid(f"{field}[{index}]", "a string", tag)
    return clean_tags(value)


def clean_tags(values: list[str]) -> tuple[str, ...]:
    # Tags are joined with the unit separator on their way into the database.
    cleaned = (clean(tag, TAG_CHARS).replace("\x1f", "\ufffd") for tag in values if tag)
    return tuple(itertools.islice(dict.fromkeys(cleaned), MAX_TAGS))


def tag_problems(values: Any) -> tuple[str, ...]:
    """That there are more tags than are kept apart, as a text for the page."""
    count = len({tag for tag in values if isinstance(tag, str) and tag}) if isinstance(values, list) else 0
    if count <= MAX_TAGS:
        return ()
    return (f"{count - MAX_TAGS:,} of {count:,} tags: only the first {MAX_TAGS:,} are listed and found",)


def clean_metadata(value: Any) -> dict[str, Any]:
    """Metadata as `jsonb` takes it, for filters: clipped in depth, number of members and length of texts."""
    if not isinstance(value, dict) or not value:
        return {}
    budget = [METADATA_MEMBERS]
    cleaned = _clean_value(value, METADATA_DEPTH, budget)
    return cleaned if isinstance(cleaned, dict) else {}


def _clean_value(value: Any, depth: int, budget: list[int]) -> Any:
    budget[0] -= 1
    if isinstance(value, str):
        return clean(value, METADATA_CHARS)
    if isinstance(value, float) and not math.isfinite(value):
        return str(value)
    if isinstance(value, int) and abs(value) > MAX_COUNT:
        return str(value)[:100] if value.bit_length() < 400 else "(a huge number)"
    if not isinstance(value, (dict, list)):
        return value
    if depth == 0 or budget[0] <= 0:
        return f"({json_kind(value)} of {len(value)})"
    if isinstance(value, dict):
        kept = list(value.items())[: max(budget[0], 0)]
        return {clean(str(key), TAG_CHARS): _clean_value(item, depth - 1, budget) for key, item in kept}
    return [_clean_value(item, depth - 1, budget) for item in value[: max(budget[0], 0)]]
