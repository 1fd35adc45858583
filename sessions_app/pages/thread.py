"""The thread of a session: what is printed of each request, as the templates take it."""

from __future__ import annotations

import uuid
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

from django.utils.safestring import SafeString, mark_safe

from sessions_app import timeline
from sessions_app.documents import PartKind, packed_count
from sessions_app.messages import TOOL_CALL, Message, read_message
from sessions_app.pages import other_bodies
from sessions_app.pages.message_html import MessageWriter, Pairs, Source, fold, icon, reference, row
from sessions_app.pages.pairing import Pairing, pieces
from sessions_app.pages.plain_text import isolated, shown
from sessions_app.pages.tool_definitions import tools_fold
from sessions_app.pages.wording import CUT_SHORT, first_token, history, is_choice, offset, tokens_title
from sessions_app.queries.content import StoredPart
from sessions_app.queries.session import RequestDetail, RequestLine
from sessions_app.queries.thread import MOST_CHILDREN, Stretch, around
from sessions_app.records import ERROR
from sessions_app.templatetags.format import cost, duration, exact, share, size, tokens

BLOCK = 50
# A session of up to this many requests opens whole, a longer one in blocks.
MOST_AT_ONCE = 100
MESSAGES_BLOCK = 100


@dataclass(frozen=True, slots=True)
class Addresses:
    """Where the pages of a session of `count` requests are."""

    slug: str
    session_id: uuid.UUID
    count: int

    @property
    def session(self) -> str:
        return f"/p/{self.slug}/sessions/{self.session_id}/"

    def request(self, request_log_id: uuid.UUID) -> str:
        return f"/p/{self.slug}/requests/{request_log_id}/"

    def in_session(self, number: int) -> str:
        """A link to a request in its session: with the block that holds it, unless that is the first."""
        start = self.block_start(number)
        query = f"?from={start}" if start > 1 else ""
        return f"{self.session}{query}#r{number}"

    def block_start(self, number: int) -> int:
        """The number of the first request of the block that holds this one."""
        return 1 if self.count <= MOST_AT_ONCE else (number - 1) // BLOCK * BLOCK + 1

    def block_end(self, start: int) -> int:
        """The number of the last request of the block that begins with this one."""
        return self.count if self.count <= MOST_AT_ONCE else min(start + BLOCK - 1, self.count)


@dataclass(frozen=True, slots=True)
class RequestView:
    """One request as the thread prints it. Texts are ready to show; `body` is HTML; "" is left out."""

    id: uuid.UUID
    number: int
    url: str
    line: RequestLine
    offset: str
    duration: str
    first_token: str
    tokens_in: str
    tokens_out: str
    tokens_title: str
    cached: str
    cost: str
    cost_so_far: str
    history: str
    resent_count: int
    body: SafeString
    idle: str
    is_error: bool


@dataclass(slots=True)
class ThreadBuilder:
    """Builds the views of a stretch. `start` is the session's first start; `costs` the cost so far at each request."""

    stretch: Stretch
    addresses: Addresses
    start: datetime
    costs: Sequence[Decimal | None]
    gaps: Sequence[timedelta | None]
    _messages: dict[tuple[bytes, str], Message] = field(default_factory=dict)

    def views(self) -> list[RequestView]:
        pairs = self.pairs()
        return [self._view(index, pairs) for index in self._shown()]

    def _shown(self) -> list[int]:
        return [index for index in self.stretch.indices if index in self.stretch.details]

    def _view(self, index: int, pairs: Pairs) -> RequestView:
        line = self.stretch.lines[index]
        count = self.stretch.added[index].count
        what = self.stretch.printed(index)
        resent = count - len(what.head) - what.skipped - len(what.tail)
        return RequestView(
            id=line.id,
            number=index + 1,
            url=self.addresses.request(line.id),
            line=line,
            offset=offset(line, self.start),
            duration=duration(timeline.duration(line)),
            first_token=first_token(line),
            tokens_in=tokens(line.input_tokens) if line.input_tokens is not None else "",
            tokens_out=tokens(line.output_tokens) if line.output_tokens is not None else "",
            tokens_title=tokens_title(line),
            cached=f"{share(line.cached_tokens, line.input_tokens)} cached" if line.cached_tokens else "",
            cost=cost(line.cost),
            cost_so_far=cost(self.costs[index]) if self.costs[index] is not None else "",
            history=history(count, resent),
            resent_count=resent,
            body=mark_safe(self._body(index, pairs)),  # noqa: S308 - written by MessageWriter, which escapes
            idle=duration(gap) if (gap := self.gaps[index]) else "",
            is_error=line.status == ERROR,
        )

    def _body(self, index: int, pairs: Pairs) -> str:
        detail = self.stretch.details[index]
        writer = MessageWriter(self.addresses.request(detail.id), pairs, detail.end_user)
        if self.stretch.added[index].first_changed:
            writer.changed = (index, "i", 0)
        problems = self.stretch.lines[index].time_problems
        pieces = [clock_note(problems)] if problems else []
        inputs = self.added_html(index, writer)
        if inputs and other_bodies.folds_inputs(self.stretch.lines[index]):
            inputs = self._folded(index, inputs)
        pieces += [inputs, self.answer_html(index, writer)]
        return "".join(pieces)

    def _folded(self, index: int, inputs: str) -> str:
        """What was sent to a call that is described in one line."""
        count = self.stretch.added[index].count
        peek = shown(self.stretch.lines[index].input_preview)
        body = f'<div class="folded">{inputs}</div>'
        return row("input", fold(f"{exact(count)} input{'' if count == 1 else 's'}", "", peek, body))

    # --- input ------------------------------------------------------------------------------------------------------

    def context_folds(self, index: int, writer: MessageWriter, always: bool = False) -> tuple[str, str]:
        """System prompts and tools beside the messages; unless `always`, when they are not those of the one before."""
        before = {} if always else self._context_before(index)
        systems, tools = (self.stretch.context(index, kind) for kind in (PartKind.SYSTEM, PartKind.TOOL))
        system_folds, tool_folds = "", ""
        if systems and systems != before.get(PartKind.SYSTEM):
            title = "System prompt changed" if before.get(PartKind.SYSTEM) else "System prompt"
            sources = [self.source(digest, "system", (index, "c", n)) for n, digest in enumerate(systems)]
            system_folds = "".join(writer.system_fold(source, title) for source in sources if source)
        if tools and tools != before.get(PartKind.TOOL):
            parts = [self.stretch.parts[digest] for digest in tools]
            tool_folds = tools_fold(parts, writer.base_url, changed=bool(before.get(PartKind.TOOL)))
        return system_folds, tool_folds

    def _context_before(self, index: int) -> dict[PartKind, list[bytes]]:
        """System prompts and tools of the request that this one continues, else of the nearest one before it."""
        base = self.stretch.added[index].base
        if base is None:
            base = next((i for i in range(index - 1, max(index - 9, -1), -1) if i in self.stretch.details), None)
        if base is None:
            return {}
        return {kind: self.stretch.context(base, kind) for kind in (PartKind.SYSTEM, PartKind.TOOL)}

    def added_html(self, index: int, writer: MessageWriter) -> str:
        """The messages that a request added, with what stands beside them and changed."""
        what = self.stretch.printed(index)
        html = self.inputs_html(index, what.head, writer, *self.context_folds(index, writer))
        if what.skipped:
            start = what.head[-1] + 1
            html += more_messages(writer.base_url, start, start + what.skipped)
            html += self.inputs_html(index, what.tail, writer)
        return html

    def inputs_html(
        self, index: int, positions: Iterable[int], writer: MessageWriter, systems: str = "", tools: str = ""
    ) -> str:
        """Input messages of a request, with a placeholder for each that was too large to be read with the page."""
        html: list[str] = []
        run: list[Source] = []
        for position, digest in self.stretch.inputs(index, positions):
            source = self.source(digest, "user", (index, "i", position))
            if source:
                run.append(source)
                continue
            html += [writer.thread(run, systems, tools)]
            html += [unread(self.stretch.parts.get(digest), digest, writer.base_url, "user")]
            run, systems, tools = [], "", ""
        return "".join([*html, writer.thread(run, systems, tools)])

    def writer_within(self, index: int, positions: range) -> MessageWriter:
        """A writer for a list of messages by itself: its tool results stand with the calls of the same list."""
        detail = self.stretch.details[index]
        nearby = around(positions, packed_count(detail.input_parts))
        found = (self.source(d, "user", (index, "i", p)) for p, d in self.stretch.inputs(index, nearby))
        pairing = Pairing()
        pairing.within([source for source in found if source])
        return MessageWriter(self.addresses.request(detail.id), pairing.pairs(), detail.end_user)

    # --- output -----------------------------------------------------------------------------------------------------

    def answer_html(self, index: int, writer: MessageWriter) -> str:
        """What came back: the answer, why it ends early, the error."""
        line, detail = self.stretch.lines[index], self.stretch.details[index]
        html, described = other_bodies.summary(line, self.stretch, index, writer.base_url)
        html += self._output(index, writer, described)
        if line.finish_reason in CUT_SHORT:
            words = f"{CUT_SHORT[line.finish_reason]}: <code>finish_reason: {shown(line.finish_reason)}</code>"
            html += row("", reference("info", words))
        if line.status == ERROR:
            html += error_card(line, detail, writer.base_url)
        return html or row("", reference("info", "No answer was logged"))

    def _output(self, index: int, writer: MessageWriter, described: set[bytes]) -> str:
        digests = [digest for digest in self.stretch.outputs(index) if digest not in described]
        sources = [source for source in self._outputs(index) if source.digest not in described]
        known = {source.digest for source in sources}
        missing = [digest for digest in digests if digest not in known]
        html = "".join(unread(self.stretch.parts.get(d), d, writer.base_url, "assistant") for d in missing)
        if sources:
            html += writer.output(sources, alternatives=is_choice(self.stretch.lines[index], len(sources)))
        return html

    # --- messages and their tool calls ------------------------------------------------------------------------------

    def source(self, digest: bytes, default_role: str, place: Any) -> Source | None:
        """A message to print; None when its part was not read."""
        message = self._message(digest, default_role)
        return None if message is None else Source(message, digest, place)

    def _message(self, digest: bytes, default_role: str) -> Message | None:
        key = (digest, default_role)
        if key not in self._messages:
            part = self.stretch.parts.get(digest)
            if part is None or part.content is None:
                return None
            self._messages[key] = read_message(part.content, default_role)
        return self._messages[key]

    def pairs(self) -> Pairs:
        """Which tool results answer which calls: the result of a call comes with the request that continues."""
        pairing = Pairing()
        added = self.stretch.added
        bases = {added[index].base for index in self._shown()} - {None}
        for base in sorted(bases | set(self._shown())):
            calls = pieces(self._outputs(base), TOOL_CALL)
            if calls:
                for child in self.stretch.children(base)[:MOST_CHILDREN]:
                    pairing.across(calls, self._inputs_of(child), base + 1, self.addresses.in_session(base + 1))
        for index in self._shown():
            pairing.within(self._inputs_of(index))
        return pairing.pairs()

    def _outputs(self, index: int) -> list[Source]:
        found = (self.source(d, "assistant", (index, "o", n)) for n, d in enumerate(self.stretch.outputs(index)))
        return [source for source in found if source]

    def _inputs_of(self, index: int) -> list[Source]:
        positions = self.stretch.printed(index)
        found = (self.source(d, "user", (index, "i", p)) for p, d in self.stretch.inputs(index, positions))
        return [source for source in found if source]


# --- pieces ---------------------------------------------------------------------------------------------------------


def clock_note(problems: Sequence[str]) -> str:
    """What is odd about the sender's clock."""
    return row("", reference("clock", f"The sender’s clock is off: {shown('; '.join(problems))}"))


def error_card(line: RequestLine, detail: RequestDetail, base_url: str) -> str:
    """Why a request failed."""
    http = f"HTTP {line.http_status}" if line.http_status else ""
    facts = " · ".join(filter(None, (http, isolated(detail.provider) if detail.provider else "")))
    message = f'<p dir="auto">{shown(detail.error_message)}</p>' if detail.error_message else ""
    body = (
        f'<div class="err-card"><p class="err-type">{icon("error", small=False)}'
        f'<code>{isolated(line.error_type or "error")}</code><span class="err-http">{facts}</span></p>{message}'
        f'<div class="err-foot"><a class="textbtn" href="{base_url}#raw">Raw response</a>'
        f'<a class="textbtn" href="{base_url}">Open request</a></div></div>'
    )
    return row("error", body)


def more_messages(base_url: str, start: int, end: int) -> str:
    """What shows the messages from `start` up to `end` (positions, not included) in its place."""
    count = end - start
    noun = "message" if count == 1 else "messages"
    partial = f"{base_url}messages/?from={start}&amp;to={end}"
    return (
        f'<a class="more-btn" href="{base_url}?from={start + 1}#input" hx-get="{partial}" hx-swap="outerHTML">'
        f"Show {exact(count)} more {noun}</a>"
    )


def unread(part: StoredPart | None, digest: bytes, base_url: str, default_role: str) -> str:
    """In the place of a message that was not read with the page: what shows it."""
    if part is None:
        return row(default_role, reference("alert", "This message is not stored any more"))
    url = f"{base_url}part/{digest.hex()}/?role={default_role}"
    link = f'<a class="more-btn" href="{url}" hx-get="{url}" hx-target="closest .msg" hx-swap="outerHTML">'
    return row(part.role or default_role, f"{link}Show this message of {size(part.byte_size)}</a>")
