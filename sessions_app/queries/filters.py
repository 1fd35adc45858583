"""The filters of the session list and how they are written in URLs, the same for the page and the API."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta, tzinfo
from typing import Any
from urllib.parse import urlencode

from django.http import QueryDict

from sessions_app.records import RULES

OK, ERROR = "ok", "error"
STATUSES = {"ok": OK, "success": OK, "error": ERROR}
# Ranges that end now, by their name in the URL.
RANGES = {
    "15m": timedelta(minutes=15),
    "1h": timedelta(hours=1),
    "24h": timedelta(days=1),
    "7d": timedelta(days=7),
    "30d": timedelta(days=30),
}
# The page's form uses these two to say which of its controls counts.
CUSTOM_RANGE, ANY_RANGE = "custom", "any"
MAX_TEXT_CHARS = 1_000
MAX_VALUES = 50
# Filters that take several values, by their name in the URL. A session matches if it has any of them.
LISTS = {
    "status": "statuses",
    "model": "models",
    "user": "users",
    "tag": "tags",
    "source": "sources",
    "rule": "rules",
    "failed_tool": "failed_tools",
}

_DIGITS = re.compile(r"-?\d{1,12}(\.\d{1,6})?")
# A plus sign that is not escaped in a URL arrives as a space.
_LOST_PLUS = re.compile(r"(T\d\d:?\d\d\S*) (\d\d:?\d\d)$")


class FilterError(ValueError):
    """An invalid parameter. `field`: its name; the message completes a sentence that begins with it."""

    def __init__(self, field: str, message: str) -> None:
        super().__init__(f"{field} {message}")
        self.field = field
        self.message = message


@dataclass(frozen=True, slots=True)
class SessionFilters:
    """Which sessions: those that match every filter that is set.

    `text`: words that must all be in the title, the session's key or a user; or the id of a session, trace, request,
    call or response. `since`, `until`: the time of its last activity, both inclusive. `range`: the preset that set
    `since`. `statuses`: `ok` has no failed request, `error` has one. `rules`: one of them put a request there.
    `failed_tools`: a result of one of these tools failed or looks failed.
    """

    text: str = ""
    trace_id: str = ""
    range: str = ""
    since: datetime | None = None
    until: datetime | None = None
    statuses: tuple[str, ...] = ()
    models: tuple[str, ...] = ()
    users: tuple[str, ...] = ()
    tags: tuple[str, ...] = ()
    sources: tuple[str, ...] = ()
    rules: tuple[str, ...] = ()
    failed_tools: tuple[str, ...] = ()

    def is_empty(self) -> bool:
        return self == SessionFilters()

    def parameters(self) -> list[tuple[str, str]]:
        """Names and values for a URL, in a fixed order."""
        pairs = [("q", self.text), ("trace_id", self.trace_id), ("range", self.range)]
        if not self.range:
            pairs += [
                (name, moment.isoformat()) for name, moment in (("from", self.since), ("to", self.until)) if moment
            ]
        for name, attribute in LISTS.items():
            pairs += [(name, value) for value in getattr(self, attribute)]
        return [pair for pair in pairs if pair[1]]

    def kept(self) -> list[tuple[str, str]]:
        """The parameters that a form needs beside the search text and the time range."""
        return [pair for pair in self.parameters() if pair[0] not in ("q", "range", "from", "to")]

    def query(self, **more: str) -> str:
        """The query string of these filters, with `?` unless it is empty."""
        pairs = self.parameters() + [pair for pair in more.items() if pair[1]]
        return f"?{urlencode(pairs)}" if pairs else ""

    def without(self, name: str, value: str | None = None) -> SessionFilters:
        """These filters without one of them, or without one of its values."""
        if name in LISTS:
            attribute = LISTS[name]
            kept = tuple(item for item in getattr(self, attribute) if value is not None and item != value)
            changed: dict[str, Any] = {attribute: kept}
            return replace(self, **changed)
        if name == "range":
            return replace(self, range="", since=None, until=None)
        emptied: dict[str, Any] = {"text" if name == "q" else name: ""}
        return replace(self, **emptied)

    def toggled(self, name: str, value: str) -> SessionFilters:
        """These filters with a value of one of them more, or less if it is set."""
        chosen = getattr(self, LISTS[name])
        if value in chosen:
            return self.without(name, value)
        changed: dict[str, Any] = {LISTS[name]: (*chosen, value)}
        return replace(self, **changed)


@dataclass(slots=True)
class ParsedFilters:
    """The filters of a URL, and the errors of those that were invalid and are left out."""

    filters: SessionFilters
    errors: list[FilterError] = field(default_factory=list)

    def checked(self) -> SessionFilters:
        """The filters. Raises the first FilterError."""
        if self.errors:
            raise self.errors[0]
        return self.filters


def parse_filters(parameters: QueryDict, zone: tzinfo = UTC, now: datetime | None = None) -> ParsedFilters:
    """Read the filters of a URL.

    `q`, `trace_id`, `range` (15m, 1h, 24h, 7d, 30d), else `from` and `to` (RFC 3339, a date, or epoch seconds; without
    an offset in `zone`), and `status` (ok, error), `model`, `user`, `tag`, `source`, `rule` (why a request is in its
    session), `failed_tool`, each any number of times.
    """
    parsed = ParsedFilters(SessionFilters())
    values: dict[str, Any] = {
        "text": _text(parsed, parameters, "q"),
        "trace_id": _text(parsed, parameters, "trace_id", is_exact=True),
        **_times(parsed, parameters, zone, now or datetime.now(UTC)),
    }
    for name, attribute in LISTS.items():
        values[attribute] = _list(parsed, parameters, name)
    values["statuses"] = _statuses(parsed, values["statuses"])
    values["rules"] = _rules(parsed, values["rules"])
    parsed.filters = SessionFilters(**values)
    return parsed


def _text(parsed: ParsedFilters, parameters: QueryDict, name: str, is_exact: bool = False) -> str:
    # White space around an id may be a part of it.
    text = parameters.get(name, "") if is_exact else parameters.get(name, "").strip()
    if len(text) > MAX_TEXT_CHARS:
        message = f"may have at most {MAX_TEXT_CHARS:,} characters, got {len(text):,}"
        parsed.errors.append(FilterError(name, message))
        return ""
    return text


def _list(parsed: ParsedFilters, parameters: QueryDict, name: str) -> tuple[str, ...]:
    values = tuple(dict.fromkeys(value.replace("\0", "\ufffd") for value in parameters.getlist(name) if value))
    if len(values) > MAX_VALUES:
        parsed.errors.append(FilterError(name, f"may be given at most {MAX_VALUES} times, got {len(values):,}"))
    return values[:MAX_VALUES]


def _statuses(parsed: ParsedFilters, values: Sequence[str]) -> tuple[str, ...]:
    known = {STATUSES[value] for value in values if value in STATUSES}
    for value in values:
        if value not in STATUSES:
            parsed.errors.append(FilterError("status", f"must be ok or error, got {value[:40]!r}"))
    return tuple(sorted(known, reverse=True))


def _rules(parsed: ParsedFilters, values: Sequence[str]) -> tuple[str, ...]:
    for value in values:
        if value not in RULES:
            parsed.errors.append(FilterError("rule", f"must be one of {', '.join(RULES)}, got {value[:40]!r}"))
    return tuple(value for value in values if value in RULES)


def _times(parsed: ParsedFilters, parameters: Mapping[str, str], zone: tzinfo, now: datetime) -> dict[str, Any]:
    preset = parameters.get("range", "")
    if preset in RANGES:
        return {"range": preset, "since": now - RANGES[preset]}
    if preset == ANY_RANGE:
        return {}
    if preset not in ("", CUSTOM_RANGE):
        expected = ", ".join(RANGES)
        parsed.errors.append(FilterError("range", f"must be one of {expected}, got {preset[:40]!r}"))
    since = _time(parsed, "from", parameters.get("from", ""), zone)
    until = _time(parsed, "to", parameters.get("to", ""), zone, end=True)
    if since and until and since > until:
        parsed.errors.append(FilterError("from", "is after to, so nothing can match"))
    return {"since": since, "until": until}


def _time(parsed: ParsedFilters, name: str, text: str, zone: tzinfo, end: bool = False) -> datetime | None:
    text = text.strip()
    if not text:
        return None
    try:
        return _moment(text, zone, end)
    except (ValueError, OverflowError, OSError):
        example = "2026-01-31T14:00:00Z, 2026-01-31 or 1769868000"
        parsed.errors.append(FilterError(name, f"must be a time such as {example}, got {text[:40]!r}"))
        return None


def _moment(text: str, zone: tzinfo, end: bool) -> datetime:
    if _DIGITS.fullmatch(text):
        return datetime.fromtimestamp(float(text), UTC)
    moment = datetime.fromisoformat(_LOST_PLUS.sub(r"\1+\2", text))
    if moment.tzinfo is None:
        moment = moment.replace(tzinfo=zone)
    moment = moment.astimezone(UTC)
    # The end of a range may be a day or a minute, which is included.
    if end and re.fullmatch(r"\d{4}-?\d\d-?\d\d", text):
        return moment + timedelta(days=1, microseconds=-1)
    if end and re.fullmatch(r"[\d-]{8,10}[T ]\d\d:\d\d", text):
        return moment + timedelta(minutes=1, microseconds=-1)
    return moment
