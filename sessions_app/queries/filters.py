"""The filters of the session list and how they are written in URLs, the same for the page and the API."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta, tzinfo
from typing import Any
from urllib.parse import urlencode

from django.http import QueryDict

from sessions_app.content.needles import Needle, NoWordsError
from sessions_app.search_language import Query, QueryError, Text, parse
from sessions_app.search_language.keys import CHOICES, SYNONYMS

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
# Keys of the search language that are parameters of the URL, too.
LISTS = ("status", "model", "user", "tag", "source", "rule", "failed_tool")

_UNSTORABLE = re.compile("[\0\ud800-\udfff]")
_ORDER = re.compile(r"-?[a-z_]{1,20}")
_DIGITS = re.compile(r"-?\d{1,12}(\.\d{1,6})?")
# A plus sign that is not escaped in a URL arrives as a space.
_LOST_PLUS = re.compile(r"(T\d\d:?\d\d\S*) (\d\d:?\d\d)$")


EVERYTHING = Query()
# Both ends of a range are included.
_INSTANT = timedelta(microseconds=1)
_EARLIEST, _LATEST = datetime.min.replace(tzinfo=UTC), datetime.max.replace(tzinfo=UTC)


class FilterError(ValueError):
    """An invalid parameter. `field`: its name; the message completes a sentence that begins with it.

    Of the query, `q`, the message is a sentence by itself; `start` and `end` are the characters that are wrong, and
    `possible` may stand there.
    """

    def __init__(
        self, field: str, message: str, start: int | None = None, end: int | None = None, possible: Sequence[str] = ()
    ) -> None:
        super().__init__(message if field == "q" else f"{field} {message}")
        self.field = field
        self.message = message
        self.start, self.end, self.possible = start, end, possible


@dataclass(frozen=True, slots=True)
class SessionFilters:
    """Which sessions: those that match every filter that is set.

    `query`: what is asked for in the search box. `unread`: what stands there and cannot be read; then nothing matches,
    for what was asked is not known. `trace_id`: the exact id of a session, trace, request, call or
    response. `since`, `until`: the time of its last activity, both inclusive. `range`: the preset that set `since`.
    `zone`: that of times without an offset in the query. `now`: when `-24h` in the query ends; None as it is read.
    `order`: of the list that is shown, which links keep; "" for the usual one.
    """

    query: Query = EVERYTHING
    trace_id: str = ""
    range: str = ""
    since: datetime | None = None
    until: datetime | None = None
    zone: tzinfo = UTC
    now: datetime | None = None
    unread: str = ""
    order: str = ""

    def is_empty(self) -> bool:
        return not (self.text or self.trace_id or self.since or self.until)

    @property
    def text(self) -> str:
        """What stands in the search box."""
        return f"{self.query} {self.unread}".strip()

    def parameters(self) -> list[tuple[str, str]]:
        """Names and values for a URL, in a fixed order."""
        pairs = [("q", self.text), ("trace_id", self.trace_id), ("range", self.range), ("order", self.order)]
        if not self.range:
            pairs += [
                (name, moment.isoformat()) for name, moment in (("from", self.since), ("to", self.until)) if moment
            ]
        return [pair for pair in pairs if pair[1]]

    def kept(self) -> list[tuple[str, str]]:
        """The parameters that a form needs beside the search text and the time range."""
        return [pair for pair in self.parameters() if pair[0] not in ("q", "range", "from", "to", "order")]

    def toggled(self, key: str, value: str) -> SessionFilters:
        """These filters with a value of a key of the query more, or less if it has it."""
        return replace(self, query=self.query.toggled(key, value))

    def url_query(self, **more: str) -> str:
        """The query string of these filters, with `?` unless it is empty."""
        pairs = [pair for pair in self.parameters() if pair[0] not in more] + [pair for pair in more.items() if pair[1]]
        return f"?{urlencode(pairs)}" if pairs else ""

    def without(self, name: str) -> SessionFilters:
        """These filters without one of them: `range`, `trace_id`, or a key of the query; "" stands for its words."""
        if name == "range":
            return replace(self, range="", since=None, until=None)
        if name == "trace_id":
            return replace(self, trace_id="")
        return replace(self, query=self.query.without(name))

    def outside_range(self) -> list[SessionFilters]:
        """These filters for what is before the time range, and for what is after it, as far as it has these ends."""
        outside = []
        if self.since and self.since - _EARLIEST > _INSTANT:
            outside.append(replace(self, range="", since=None, until=self.since - _INSTANT))
        if self.until and _LATEST - self.until > _INSTANT:
            outside.append(replace(self, range="", since=self.until + _INSTANT, until=None))
        return outside

    def asking(self, query: Query) -> SessionFilters:
        """These filters with another query."""
        return replace(self, query=query)


@dataclass(slots=True)
class ParsedFilters:
    """The filters of a URL, and the errors of those that were invalid and are left out."""

    filters: SessionFilters
    errors: list[FilterError] = field(default_factory=list)
    # The query as it was written.
    text: str = ""

    @property
    def query_error(self) -> FilterError | None:
        """Why the query could not be read."""
        return next((error for error in self.errors if error.field == "q"), None)

    def checked(self) -> SessionFilters:
        """The filters. Raises the first FilterError."""
        if self.errors:
            raise self.errors[0]
        return self.filters


def parse_filters(parameters: QueryDict, zone: tzinfo = UTC, now: datetime | None = None) -> ParsedFilters:
    """Read the filters of a URL.

    `q`, `trace_id`, `range` (15m, 1h, 24h, 7d, 30d), else `from` and `to` (RFC 3339, a date, or epoch seconds; without
    an offset in `zone`), and `status`, `model`, `user`, `tag`, `source`, `rule` (why a request is in its
    session), `failed_tool`, each any number of times.
    """
    parsed = ParsedFilters(SessionFilters(), text=parameters.get("q", "").strip())
    query = _query(parsed)
    for name in LISTS:
        values = _list(parsed, parameters, name)
        if values:
            query = _joined(parsed, query, name, values)
    trace_id = _text(parsed, parameters, "trace_id")
    times = _times(parsed, parameters, zone, now or datetime.now(UTC))
    unread = parsed.text if parsed.query_error else ""
    order = parameters.get("order", "")
    order = order if _ORDER.fullmatch(order) else ""
    parsed.filters = SessionFilters(query, trace_id, **times, zone=zone, now=now, unread=unread, order=order)
    return parsed


def _query(parsed: ParsedFilters) -> Query:
    try:
        return parse(parsed.text)
    except QueryError as error:
        parsed.errors.append(FilterError("q", error.message, error.start, error.end, error.possible))
        return Query()


def _joined(parsed: ParsedFilters, query: Query, name: str, values: Sequence[str]) -> Query:
    """The query with the values of a parameter, if it can still be read again: links have all of it in `q`."""
    found = query.with_values(name, [*query.values_of(name), *values])
    try:
        parse(str(found))
    except QueryError:
        message = "and q together ask for more than a query may: see its limits"
        parsed.errors.append(FilterError(name, message))
        return query
    return found


def _text(parsed: ParsedFilters, parameters: QueryDict, name: str) -> str:
    # White space around an id may be a part of it.
    text = parameters.get(name, "")
    if len(text) > MAX_TEXT_CHARS:
        message = f"may have at most {MAX_TEXT_CHARS:,} characters, got {len(text):,}"
        parsed.errors.append(FilterError(name, message))
        return ""
    return text


def _list(parsed: ParsedFilters, parameters: QueryDict, name: str) -> list[str]:
    """The values of a parameter that stands for a key of the search language."""
    values = list(dict.fromkeys(value.replace("\0", "\ufffd") for value in parameters.getlist(name) if value))
    if len(values) > MAX_VALUES:
        parsed.errors.append(FilterError(name, f"may be given at most {MAX_VALUES} times, got {len(values):,}"))
    values = [SYNONYMS.get(name, {}).get(value, value) for value in values[:MAX_VALUES]]
    choices = CHOICES.get(name)
    if choices is None:
        return values
    for value in values:
        if value not in choices:
            parsed.errors.append(FilterError(name, f"must be one of {', '.join(choices)}, got {value[:40]!r}"))
    return [value for value in values if value in choices]


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


def words(text: str) -> SessionFilters:
    """Filters for sessions that have these words, or an id; what is no letter or digit is left out."""
    texts = [found for word in text.split()[:8] if (found := _literal(_UNSTORABLE.sub("\ufffd", word)))]
    return SessionFilters(Query(tuple(dict.fromkeys(texts))))


def _literal(word: str) -> Text | None:
    """A word that the query has as it is. In quotes, if it would be read as something else: `-5`, `model:o3`."""
    try:
        plain = Text(Needle(word))
    except NoWordsError:
        return None
    try:
        is_read_again = parse(str(plain)).clauses == (plain,)
    except QueryError:
        is_read_again = False
    return plain if is_read_again else Text(Needle(word, is_phrase=True))
