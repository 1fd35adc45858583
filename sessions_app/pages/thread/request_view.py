"""One request of a thread: its facts, what it sent and what came back, its earlier attempts."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal

from markupsafe import Markup

from sessions_app import bounds
from sessions_app.pages.html.components import NOTHING, component, joined, sentence
from sessions_app.pages.html.formats import cost, exact, share, tokens
from sessions_app.pages.html.messages import MessageWriter, Pairs
from sessions_app.pages.html.pieces import fold, link, reference, request_link, row
from sessions_app.pages.thread import contradicted_note, other_bodies
from sessions_app.pages.thread.absence import CallBody
from sessions_app.pages.thread.answer import AnswerWriter
from sessions_app.pages.thread.beside import BesideWriter
from sessions_app.pages.thread.layout import Layout
from sessions_app.pages.thread.marks import ForkView, Marks, fork_view
from sessions_app.pages.thread.reports import reports_fold, told_apart
from sessions_app.pages.thread.sent import InputWriter
from sessions_app.pages.thread.sources import Sources
from sessions_app.pages.thread.steps import problems_note
from sessions_app.pages.thread.wording import (
    MOST_NAMED,
    attempt_words,
    counted,
    first_token,
    lasted,
    listed,
    offset,
    sent_words,
    tokens_title,
    unfinished,
)
from sessions_app.queries.attempts import counted_attempts
from sessions_app.queries.contradictions import Contradicted
from sessions_app.queries.session import RequestLine
from sessions_app.queries.traces import Report
from sessions_app.queries.window import documents_of_call
from sessions_app.records import ERROR

# What a request sent, and what came back for it, may each take this part of an answer's bytes.
PART_OF_REQUEST = 0.2
# About as many bytes as the head of a request takes. Its messages are counted when they are written.
HEAD = " " * 2_500


@dataclass(frozen=True, slots=True)
class AttemptsView:
    """The earlier attempts of a call. `items` are those on this page; `note` says what of the others is known."""

    words: Markup
    note: Markup
    items: list[RequestView]


@dataclass(frozen=True, slots=True)
class RequestView:
    """One request as `components/thread.jinja` writes it. Texts are ready to show; what is "" or empty is left out.

    `before` and `after` are the steps beside it, and before it idle time and the beginning of its trace. `attempts` are
    the earlier attempts of the same call, `fork` the branches that begin after it.
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
    before: Markup
    body: Markup
    after: Markup
    chip: Markup
    note: Markup
    marks: Markup
    is_error: bool
    is_running: bool
    # That it has no end, where its log says so.
    unfinished: str
    is_rewritten: bool
    attempts: AttemptsView | None
    fork: ForkView | None


def nothing_said(index: int) -> Markup:
    """What rules say of a request where nobody asked them."""
    return NOTHING


@dataclass(slots=True)
class RequestWriter:
    """Makes the views of requests. `start` is the session's first start, `costs` has the cost so far at each request.

    `contradicted`: which requests were reported again with other content.
    """

    sources: Sources
    start: datetime
    costs: Sequence[Decimal | None]
    layout: Layout | None = None
    contradicted: Mapping[uuid.UUID, Contradicted] = field(default_factory=dict)
    pairs: Pairs = field(default_factory=Pairs)
    # What rules say of a request, by its index.
    note: Callable[[int], Markup] = nothing_said

    def view(self, index: int, beside: BesideWriter | None = None) -> RequestView:
        window, addresses = self.sources.window, self.sources.addresses
        line, added = window.lines[index], window.added[index]
        marks = Marks(window, addresses)
        is_folded = self._is_folded(index)
        resent = added.count - window.printed(index).count
        fork = window.structure.forks.get(index)
        return RequestView(
            id=line.id,
            number=index + 1,
            url=addresses.request(line.id),
            line=line,
            offset=offset(line, self.start),
            duration=lasted(line),
            first_token=first_token(line),
            tokens_in=tokens(line.input_tokens) if line.input_tokens is not None else "",
            tokens_out=tokens(line.output_tokens) if line.output_tokens is not None else "",
            tokens_title=tokens_title(line),
            cached=f"{share(line.cached_tokens, line.input_tokens)} cached" if line.cached_tokens else "",
            cost=cost(line.cost),
            cost_so_far=cost(self.costs[index]) if self.costs[index] is not None else "",
            history="same input" if is_folded else sent_words(line, added.count, resent),
            resent_count=resent,
            before=beside.before(index) if beside else NOTHING,
            body=self._body(index),
            after=beside.after(index) if beside else NOTHING,
            chip=NOTHING if is_folded else marks.chip(index),
            note=self.note(index),
            marks=NOTHING if is_folded else marks.html(index),
            is_error=line.status == ERROR,
            is_running=line.is_running,
            unfinished=unfinished(line),
            is_rewritten=bool(added.changes),
            attempts=self._attempts(index),
            fork=fork_view(window.structure, fork, addresses) if fork else None,
        )

    # --- what it sent and what came back ------------------------------------------------------------------------------

    def _body(self, index: int) -> Markup:
        window = self.sources.window
        line, detail = window.lines[index], window.details[index]
        url = self.sources.addresses.request(line.id)
        writer = MessageWriter(url, self.pairs, detail.end_user)
        pieces = list(self._notes(line, url))
        with bounds.share(PART_OF_REQUEST):
            pieces.append(self._sent(index, writer))
        with bounds.share(PART_OF_REQUEST):
            answers = AnswerWriter(
                self.sources, reports=self._reports_of(line), is_contradicted=line.id in self.contradicted
            )
            pieces.append(answers.answer(index, writer))
            pieces.append(self._reports(line))
        return joined(pieces)

    def _notes(self, line: RequestLine, url: str) -> Iterator[Markup]:
        """What is wrong with a log, before its messages."""
        if line.time_problems:
            yield row("", reference("clock", f"The sender’s clock is off: {'; '.join(line.time_problems)}"))
        if line.problems:
            yield row("", problems_note(line.problems))
        yield contradicted_note.note(self.contradicted.get(line.id), url)

    def _sent(self, index: int, writer: MessageWriter) -> Markup:
        """What a request sent; of a call that is described in one line it is folded."""
        inputs = InputWriter(self.sources)
        inputs.note_change(index, writer)
        html = inputs.added(index, writer)
        line, detail = self.sources.window.lines[index], self.sources.window.details[index]
        if line.is_conversation and not detail.input_parts and not self._is_folded(index):
            if apart := told_apart("request", self._reports_of(line), self.sources.addresses):
                return joined((html, apart))
            documents = documents_of_call(self.sources.window, index)
            return joined((html, row("", CallBody("request", documents, writer.base_url).instead())))
        if not html or not other_bodies.folds_inputs(line):
            return html
        title = counted(self.sources.window.added[index].count, "input")
        return row("input", fold(title, component("other_bodies", "folded")(html), peek=line.input_preview))

    def _reports(self, line: RequestLine) -> Markup:
        """The other spans that report the same call."""
        reports = self._reports_of(line)
        return row("", reports_fold(reports, self.sources.addresses)) if reports else NOTHING

    def _reports_of(self, line: RequestLine) -> Sequence[Report]:
        return self.layout.traces.reports.get(line.id, ()) if self.layout else ()

    # --- attempts -----------------------------------------------------------------------------------------------------

    def _is_folded(self, index: int) -> bool:
        """Whether it is an earlier attempt, which is shown with the last one of its call."""
        window = self.sources.window
        return index in window.folded.get(window.structure.attempts_of(index)[-1], ())

    def _attempts(self, index: int) -> AttemptsView | None:
        """The earlier attempts of a call; None for those themselves, and for a call that had only one attempt."""
        window = self.sources.window
        chain = window.structure.attempts_of(index)
        if len(chain) == 1 or index != chain[-1]:
            return None
        total = max(len(chain), counted_attempts(window, index))
        words = attempt_words([window.lines[attempt] for attempt in chain], total)
        folded = window.folded.get(index, ())
        items = []
        for attempt in bounds.affordable(folded, least=0):
            items.append(self.view(attempt))
            bounds.current().spend(HEAD)
        note = joined(self._attempts_elsewhere(chain, total, len(folded) - len(items)), "; ")
        return AttemptsView(words, note, items)

    def _attempts_elsewhere(self, chain: Sequence[int], total: int, left: int) -> Iterator[Markup]:
        """Which attempts of a call are not shown with it. `left`: how many the budget did not last for."""
        window, addresses = self.sources.window, self.sources.addresses
        folded = window.folded.get(chain[-1], ())
        missing = total - len(chain)
        if missing:
            verb = "was" if missing == 1 else "were"
            yield sentence("{} {} not logged by LiteLLM", counted(missing, "more attempt"), verb)
        elsewhere = [attempt + 1 for attempt in chain[:-1] if attempt not in set(folded)]
        if elsewhere:
            named = elsewhere[-MOST_NAMED:]
            more = [f"{exact(len(elsewhere) - len(named))} more"] if len(elsewhere) > len(named) else []
            links = [request_link(addresses.in_session(number), number) for number in named]
            yield sentence("before it {}", listed([*more, *links]))
        if left:
            url = addresses.request(window.lines[folded[-left]].id)
            yield sentence("{} not on this page: {}", exact(left), link(url, "the first"))
