"""A session as Markdown, to be read or pasted: what each request added, never the history that was sent again."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from django.utils import timezone

from sessions_app.exports.fences import fenced, span
from sessions_app.exports.markdown_blocks import message, names_in_line, text
from sessions_app.exports.notes import error_note, notes_on
from sessions_app.exports.session import ExportedSession
from sessions_app.exports.story import view_of_export, whole_pieces, windows
from sessions_app.pages.html.formats import clock, cost, duration, exact, extent, session_title, share, stamp, tokens
from sessions_app.pages.html.json_text import indented
from sessions_app.pages.html.source import Source
from sessions_app.pages.html.tool_definitions import names_of
from sessions_app.pages.html.tool_pairs import Pairs
from sessions_app.pages.session.head import head_of
from sessions_app.pages.session.view import View
from sessions_app.pages.thread.layout import AFTER, BEFORE
from sessions_app.pages.thread.sent import InputWriter
from sessions_app.pages.thread.single_answers import told
from sessions_app.pages.thread.sources import INPUT, MessagePlace, Sources
from sessions_app.pages.thread.steps import StepWriter, kind_words, name_of
from sessions_app.pages.thread.wording import counted, is_choice, messages_changed, offset, tokens_title
from sessions_app.queries.contradictions import contradicted
from sessions_app.queries.derived import start_of
from sessions_app.queries.session import RequestLine
from sessions_app.queries.window import Window, documents_of_call
from sessions_app.records import ERROR
from sessions_app.structure import timeline

# No sign of it means anything in Markdown, and it is no address.
_PLAIN = re.compile(r"[A-Za-z0-9 ,;()–’'-]+")
_ELSEWHERE = "in the JSON export"
_GONE = "(This is not stored any more.)\n\n"


def markdown_pieces(exported: ExportedSession) -> Iterator[bytes]:
    """A piece for the head, then some for each request."""
    return (piece.encode() for piece in whole_pieces(exported, _pieces(exported)))


def _pieces(exported: ExportedSession) -> Iterator[str]:
    shown = view_of_export(exported)
    if shown is None:
        yield "This session is not there any more.\n"
        return
    yield "".join(_head(shown, exported))
    for window in windows(shown):
        yield from _Story(shown, window).pieces()


def _head(shown: View, exported: ExportedSession) -> Iterator[str]:
    head, facts = head_of(shown), shown.session
    yield f"# {span(session_title(facts))}\n\n"
    yield f"- Session: {span(facts.session_key) if facts.session_key else 'formed by logsui'}, {facts.id}\n"
    yield f"- Project: {span(exported.project.slug)}\n"
    yield f"- From {stamp(facts.first_at)} to {stamp(facts.last_at)}\n"
    yield f"- {counted(facts.request_count, 'request')}, {exact(facts.error_count)} failed"
    yield f", {counted(facts.step_count, 'step')}\n" if facts.step_count else "\n"
    if head.tool_failures:
        yield f"- {head.tool_failures}\n"
    yield f"- Wall {extent(head.wall)}, in models {extent(head.busy)}\n"
    cached = share(facts.cached_tokens, facts.input_tokens)
    yield f"- Tokens: {tokens(facts.input_tokens)} in, {cached} of them cached, {tokens(facts.output_tokens)} out\n"
    unpriced = f", without {counted(head.unpriced, 'request')} of which no cost is known" if head.unpriced else ""
    yield f"- Cost: {cost(facts.cost) if facts.cost is not None else 'unknown'}{unpriced}\n"
    for name, values in (("Models", facts.models), ("Users", facts.users), ("Tags", facts.tags)):
        yield f"- {name}: {names_in_line(values)}\n" if values else ""
    yield f"- Grouped by: {', '.join(facts.rules)}\n" if facts.rules else ""
    yield f"- Page: {shown.addresses.session}\n\n"
    yield f"Exported by logsui on {stamp(timezone.now())}. Each request has what it added. The JSON export also has "
    yield "what clients sent again, the definitions of tools, and the data of images and files.\n"


@dataclass(slots=True)
class _Story:
    """The requests of a window, in order."""

    shown: View
    window: Window

    def pieces(self) -> Iterator[str]:
        sources = Sources(self.window, self.shown.addresses)
        pairs, executed = sources.pairs_and_executions(self.shown.whole)
        steps = StepWriter(self.window, self.shown.addresses, self.shown.whole.traces.nesting, executed.causes)
        requests = [self.window.lines[index].id for index in self.window.shown]
        marked = contradicted(self.shown.session.id, requests) if self.shown.session.is_contradicted else {}
        if not self.window.shown:
            yield from self._steps(AFTER, -1, steps)
        for index in self.window.unfolded:
            yield from self._steps(BEFORE, index, steps)
            line = self.window.lines[index]
            copies = marked.get(line.id)
            beside = [f"reported {counted(copies.count, 'time')} again with other content"] if copies else []
            yield "".join([*self._request_head(index, beside), *self._attempts(index)])
            yield from self._sent(index, sources, pairs)
            yield from self._answer(index, sources, pairs)
            yield from self._steps(AFTER, index, steps)

    # --- the head of a request ---

    def _request_head(self, index: int, beside: list[str]) -> Iterator[str]:
        line, added = self.window.lines[index], self.window.added[index]
        yield f"\n## {_request_title(line, index, self.shown)}\n\n"
        parent = self.window.structure.parents[index]
        notes = [f"continues request {exact(parent.index + 1)}"] if parent and parent.index != index - 1 else []
        branch = self.window.structure.branch_of[index]
        notes += [f"branch {self.window.structure.letters[branch]}"] if branch in self.window.structure.letters else []
        resent = added.count - self.window.printed(index).count
        notes += [f"{counted(resent)} sent again"] if resent else []
        notes += [f"in the history {messages_changed(change)}" for change in added.changes]
        notes += [] if added.is_compared else ["its history was too long to compare"]
        notes += [*notes_on(line), *beside]
        yield "".join(f"- {_said_by_us(note)}\n" for note in notes) + ("\n" if notes else "")

    def _attempts(self, index: int) -> Iterator[str]:
        """The earlier attempts of a call sent the same."""
        for attempt in self.window.folded.get(index, ()):
            line = self.window.lines[attempt]
            yield f"Attempt before: {_request_title(line, attempt, self.shown)}\n\n"
            if line.status == ERROR:
                yield from _error(line, self.window.details[attempt].error_message)

    # --- what it sent, and what came back ---

    def _sent(self, index: int, sources: Sources, pairs: Pairs) -> Iterator[str]:
        detail, inputs = self.window.details[index], InputWriter(sources)
        title, systems = inputs.new_systems(index)
        yield f"**{title}**\n\n" if title else ""
        for digest in systems:
            source = sources.source(digest, "system")
            yield text(source.text) if source else _GONE
        if names := [name for digest in inputs.new_tools(index) for name in names_of(self.window.parts[digest])]:
            yield f"Tools, defined {_ELSEWHERE}: {names_in_line(names)}\n\n"
        positions = self.window.printed(index)
        for position, digest in self.window.inputs(index, positions):
            source = sources.source(digest, "user", MessagePlace(index, INPUT, position))
            yield from message(source, pairs, detail.end_user) if source else iter([_GONE])
        if not detail.input_parts and (documents := documents_of_call(self.window, index)) and documents.request:
            yield _document("Request", documents.request)

    def _answer(self, index: int, sources: Sources, pairs: Pairs) -> Iterator[str]:
        line, detail = self.window.lines[index], self.window.details[index]
        found = sources.outputs(index)
        said = [source for source in found if source.said]
        alternatives = is_choice(line, [source.message for source in said if not source.is_provenance])
        for number, source in enumerate(said if line.status == ERROR else found, 1):
            words = self._told(line, source)
            yield words if words else "".join(message(source, pairs, choice=number if alternatives else 0))
        if line.status == ERROR:
            yield from _error(line, detail.error_message)
        elif not found:
            documents = documents_of_call(self.window, index)
            empty = "No answer was logged.\n\n"
            yield _document("Response", documents.response) if documents and documents.response else empty

    def _told(self, line: RequestLine, source: Source) -> str:
        """An answer that is no conversation, such as vectors, in words."""
        part = self.window.parts.get(source.digest)
        if line.is_conversation or part is None or part.content is None or (found := told(part.content)) is None:
            return ""
        lines = "".join(f"- {span(one)}\n" for one in found.lines)
        return f"Answer: {span(found.words)}, whole {_ELSEWHERE}.\n\n" + (f"{lines}\n" if lines else "")

    # --- steps ---

    def _steps(self, side: str, index: int, steps: StepWriter) -> Iterator[str]:
        for line in self.shown.whole.beside(side, index):
            yield f"\n### Step: {kind_words(line)} {span(name_of(line))} · {clock(line.started_at)}"
            yield f" · {duration(timeline.duration(line))}" + (" · failed" if line.status == ERROR else "") + "\n\n"
            detail = self.window.steps.get(line.id)
            if line.status == ERROR and detail is not None:
                yield from _error(line, detail.error_message)
            for words, is_result in (("Given", False), ("Returned", True)):
                for value in steps.work_values(line, is_result):
                    yield f"{words}:\n\n" + (fenced(value.text, "json") + "\n" if value.is_json else text(value.text))
            for source in steps.unsaid(line):
                yield from message(source, Pairs())


def _request_title(line: RequestLine, index: int, shown: View) -> str:
    start = start_of(shown.lines.requests) or shown.session.first_at
    facts = [exact(index + 1), span(line.model or "unknown model"), clock(line.started_at), offset(line, start)]
    facts += [duration(timeline.duration(line)), tokens_title(line), cost(line.cost)]
    facts += ["failed" + (f" ({line.http_status})" if line.http_status else "")] if line.status == ERROR else []
    has_no_price = line.cost is None and (line.input_tokens or line.output_tokens)
    facts += ["cost unknown"] if has_no_price else []
    return " · ".join(fact for fact in facts if fact and fact != "–")


def _error(line: RequestLine, error_message: str) -> Iterator[str]:
    facts = ["**Error**", *([str(line.http_status)] if line.http_status else [])]
    yield " ".join([*facts, *([span(line.error_type)] if line.error_type else [])]) + "\n\n"
    if error_message:
        yield fenced(error_message) + "\n"
    if note := error_note(error_message):
        yield f"{note}.\n\n"


def _document(title: str, content: bytes) -> str:
    return f"{title}, as it came:\n\n" + fenced(indented(content.decode("utf-8", "replace")), "json") + "\n"


def _said_by_us(note: str) -> str:
    """A note may name what a stranger wrote."""
    return note if _PLAIN.fullmatch(note) else span(note, 1_000)
