"""The thread of a session: what is printed of each request, as the templates take it."""

from __future__ import annotations

import uuid
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from decimal import Decimal
from itertools import groupby
from typing import Any

from django.utils.safestring import SafeString, mark_safe

from sessions_app import bounds
from sessions_app.content.blocks import Message, ToolCallBlock
from sessions_app.content.documents import PartKind
from sessions_app.content.messages import read_message
from sessions_app.content.packed_digests import packed_count
from sessions_app.pages.html.messages import MessageWriter, Pairs, Source, fold, icon, reference, removed_fold, row
from sessions_app.pages.html.plain_text import isolated, shown
from sessions_app.pages.html.tool_definitions import tools_fold
from sessions_app.pages.request import other_bodies
from sessions_app.pages.request.beside import BesideWriter, execution_of, reports_fold
from sessions_app.pages.thread import contradicted_note
from sessions_app.pages.thread.addresses import Addresses
from sessions_app.pages.thread.layout import Layout
from sessions_app.pages.thread.marks import ForkView, Marks, fork_view, parallel_words, request_link
from sessions_app.pages.thread.pairing import Executed, Pairing, executions, pieces
from sessions_app.pages.thread.steps import StepWriter, problems_note
from sessions_app.pages.thread.wording import (
    CUT_SHORT,
    MOST_NAMED,
    attempt_words,
    counted,
    first_token,
    history,
    is_choice,
    listed,
    offset,
    tokens_title,
)
from sessions_app.queries.attempts import counted_attempts
from sessions_app.queries.content import StoredPart
from sessions_app.queries.contradictions import Contradicted
from sessions_app.queries.session import RequestDetail, RequestLine
from sessions_app.queries.thread import MOST_CHILDREN, MOST_OUTPUTS, Window, around
from sessions_app.records import ERROR
from sessions_app.structure import timeline
from sessions_app.structure.histories import NEIGHBOURS
from sessions_app.templatetags.format import cost, duration, exact, share, size, tokens

MESSAGES_BLOCK = 100
# Of what an answer may have in bytes, a request of a session's page takes at most this for what it sent, and for what
# came back; what stands around both takes about so many bytes.
PART_OF_REQUEST = 0.2
_AROUND = " " * 2_500


@dataclass(frozen=True, slots=True)
class AttemptsView:
    """The attempts of a call before the last one: `words` and `note` are HTML. Those on other pages are only named."""

    words: SafeString
    note: SafeString
    items: list[RequestView]


@dataclass(frozen=True, slots=True)
class RequestView:
    """One request as the thread prints it. Texts are ready to show; those of SafeString are HTML; "" is left out.

    `before` and `after`: the steps beside it, and before it idle time and where its trace begins. `attempts`: the
    earlier attempts of the same call; `fork`: the branches that begin after it.
    """

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
    before: SafeString
    body: SafeString
    after: SafeString
    chip: SafeString
    marks: SafeString
    is_error: bool
    is_rewritten: bool
    attempts: AttemptsView | None
    fork: ForkView | None


@dataclass(frozen=True, slots=True)
class ThreadSection:
    """Requests that follow each other; `parallel` says which ones ran at the same time, "" when they did not.

    `before` is the HTML of what stands before the first one.
    """

    parallel: str
    items: list[RequestView]
    before: SafeString


@dataclass(slots=True)
class ThreadBuilder:
    """Builds the views of a window. `start` is the session's first start; `costs` the cost so far at each request.

    `layout` has the steps beside the requests, and what groups them; `contradicted` which requests were reported again
    with other content.
    """

    window: Window
    addresses: Addresses
    start: datetime
    costs: Sequence[Decimal | None]
    layout: Layout | None = None
    # The item with which an answer begins, of a request that is shown by itself.
    first_output: int = 0
    # The first request, by its index, that the answer's budget did not last for.
    stopped_at: int | None = None
    contradicted: Mapping[uuid.UUID, Contradicted] = field(default_factory=dict)

    def sections(self) -> list[ThreadSection]:
        """The requests of the window, those that ran at the same time together, as far as the budget lasts."""
        pairs, executed = self.pairs_and_executions()
        beside = BesideWriter(self.layout, self.window, self.addresses, executed.causes) if self.layout else None
        folded = {attempt for attempts in self.window.folded.values() for attempt in attempts}
        parallel = self.window.structure.parallel
        sections = []
        for group, indices in groupby(self._items(folded), key=lambda index: parallel.get(index)):
            items = self._views(list(indices), pairs, beside, not sections)
            if not items:
                break
            # What stands before the first of several that ran at the same time is not part of them.
            before = items[0].before
            items[0] = replace(items[0], before=mark_safe(""))
            sections.append(ThreadSection(parallel_words(group) if group else "", items, before))
            if self.stopped_at is not None:
                break
        return sections

    def _views(
        self, indices: Sequence[int], pairs: Pairs, beside: BesideWriter | None, is_first: bool
    ) -> list[RequestView]:
        """Requests as far as the budget lasts; the first one of the page in any case."""
        items: list[RequestView] = []
        for index in indices:
            if bounds.current().is_spent and not (is_first and not items):
                self.stopped_at = index
                break
            items.append(self._view(index, pairs, beside))
            bounds.current().spend(_AROUND)
        return items

    def _items(self, folded: Collection[int]) -> list[int]:
        return [index for index in self.window.shown if index not in folded]

    def _view(self, index: int, pairs: Pairs, beside: BesideWriter | None = None) -> RequestView:
        line = self.window.lines[index]
        structure = self.window.structure
        marks = Marks(self.window, self.addresses)
        is_folded = self._is_folded(index)
        count = self.window.added[index].count
        resent = count - self.window.printed(index).count
        fork = structure.forks.get(index)
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
            history="same input" if is_folded else history(count, resent),
            resent_count=resent,
            before=mark_safe(beside.before(index) if beside else ""),  # noqa: S308 - written there, escaped
            body=mark_safe(self._body(index, pairs)),  # noqa: S308 - written by MessageWriter, which escapes
            after=mark_safe(beside.after(index) if beside else ""),  # noqa: S308 - likewise
            chip=mark_safe("" if is_folded else marks.chip(index)),  # noqa: S308 - escaped there
            marks=mark_safe("" if is_folded else marks.html(index)),  # noqa: S308 - likewise
            is_error=line.status == ERROR,
            is_rewritten=bool(self.window.added[index].changes),
            attempts=self._attempts(index, pairs),
            fork=fork_view(structure, fork, self.addresses) if fork else None,
        )

    def _is_folded(self, index: int) -> bool:
        return index in self.window.folded.get(self.window.structure.attempts_of(index)[-1], ())

    def _attempts(self, index: int, pairs: Pairs) -> AttemptsView | None:
        """What a call took before its last attempt."""
        chain = self.window.structure.attempts_of(index)
        if len(chain) == 1 or index != chain[-1]:
            return None
        total = max(len(chain), counted_attempts(self.window, index))
        words = attempt_words([self.window.lines[attempt] for attempt in chain], total)
        folded = self.window.folded.get(index, ())
        items = [self._view(attempt, pairs) for attempt in bounds.affordable(folded, least=0)]
        note = "; ".join(self._notes(chain, total, len(folded) - len(items)))
        return AttemptsView(mark_safe(words), mark_safe(note), items)  # noqa: S308 - escaped there

    def _notes(self, chain: Sequence[int], total: int, left: int) -> Iterator[str]:
        """What is not to be seen of a call's attempts; of those on this page `left` did not fit."""
        missing = total - len(chain)
        if missing:
            yield f"{counted(missing, 'more attempt')} {'was' if missing == 1 else 'were'} not logged by LiteLLM"
        folded = set(self.window.folded.get(chain[-1], ()))
        elsewhere = [attempt + 1 for attempt in chain[:-1] if attempt not in folded]
        if elsewhere:
            links = [request_link(self.addresses, number) for number in elsewhere[-MOST_NAMED:]]
            more = len(elsewhere) - len(links)
            yield f"before it {listed(([exact(more) + ' more'] if more else []) + links)}"
        if left:
            url = self.addresses.request(self.window.lines[self.window.folded[chain[-1]][-left]].id)
            yield f'{exact(left)} not on this page: <a class="link" href="{url}">the first</a>'

    def _body(self, index: int, pairs: Pairs) -> str:
        detail = self.window.details[index]
        writer = MessageWriter(self.addresses.request(detail.id), pairs, detail.end_user)
        if self.window.added[index].first_changed:
            writer.changed, writer.changed_from = (index, "i", 0), self._first_text_before(index)
        line = self.window.lines[index]
        pieces = [clock_note(line.time_problems)] if line.time_problems else []
        pieces += [row("", problems_note(line.problems))] if line.problems else []
        pieces += [contradicted_note.note(self.contradicted.get(line.id), self.addresses.request(line.id))]
        with bounds.share(PART_OF_REQUEST):
            inputs = self.added_html(index, writer)
        if inputs and other_bodies.folds_inputs(self.window.lines[index]):
            inputs = self._folded(index, inputs)
        with bounds.share(PART_OF_REQUEST):
            pieces += [inputs, self.answer_html(index, writer), self._reports(index)]
        return "".join(pieces)

    def _reports(self, index: int) -> str:
        """The other spans that report the same call."""
        reports = self.layout.traces.reports.get(self.window.lines[index].id) if self.layout else None
        return row("", reports_fold(reports, self.addresses)) if reports else ""

    def _folded(self, index: int, inputs: str) -> str:
        """What was sent to a call that is described in one line."""
        count = self.window.added[index].count
        peek = shown(self.window.lines[index].input_preview)
        body = f'<div class="folded">{inputs}</div>'
        return row("input", fold(f"{exact(count)} input{'' if count == 1 else 's'}", "", peek, body))

    # --- input ------------------------------------------------------------------------------------------------------

    def context_folds(self, index: int, writer: MessageWriter, always: bool = False) -> tuple[str, str]:
        """System prompts and tools beside the messages; unless `always`, when they are not those of the one before."""
        base = None if always else self._base(index)
        return self._systems(index, base, writer), self._tools(index, base, writer)

    def _systems(self, index: int, base: int | None, writer: MessageWriter) -> str:
        systems, before = self._context(index, PartKind.SYSTEM), self._context(base, PartKind.SYSTEM)
        if systems == before:
            return ""
        sources = [self.source(digest, "system", (index, "c", n)) for n, digest in enumerate(systems)]
        known = [source for source in sources if source]
        if not before or not self._is_related(index):
            return _systems_html([writer.system_fold(source) for source in bounds.affordable(known)], known)
        texts = [source.text for digest in before if (source := self.source(digest, "system"))]
        if not systems:
            return removed_fold("System prompt removed", "\n\n".join(texts))
        if len(known) == len(texts) == 1:
            return writer.system_fold(known[0], "System prompt changed", texts[0])
        folds = [writer.system_fold(source, "System prompt changed") for source in bounds.affordable(known)]
        return _systems_html(folds, known)

    def _tools(self, index: int, base: int | None, writer: MessageWriter) -> str:
        tools, before = self._context(index, PartKind.TOOL), self._context(base, PartKind.TOOL)
        if not self._is_related(index):
            before = before if tools == before else []
        if tools == before:
            return ""
        parts, old = ([self.window.parts[digest] for digest in digests] for digests in (tools, before))
        return tools_fold(parts, writer.base_url, old, self.window.beside_unread(index))

    def _context(self, index: int | None, kind: PartKind) -> list[bytes]:
        return [] if index is None else self.window.context(index, kind)

    def _is_related(self, index: int) -> bool:
        """Whether a request goes on from, or repeats, another one, so that what differs has changed."""
        added = self.window.added[index]
        return self.window.structure.origin(index) is not None or added.shared > 1 or bool(added.changes)

    def _base(self, index: int) -> int | None:
        """The request whose system prompts and tools are known: what this one continues or repeats, else the nearest
        one before it; of a call with several attempts, what the call continues.
        """
        origin = self.window.structure.origin(index)
        base = origin.index if origin else self.window.added[index].base
        if base is not None and base in self.window.details:
            return base
        attempts = self.window.structure.attempts_of(index)
        before = (i for i in range(index - 1, max(index - 1 - NEIGHBOURS, -1), -1) if i in self.window.details)
        return next((i for i in before if i not in attempts), None)

    def _first_text_before(self, index: int) -> str | None:
        """The text of the system prompt with which the base of a request begins."""
        base = self.window.added[index].base
        found = self.window.history_digest(base, 0) if base is not None else None
        source = self.source(found[0], "user") if found else None
        return source.text if source and source.message.role == "system" else None

    def added_html(self, index: int, writer: MessageWriter) -> str:
        """The messages that a request added, with what stands beside them and changed."""
        what = self.window.printed(index)
        end = max(what, default=-1) + 1
        html = self.inputs_html(index, what.head, writer, *self.context_folds(index, writer), end=end)
        if what.skipped and not writer.left_out:
            start = what.head[-1] + 1
            html += more_messages(writer.base_url, start, start + what.skipped)
            html += self.inputs_html(index, what.tail, writer, end=end)
        return html

    def inputs_html(
        self,
        index: int,
        positions: Iterable[int],
        writer: MessageWriter,
        systems: str = "",
        tools: str = "",
        end: int = 0,
    ) -> str:
        """Input messages of a request, with a placeholder for each that was too large to be read with the page.

        When the budget does not last for all of them, then with what shows the others, up to `end`.
        """
        html: list[str] = []
        run: list[Source] = []
        for position, digest in self.window.inputs(index, positions):
            source = self.source(digest, "user", (index, "i", position))
            if source:
                run.append(source)
                continue
            html += [writer.thread(run, systems, tools)]
            if writer.left_out:
                break
            html += [unread(self.window.parts.get(digest), digest, writer.base_url, "user")]
            run, systems, tools = [], "", ""
        else:
            html += [writer.thread(run, systems, tools)]
        if writer.left_out:
            _, _, stopped = writer.left_out[0].place  # type: ignore[misc]
            html += [more_messages(writer.base_url, stopped, end)]
        return "".join(html)

    def writer_within(self, index: int, positions: range) -> MessageWriter:
        """A writer for a list of messages by itself: its tool results stand with the calls of the same list."""
        detail = self.window.details[index]
        nearby = around(positions, packed_count(detail.input_parts))
        found = (self.source(d, "user", (index, "i", p)) for p, d in self.window.inputs(index, nearby))
        pairing = Pairing()
        pairing.within([source for source in found if source])
        return MessageWriter(self.addresses.request(detail.id), pairing.pairs(), detail.end_user)

    # --- output -----------------------------------------------------------------------------------------------------

    def answer_html(self, index: int, writer: MessageWriter) -> str:
        """What came back: the answer, why it ends early, the error."""
        line, detail = self.window.lines[index], self.window.details[index]
        html, described = other_bodies.summary(line, self.window, index, writer.base_url)
        html += self._output(index, writer, described)
        if line.finish_reason in CUT_SHORT:
            words = f"{CUT_SHORT[line.finish_reason]}: <code>finish_reason: {shown(line.finish_reason)}</code>"
            html += row("", reference("info", words))
        if line.status == ERROR:
            html += error_card(line, detail, writer.base_url)
        return html or row("", reference("info", "No answer was logged"))

    def _output(self, index: int, writer: MessageWriter, described: set[bytes]) -> str:
        """The items of the answer as far as they are read with it and the budget lasts, then what shows the others."""
        first, count = self._first_output(index), self.window.output_count(index)
        digests = [digest for digest in self.window.outputs(index, first) if digest not in described]
        sources = [source for source in self._outputs(index) if source.digest not in described]
        known = {source.digest for source in sources}
        missing = [digest for digest in digests if digest not in known]
        html = "".join(unread(self.window.parts.get(d), d, writer.base_url, "assistant") for d in missing)
        if sources:
            html += writer.output(sources, alternatives=is_choice(self.window.lines[index], len(sources)))
        following = first + MOST_OUTPUTS
        if sources and writer.left_out:
            _, _, following = writer.left_out[0].place  # type: ignore[misc]
        return html + (more_outputs(writer.base_url, following, count) if following < count else "")

    def _first_output(self, index: int) -> int:
        return min(self.first_output, max(self.window.output_count(index) - 1, 0)) if index in self.window.shown else 0

    # --- messages and their tool calls ------------------------------------------------------------------------------

    def source(self, digest: bytes, default_role: str, place: Any = None) -> Source | None:
        """A message to print; None when its part was not read."""
        message = self._message(digest, default_role)
        return None if message is None else Source(message, digest, place)

    def _message(self, digest: bytes, default_role: str) -> Message | None:
        key, known = (digest, default_role), self.window.messages
        if key not in known:
            part = self.window.parts.get(digest)
            if part is None or part.content is None:
                return None
            known[key] = read_message(part.content, default_role)
        return known[key]

    def pairs(self) -> Pairs:
        """Which tool results answer which calls: the result of a call comes with the request that continues."""
        return self._pairing().pairs()

    def pairs_and_executions(self) -> tuple[Pairs, Executed]:
        """The same with the steps that the calls started, of those beside the window."""
        pairs = self.pairs()
        if self.layout is None or not self.window.steps:
            return pairs, Executed()
        steps = [step for step in self.layout.lines.steps if step.id in self.window.steps]
        calls = {
            index: pieces(self._outputs(index), ToolCallBlock)
            for index in sorted(self._bases() | set(self.window.shown))
        }
        executed = executions(steps, calls, self.window.lines, self.layout.traces.nesting, self.addresses)
        writer = StepWriter(self.window, self.addresses)
        found = {key: execution_of(writer, step, self.layout) for key, step in executed.steps.items()}
        return replace(pairs, executions=found), executed

    def _bases(self) -> set[int]:
        return {base for index in self.window.shown if (base := self.window.added[index].base) is not None}

    def _pairing(self) -> Pairing:
        pairing = Pairing()
        for base in sorted(self._bases() | set(self.window.shown)):
            calls = pieces(self._outputs(base), ToolCallBlock)
            if calls:
                for child in self.window.children(base)[:MOST_CHILDREN]:
                    pairing.across(calls, self._inputs_of(child), base + 1, self.addresses.in_session(base + 1))
        for index in self.window.shown:
            pairing.within(self._inputs_of(index))
        return pairing

    def _outputs(self, index: int) -> list[Source]:
        first = self._first_output(index)
        digests = enumerate(self.window.outputs(index, first), start=first)
        found = (self.source(d, "assistant", (index, "o", n)) for n, d in digests)
        return [source for source in found if source]

    def _inputs_of(self, index: int) -> list[Source]:
        positions = self.window.printed(index)
        found = (self.source(d, "user", (index, "i", p)) for p, d in self.window.inputs(index, positions))
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


def _systems_html(folds: Sequence[str], known: Sequence[Source]) -> str:
    left = len(known) - len(folds)
    rest = reference("info", f"{counted(left, 'more system prompt')} in the raw JSON") if left else ""
    return "".join(folds) + rest


def more_outputs(base_url: str, start: int, count: int) -> str:
    """What shows the items of an answer from `start` on (from 0), of `count`."""
    return row(
        "",
        f'<a class="more-btn" href="{base_url}?output={start + 1}#output">'
        f"Show {counted(count - start, 'more item')} of the answer</a>",
    )


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
