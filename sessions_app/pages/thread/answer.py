"""What came back: the answer of a request, why it ends early, why it failed."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from markupsafe import Markup

from sessions_app import bounds
from sessions_app.pages.html.components import NOTHING, component, joined, sentence
from sessions_app.pages.html.finding import part
from sessions_app.pages.html.formats import exact
from sessions_app.pages.html.messages import MessageWriter
from sessions_app.pages.html.pieces import more, reference, row
from sessions_app.pages.thread import other_bodies
from sessions_app.pages.thread.absence import CallBody
from sessions_app.pages.thread.reports import told_apart
from sessions_app.pages.thread.sent import unread
from sessions_app.pages.thread.sources import Sources, number_of
from sessions_app.pages.thread.wording import counted, ends_early, is_choice
from sessions_app.queries.session import RequestDetail, RequestLine
from sessions_app.queries.traces import Report
from sessions_app.queries.window import MOST_OUTPUTS, documents_of_call
from sessions_app.records import ERROR, RUNNING, Documents, StreamNote
from sessions_app.wire.fields import ERROR_CHARS
from sessions_app.wire.response_facts import finish_reasons

# How so many choices ended is told.
MOST_ENDINGS = 20


@dataclass(slots=True)
class AnswerWriter:
    """Writes what came back for requests of a window. Messages are written by the `writer` of their request.

    With the `documents` of a single request, what of its response is in no message is written, too. `reports`: other
    reports of the call. `is_contradicted`: the request was reported again with other content, perhaps with its end.
    """

    sources: Sources
    documents: Documents | None = None
    reports: Sequence[Report] = ()
    is_contradicted: bool = False

    def answer(self, index: int, writer: MessageWriter) -> Markup:
        """The answer, why it ends early, the error."""
        window = self.sources.window
        line, detail = window.lines[index], window.details[index]
        summary, described = other_bodies.summary(line, window, index, writer.base_url)
        pieces = [summary, self._items(index, writer, described)]
        if line.status == RUNNING:
            pieces.append(self._unfinished(line, any(pieces)))
        elif not any(pieces) and line.status != ERROR:
            pieces.append(self._instead(index, writer))
        if line.stream:
            pieces.append(_stream_note(line.stream))
        if early := ends_early(line.finish_reason):
            reason = component("thread", "finish_reason")(line.finish_reason)
            pieces.append(row("", reference("info", sentence("{}: {}", early, reason))))
        pieces += self._other_endings(index)
        if line.status == ERROR:
            pieces.append(error_card(line, detail, writer.base_url))
        return joined([*pieces, self._rest(index, writer)])

    def _instead(self, index: int, writer: MessageWriter) -> Markup:
        """What is said in the place of an answer."""
        if apart := told_apart("response", self.reports, self.sources.addresses):
            return apart
        documents = self.documents or documents_of_call(self.sources.window, index, only_response=True)
        return row("", CallBody("response", documents, writer.base_url).instead())

    def _unfinished(self, line: RequestLine, has_begun: bool) -> Markup:
        """That there is no end: there may be one to come, or nobody may report it any more."""
        if apart := told_apart("response", self.reports, self.sources.addresses):
            return apart
        if self.is_contradicted:
            return row(
                "", reference("info", "The log says that it began. What was reported again is not taken for its end")
            )
        if not line.is_running:
            return row("", reference("info", "The log says that it began. No end is known"))
        words = "This is what has come until now" if has_begun else "The answer is not there yet"
        return row("", reference("clock", f"Running. {words}"))

    def _other_endings(self, index: int) -> Iterator[Markup]:
        """How other choices ended than the first one, of which the request's facts tell."""
        window = self.sources.window
        line, documents = window.lines[index], self.documents
        if documents is None and window.output_count(index) > 1 and "response" not in line.call_type:
            documents = documents_of_call(window, index, only_response=True)
        response = documents.response if documents else None
        for number, reason in finish_reasons(response)[: bounds.at_most(MOST_ENDINGS)] if response else ():
            if number > 1 and reason != line.finish_reason:
                ended = component("thread", "finish_reason")(reason)
                yield row("", reference("info", sentence("Choice {}: {}", exact(number), ended)))

    def _rest(self, index: int, writer: MessageWriter) -> Markup:
        line, detail = self.sources.window.lines[index], self.sources.window.details[index]
        sources = self.sources.outputs(index)
        if self.documents is None or not line.is_conversation or line.stream:
            return NOTHING
        if not sources and line.status != ERROR:
            return NOTHING
        if len(sources) < self.sources.window.output_count(index):
            return NOTHING
        said = [block for source in sources for block in source.said]
        also = (line.error_type, detail.error_message, line.finish_reason, str(line.http_status or ""))
        rest = CallBody("response", self.documents, writer.base_url).beside(said, *also)
        return row("", rest) if rest else NOTHING

    def _items(self, index: int, writer: MessageWriter, described: set[bytes]) -> Markup:
        """The items of the answer as far as they were read and the budget lasts, then a button for the others."""
        window = self.sources.window
        first, count = self.sources.first_of_answer(index), window.output_count(index)
        sources = [source for source in self.sources.outputs(index) if source.digest not in described]
        known = described | {source.digest for source in sources}
        if window.lines[index].status == ERROR:
            # What a client makes of a call that failed is no answer, not an empty one.
            sources = [source for source in sources if source.said]
        missing = [digest for digest in window.outputs(index, first) if digest not in known]
        pieces = [unread(window.parts.get(digest), digest, writer.base_url, "assistant") for digest in missing]
        if sources:
            said = [source.message for source in sources if not source.is_provenance]
            pieces.append(writer.output(sources, alternatives=is_choice(window.lines[index], said)))
        following = first + bounds.at_most(MOST_OUTPUTS)
        if sources and writer.left_out:
            following = number_of(writer.left_out[0])
        if following < count:
            pieces.append(_more_items(writer.base_url, following, count))
        return joined(pieces)


def _stream_note(stream: StreamNote) -> Markup:
    """That the answer was put together, and whether all of it was received."""
    events = counted(stream.events, "event")
    if stream.is_broken_off:
        words = f"The stream broke off after {events}: its end was not logged, and this is what came until then"
        return row("", reference("alert", words))
    return row("", reference("info", f"Put together from the {events} of a stream"))


def error_card(line: RequestLine, detail: RequestDetail, base_url: str) -> Markup:
    """Why a request failed."""
    card = component("thread", "error_card")(
        error_type=line.error_type or ("" if line.http_status else "error"),
        http_status=line.http_status,
        provider=detail.provider,
        message=detail.error_message,
        url=base_url,
        kept=ERROR_CHARS if len(detail.error_message) >= ERROR_CHARS else 0,
    )
    return part(b"") + row("error", card)


def _more_items(base_url: str, start: int, count: int) -> Markup:
    """A link to the items of an answer from `start` on (from 0), of `count`."""
    words = f"Show {counted(count - start, 'more item')} of the answer"
    return row("", more(words, f"{base_url}?output={start + 1}#output"))
