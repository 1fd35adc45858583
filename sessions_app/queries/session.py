"""One session and its requests, in a constant number of statements whatever its length."""

from __future__ import annotations

import uuid
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import Decimal
from functools import lru_cache
from typing import Any, NamedTuple

from django.conf import settings
from django.contrib.postgres.fields import ArrayField
from django.db.models import Case, Exists, F, OuterRef, Q, QuerySet, TextField, When
from django.db.models.functions import Cast, Left, Length
from django.utils import timezone

from sessions_app.content.documents import DIGEST_BYTES
from sessions_app.content.packed_digests import COUNT_BYTES
from sessions_app.models import RequestKey, RequestLog, Session
from sessions_app.queries.fetching import fetched
from sessions_app.queries.kept import Derived, Keeper, Rows, once
from sessions_app.records import RUNNING, StreamNote
from sessions_app.structure import timeline
from sessions_app.structure.order import in_order
from sessions_app.structure.running import is_running
from sessions_app.structure.timeline import Structure


@dataclass(frozen=True, slots=True)
class SessionFacts:
    """A session with its roll-up. None means unknown; costs are in US dollars."""

    id: uuid.UUID
    session_key: str | None
    title: str
    given_name: str
    source_name: str
    first_at: datetime
    last_at: datetime
    request_count: int
    error_count: int
    retry_count: int
    step_count: int
    tool_error_count: int
    tool_looks_failed_count: int
    input_tokens: int | None
    output_tokens: int | None
    cached_tokens: int | None
    cost: Decimal | None
    models: tuple[str, ...]
    users: tuple[str, ...]
    tags: tuple[str, ...]
    sources: tuple[str, ...]
    rules: tuple[str, ...]
    buckets: tuple[date, ...]
    revision: int
    # Whether some of its requests were reported again with other content.
    is_contradicted: bool = False

    @property
    def tool_failure_count(self) -> int:
        """How many tool results failed or look failed."""
        return self.tool_error_count + self.tool_looks_failed_count

    @property
    def name(self) -> str:
        """What the page is called: its name, else the first user text, else the caller's id, else our own."""
        return self.given_name or self.source_name or self.title or self.session_key or str(self.id)


# The columns of a session in the order of its facts, which end with one that is no column.
_SESSION_COLUMNS = ["model_names" if name == "models" else name for name in SessionFacts.__slots__[:-1]]


def find_session(project_id: int, session_id: uuid.UUID) -> SessionFacts | None:
    """A session of this project; None if there is none."""
    found = Session.objects.filter(id=session_id, project_id=project_id)
    beside = RequestKey.objects.filter(session_id=OuterRef("id"), contradictions__gt=0)
    row = found.values_list(*_SESSION_COLUMNS, Exists(beside)).first()
    if row is None:
        return None
    values: list[Any] = [tuple(value) if isinstance(value, list) else value for value in row]
    return SessionFacts(*values)


# Parts of the call types, in any API, of calls that are no conversation.
SINGLE_CALLS = (
    *("embedding", "image", "moderation", "rerank", "transcription", "speech"),
    *("batches", "files", "fine_tuning"),
)


@lru_cache(maxsize=256)
def _is_single(call_type: str) -> bool:
    return any(name in call_type for name in SINGLE_CALLS)


# Events that tell of a call before its answer, where only their order ties them to it.
EVENTS_OF_REQUESTS = ("codex.api_request", "codex.websocket_request")


class RequestLine(NamedTuple):
    """What the outline and the curves tell of a request or step. Without content, so that thousands are light: a
    named tuple is made many times faster than a frozen dataclass.

    None means unknown. Link keys (`previous` to `task`, `needs`, `provides`) are text. `duplicate_of`: the key of the
    request that stands for the same call. `stream`: its answer was put together from events.
    """

    id: uuid.UUID
    bucket: date
    started_at: datetime
    first_token_at: datetime | None
    ended_at: datetime | None
    received_at: datetime
    kind: str
    call_type: str
    status: str
    http_status: int | None
    error_type: str
    # The beginning of the message of an error.
    error_start: str
    finish_reason: str
    model: str
    provider: str
    input_tokens: int | None
    output_tokens: int | None
    cached_tokens: int | None
    cache_write_tokens: int | None
    cost: Decimal | None
    input_preview: str
    output_preview: str
    resent_count: int
    rule: str
    rule_detail: str
    previous: str | None
    attempt: str | None
    call: str | None
    task: str | None
    duplicate_of: uuid.UUID | None
    trace_id: str
    span_id: str
    parent_id: str
    name: str
    tool_name: str
    tool_call_id: str
    step: bool
    # The names of the tools that failed, also those of the history.
    failed_tools: tuple[str, ...]
    time_problems: tuple[str, ...]
    problems: tuple[str, ...]
    needs: tuple[str, ...]
    provides: tuple[str, ...]
    # Keys of the tool results in it that failed (`structure.tool_failures`).
    tool_failures: tuple[int, ...] = ()
    # `structure.profiles.unpack` reads it; b"" is unknown.
    profile: bytes = b""
    stream: StreamNote | None = None

    @property
    def is_conversation(self) -> bool:
        """Whether it is a chat or completion, as opposed to a call that is described in one line."""
        return self.kind == "llm" and not _is_single(self.call_type)

    @property
    def what(self) -> str:
        """What was called where it is no model: `tool look_up`, `agent`; "" for calls of models."""
        kind = "" if self.kind == "other" else self.kind
        return "" if kind in ("llm", "embedding") else f"{kind} {self.call_type}".strip()

    @property
    def is_running(self) -> bool:
        """Whether it is taken to run still, because its log says so."""
        return self.status == RUNNING and is_running(self, timezone.now())


# So many characters of an error's message are read with a line.
ERROR_CHARS = 200
_AS_TEXT = {name: Cast(name, TextField()) for name in ("previous", "attempt", "call", "task")} | {
    name: Cast(name, ArrayField(TextField())) for name in ("needs", "provides")
}
# Where the lists of a line begin.
_LISTS = RequestLine._fields.index("failed_tools")
_LINE_COLUMNS = tuple(_AS_TEXT.get(name, name) for name in RequestLine._fields if name != "stream")


@dataclass(frozen=True, slots=True, eq=False)
class SessionLines:
    """What a session consists of, each list in chronological order.

    `requests` are counted and numbered. `steps` are spans around them, which are not. `duplicates` report the same call
    as another request, of this session or another. `is_cut`: there are more, and these are the first ones.
    """

    requests: Rows[RequestLine]
    steps: Sequence[RequestLine]
    duplicates: Sequence[RequestLine]
    is_cut: bool = False

    @property
    def derived(self) -> Derived:
        """What was computed from them."""
        return self.requests.derived

    @property
    def weight(self) -> int:
        """How many requests and steps there are."""
        return len(self.requests) + len(self.steps) + len(self.duplicates)

    @property
    def structure(self) -> Structure:
        """How the requests hang together."""
        return structure_of(self.requests)

    @property
    def is_empty(self) -> bool:
        return not (self.requests or self.steps or self.duplicates)

    @property
    def shown(self) -> list[RequestLine]:
        """Requests and steps, in no order."""
        return [*self.requests, *self.steps]


# Pages show at most so many requests and steps of a session, the first ones.
MOST_LINES = 12_000


# A process keeps the lines of so many sessions, and of so many requests and steps together. With what is derived from
# it, each takes 3 to 6 kB (docs/decisions/0020-kept-sessions.md).
MOST_KEPT, MOST_LINES_KEPT = 16, 6_000
_kept: Keeper[SessionLines] = Keeper(MOST_KEPT, MOST_LINES_KEPT)


def forget_lines() -> None:
    """Let go of all that is remembered of sessions, for work that needs the memory more."""
    _kept.drop(lambda key: True)


def load_all_lines(session: SessionFacts, most: int | None = None) -> SessionLines:
    """The requests and steps of a session; one statement, or none if this process has read the same revision of it
    before. `most`: at most so many of them, the first ones.
    """
    is_long = most is not None and session.request_count + session.step_count > most
    key = (session.id, session.revision, conversation_window(), most if is_long else None)
    found = _kept.find(key)
    if found is None:
        _kept.drop(lambda other: other[0] == session.id and other[1] < session.revision)
        found = _kept.keep(key, _load_lines(session, most if is_long else None))
    return found


def _load_lines(session: SessionFacts, most: int | None) -> SessionLines:
    rows = _lines_of(session)
    if most is not None:
        rows = rows.order_by("started_at", "id")[:most]
    found = [_line(row) for row in fetched(*rows.query.sql_with_params())]
    requests: list[RequestLine] = []
    steps: list[RequestLine] = []
    duplicates: list[RequestLine] = []
    for line in timeline.chronological(_begun_when_asked(found)):
        (duplicates if line.duplicate_of is not None else steps if line.step else requests).append(line)
    ordered = Rows(in_order(requests, conversation_window()))
    return SessionLines(ordered, tuple(steps), tuple(duplicates), most is not None and len(found) == most)


def _begun_when_asked(lines: Sequence[RequestLine]) -> Sequence[RequestLine]:
    """An agent's event at the end of a call does not say when that began. The event of its request does, if there is
    one; then one statement more.
    """
    asked = {line.duplicate_of: line for line in lines if line.duplicate_of and line.call_type in EVENTS_OF_REQUESTS}
    if not asked:
        return lines
    standing = RequestKey.objects.filter(id__in=asked).values_list("request_log_id", "id")
    began = {log_id: asked[key].started_at for log_id, key in standing}
    return [_since(line, began[line.id]) if line.id in began else line for line in lines]


def _since(line: RequestLine, began: datetime) -> RequestLine:
    if line.ended_at is not None or began >= line.started_at:
        return line
    return line._replace(started_at=began, ended_at=line.started_at)


def load_line(session: SessionFacts, log: RequestLog) -> RequestLine | None:
    """One request or step of a session; None if it is gone."""
    row = _lines_of(session).filter(id=log.id, bucket=log.bucket).first()
    return _line(row) if row else None


def _requests(session: SessionFacts) -> QuerySet[RequestLog]:
    return RequestLog.objects.filter(session_id=session.id, bucket__in=session.buckets)


def _lines_of(session: SessionFacts) -> QuerySet[RequestLog, tuple[Any, ...]]:
    start = Left("error_message", ERROR_CHARS)
    return _requests(session).annotate(error_start=start).values_list(*_LINE_COLUMNS)


def _line(row: Sequence[Any]) -> RequestLine:
    failed, times, problems, needs, provides, failures, profile = row[_LISTS:]
    problems, stream = StreamNote.apart(problems) if problems else ((), None)
    lists = (
        tuple(failed) if failed else (),
        tuple(times) if times else (),
        tuple(problems),
        tuple(needs),
        tuple(provides),
        tuple(failures) if failures else (),
    )
    return RequestLine._make((*row[:_LISTS], *lists, bytes(profile), stream))


def structure_of(lines: Sequence[RequestLine]) -> Structure:
    """How the requests of a session hang together."""
    return once(lines, "structure", lambda: timeline.structure(lines, conversation_window()))


def conversation_window() -> timedelta:
    """How far apart a request and the one that it continues may be."""
    return timedelta(hours=settings.LOGSUI_CONVERSATION_WINDOW_HOURS)


def load_request(session: SessionFacts, line: RequestLine) -> RequestLog:
    """A request of a session without its content. Raises RequestLog.DoesNotExist if it was deleted meanwhile."""
    found = RequestLog.objects.filter(session_id=session.id, bucket=line.bucket, id=line.id)
    return found.defer("skeleton", "input_parts", "output_parts", "context_parts").get()


@dataclass(frozen=True, slots=True)
class RequestDetail:
    """What is shown of a request that is printed in full. Packed lists of digests say where its content is."""

    id: uuid.UUID
    bucket: date
    request_id: str
    source: str
    requested_model: str
    provider: str
    error_message: str
    end_user: str
    resent_count: int
    input_parts: bytes
    output_parts: bytes
    context_parts: bytes
    # Whether telemetry says that the client replaced a history before this request.
    is_compacted: bool
    # Loaded for requests whose bodies have no messages, and are shown as a whole. For others if somebody asks for it.
    skeleton: bytes | None

    @property
    def is_silent(self) -> bool:
        """Whether no message was found in what it sent, or in what came back."""
        return not self.input_parts or not self.output_parts


_DETAIL_COLUMNS = tuple(name for name in RequestDetail.__slots__ if name not in ("is_compacted", "skeleton"))


def load_details(
    session: SessionFacts, lines: Iterable[RequestLine], skeletons: Iterable[RequestLine] = ()
) -> dict[uuid.UUID, RequestDetail]:
    """The details of some requests of a session, by id; one statement. `skeletons`: model calls that need theirs."""
    wanted = [line.id for line in lines]
    # Of several choices, only the body tells how each ended.
    is_one = Q(output_length__lte=COUNT_BYTES + DIGEST_BYTES) | Q(call_type__contains="response")
    has_messages = Q(kind="llm") & ~Q(input_parts=b"") & ~Q(output_parts=b"") & is_one
    without = (has_messages | Q(step=True)) & ~Q(id__in=[line.id for line in skeletons])
    skeleton = Case(When(without, then=None), default=F("skeleton"))
    is_compacted = Q(source="otlp", metadata__compacted=True)
    rows = _requests(session).filter(id__in=wanted).annotate(output_length=Length("output_parts"))
    rows = rows.annotate(is_compacted=is_compacted, shown_skeleton=skeleton)
    return {row[0]: _detail(row) for row in rows.values_list(*_DETAIL_COLUMNS, "is_compacted", "shown_skeleton")}


def _detail(row: Sequence[Any]) -> RequestDetail:
    *plain, inputs, outputs, context, is_compacted, skeleton = row
    shown = None if skeleton is None else bytes(skeleton)
    values: list[Any] = [*plain, bytes(inputs), bytes(outputs), bytes(context), bool(is_compacted), shown]
    return RequestDetail(*values)
