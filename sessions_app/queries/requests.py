"""Lists the requests of a session page by page, and what each of them continues; for programs."""

from __future__ import annotations

import re
import uuid
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

from django.db.models import F, Q, QuerySet, Value
from django.db.models.functions import Coalesce

from sessions_app.models import RequestKey, RequestLog, Session
from sessions_app.queries.filters import FilterError
from sessions_app.queries.session import MOST_LINES, conversation_window
from sessions_app.structure.order import in_order
from sessions_app.structure.parents import parents
from sessions_app.structure.timeline import chronological

MAX_LIMIT = 1_000
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)
# A request without an end stands last among those that started at the same moment.
_NO_END = datetime.max.replace(tzinfo=UTC)
Cursor = tuple[datetime, datetime, datetime, uuid.UUID]
_CURSOR = re.compile(r"(-?\d{1,18})\.(-?\d{1,18})\.(-?\d{1,18})\.([0-9a-f]{32})")


@dataclass(frozen=True, slots=True)
class RequestRow:
    """A request or step without its content. None means unknown; costs are in US dollars.

    `duplicate_of`: the key of the request that stands for the same call.
    """

    id: uuid.UUID
    session_id: uuid.UUID
    bucket: date
    request_id: str
    source: str
    kind: str
    call_type: str
    model: str
    provider: str
    status: str
    http_status: int | None
    error_type: str
    error_message: str
    started_at: datetime
    first_token_at: datetime | None
    ended_at: datetime | None
    finish_reason: str
    received_at: datetime
    input_tokens: int | None
    output_tokens: int | None
    cached_tokens: int | None
    cache_write_tokens: int | None
    reasoning_tokens: int | None
    cost: Decimal | None
    end_user: str
    tags: list[str]
    rule: str
    rule_detail: str
    needs: list[uuid.UUID]
    attempt: uuid.UUID | None
    call: uuid.UUID | None
    name: str
    trace_id: str
    span_id: str
    parent_id: str
    tool_call_id: str
    step: bool
    duplicate_of: uuid.UUID | None
    problems: list[str] | None
    tool_error_count: int
    tool_looks_failed_count: int
    failed_tools: list[str]
    cost_source: str
    price: str | None

    @property
    def is_counted(self) -> bool:
        """Whether its session counts it as a request. Steps and second reports of a call are not counted."""
        return not self.step and self.duplicate_of is None

    @property
    def cursor(self) -> str:
        """Asks for the requests after this one."""
        *times, log_id = _place(self)
        return ".".join([*(str((moment - _EPOCH) // _MICROSECOND) for moment in times), log_id.hex])


COLUMNS = tuple(RequestRow.__slots__)


def _place(row: RequestRow | LinkedRow) -> Cursor:
    """Sorts requests as the timeline does: by start, then by end, then by arrival."""
    return (row.started_at, row.ended_at or _NO_END, row.received_at, row.id)


@dataclass(frozen=True, slots=True)
class RequestPage:
    """Some requests in chronological order, and the cursor for the next ones; None at the end."""

    results: list[RequestRow]
    next_cursor: str | None


def list_requests(
    session: Session, limit: int = 50, cursor: str | None = None, with_steps: bool = False
) -> RequestPage:
    """Requests of a session in the order of its page, `limit` of them (1 to 1,000) after `cursor`; at most three
    statements.

    `with_steps`: also steps, and spans that report the call of another request. Raises FilterError for an invalid limit
    or cursor.
    """
    if not 1 <= limit <= MAX_LIMIT:
        raise FilterError("limit", f"must be from 1 to {MAX_LIMIT:,}, got {limit}")
    after = _decode(cursor) if cursor else None
    # A row more than asked for tells whether there is a next page.
    if _stand_by_start(session):
        found = _by_start(session, limit + 1, after, with_steps)
    else:
        found = _as_shown(session, limit + 1, after, with_steps)
    return RequestPage(found[:limit], found[limit - 1].cursor if len(found) > limit else None)


def in_blocks(session: Session, size: int) -> Iterator[list[RequestRow]]:
    """All requests and steps of a session in the order of its page, so many at a time; a statement for each block."""
    if _stand_by_start(session):
        after = None
        while block := _by_start(session, size, after, with_steps=True):
            yield block
            after = _place(block[-1])
        return
    ids = [row.id for row in _ordered(session, with_steps=True)]
    for start in range(0, len(ids), size):
        yield _rows_of(session, ids[start : start + size])


def _by_start(session: Session, most: int, after: Cursor | None, with_steps: bool) -> list[RequestRow]:
    requests = _requests(session.id, session.buckets).annotate(end=Coalesce("ended_at", Value(_NO_END)))
    if not with_steps:
        requests = requests.filter(step=False, duplicate_of=None)
    if after:
        requests = requests.filter(_after(*after))
    ordered = requests.order_by("started_at", "end", "received_at", "id").values_list(*COLUMNS)
    return [RequestRow(*row) for row in ordered[:most]]


def _stand_by_start(session: Session) -> bool:
    """Whether the page shows the requests in the order of their starts; see `structure.order`."""
    if session.request_count > MOST_LINES:
        return True
    untimed = _requests(session.id, session.buckets).filter(started_at=F("received_at"))
    return not session.retry_count and not untimed.exists()


def _as_shown(session: Session, most: int, after: Cursor | None, with_steps: bool) -> list[RequestRow]:
    """The same where they stand in another order."""
    rows = _ordered(session, with_steps)
    if after:
        last = next((index for index, row in enumerate(rows) if row.id == after[-1]), None)
        # A request that is gone stood about where its times say.
        rows = [row for row in rows if _place(row) > after] if last is None else rows[last + 1 :]
    return _rows_of(session, [row.id for row in rows[:most]])


def _ordered(session: Session, with_steps: bool) -> list[LinkedRow]:
    """The requests of a session in an order that is known from all of them."""
    every = [LinkedRow(*row) for row in _requests(session.id, session.buckets).values_list(*LinkedRow.__slots__)]
    counted = iter(in_order([row for row in every if row.is_counted], conversation_window()))
    return [next(counted) if row.is_counted else row for row in chronological(every) if row.is_counted or with_steps]


def _rows_of(session: Session, ids: Sequence[uuid.UUID]) -> list[RequestRow]:
    """These requests in this order, without those that are gone."""
    found = _requests(session.id, session.buckets).filter(id__in=ids).values_list(*COLUMNS)
    by_id = {row.id: row for row in (RequestRow(*values) for values in found)}
    return [by_id[log_id] for log_id in ids if log_id in by_id]


def standing_for(rows: Iterable[RequestRow]) -> dict[uuid.UUID, uuid.UUID]:
    """The requests that stand for these rows, by the rows' ids, where they report the call of another request.

    At most one statement.
    """
    keys = {row.id: row.duplicate_of for row in rows if row.duplicate_of}
    if not keys:
        return {}
    found = dict(RequestKey.objects.filter(id__in=set(keys.values())).values_list("id", "request_log_id"))
    return {log_id: found[key] for log_id, key in keys.items() if key in found}


def row_of(log: RequestLog) -> RequestRow:
    return RequestRow(*(getattr(log, name) for name in COLUMNS))


@dataclass(frozen=True, slots=True)
class LinkedRow:
    """What must be known of a request to tell which ones it continues or repeats, and how it ended."""

    id: uuid.UUID
    started_at: datetime
    ended_at: datetime | None
    received_at: datetime
    kind: str
    status: str
    http_status: int | None
    error_type: str
    output_preview: str
    rule: str
    needs: list[uuid.UUID]
    previous: uuid.UUID | None
    provides: list[uuid.UUID]
    attempt: uuid.UUID | None
    call: uuid.UUID | None
    duplicate_of: uuid.UUID | None
    step: bool

    @property
    def is_counted(self) -> bool:
        return not self.step and self.duplicate_of is None


@dataclass(frozen=True, slots=True)
class ParentRequest:
    """The request that another one of its session continues, and the rule that says so."""

    request: LinkedRow
    rule: str


def parents_of(rows: Iterable[RequestRow], session: Session) -> dict[uuid.UUID, ParentRequest]:
    """What these requests of a session continue, by their ids, as in the timeline.

    At most one statement: it loads the requests that share a link key with these.
    """
    rows = [row for row in rows if row.is_counted]
    link_keys = sorted({link_key for row in rows for link_key in row.needs})
    attempts = {row.attempt for row in rows if row.attempt}
    calls = {row.call for row in rows if row.call}
    if not (link_keys or attempts or calls):
        return {}
    wanted = {row.id for row in rows}
    concerned = Q(id__in=wanted) | Q(provides__overlap=link_keys) | Q(attempt__in=attempts) | Q(call__in=calls)
    counted = _requests(session.id, session.buckets).filter(step=False, duplicate_of=None)
    found = counted.filter(concerned).values_list(*LinkedRow.__slots__)
    ordered = in_order([LinkedRow(*row) for row in found], conversation_window())
    parent_of = dict(zip((row.id for row in ordered), parents(ordered, conversation_window()), strict=True))
    known = ((log_id, parent_of.get(log_id)) for log_id in wanted)
    return {log_id: ParentRequest(ordered[parent.index], parent.rule) for log_id, parent in known if parent}


def _requests(session_id: uuid.UUID, buckets: Sequence[date]) -> QuerySet[RequestLog]:
    return RequestLog.objects.filter(session_id=session_id, bucket__in=buckets)


def _decode(cursor: str) -> Cursor:
    match = _CURSOR.fullmatch(cursor)
    try:
        if match:
            started, ended, received = (_EPOCH + int(number) * _MICROSECOND for number in match.groups()[:3])
            return started, ended, received, uuid.UUID(match[4])
    except OverflowError:
        pass
    raise FilterError("cursor", "is not one of this list: take it from the answer before")


def _after(started: datetime, ended: datetime, received: datetime, log_id: uuid.UUID) -> Q:
    later = Q(end__gt=ended) | Q(end=ended) & (Q(received_at__gt=received) | Q(received_at=received, id__gt=log_id))
    # The first condition alone is a range of the index.
    return Q(started_at__gte=started) & (Q(started_at__gt=started) | later)
