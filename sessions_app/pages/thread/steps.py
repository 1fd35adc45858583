"""Steps: the spans around the calls of models, each as one line that opens."""

from __future__ import annotations

import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

from markupsafe import Markup

from sessions_app import bounds
from sessions_app.content.packed_digests import packed_count
from sessions_app.pages.html.components import NOTHING, component, joined, sentence
from sessions_app.pages.html.formats import duration, exact
from sessions_app.pages.html.messages import FoundCall, MessageWriter, Pairs, Source, first_line
from sessions_app.pages.html.pieces import code_box, link, reference, request_link, row
from sessions_app.pages.html.source import source_of
from sessions_app.pages.html.terminal import terminal
from sessions_app.pages.html.tools.kinds import Asked, asked
from sessions_app.pages.thread.addresses import Addresses
from sessions_app.pages.thread.pairing import Pairing
from sessions_app.pages.thread.reports import reports_fold
from sessions_app.pages.thread.step_values import Value, arguments_of, documents_found, returned_in_line, value_of
from sessions_app.pages.thread.wording import counted
from sessions_app.queries.session import RequestLine
from sessions_app.queries.thread import MESSAGES_OF_STEP
from sessions_app.queries.traces import Report
from sessions_app.queries.window import Window
from sessions_app.records import ERROR
from sessions_app.structure import timeline
from sessions_app.structure.nesting import WORK, Nesting

# The icons of kinds of steps.
KINDS = {"agent": "agent", "chain": "chain", "tool": "tool", "retrieval": "search", "guardrail": "guard"}
# A step that is nested more deeply is drawn at this level.
MOST_LEVELS = 5
NAME_CHARS = 120
ERROR_CHARS = 200
# At most this many values that a step was given, and that it returned, are shown.
MOST_VALUES = 100


def name_of(line: RequestLine) -> str:
    """The name of a step, or its kind if it has none."""
    return (line.tool_name or line.name or line.kind)[:NAME_CHARS]


def anchor(step_id: uuid.UUID) -> str:
    return f"s-{step_id}"


def kind_words(line: RequestLine) -> str:
    """What a step is: "agent", "tool", or a second report of a call. What an agent logs is an event."""
    if line.duplicate_of is not None:
        return "second report"
    is_event = line.kind == "chain" and "." in line.call_type and line.name.startswith(line.call_type)
    return "event" if is_event else line.kind


@dataclass(slots=True)
class StepWriter:
    """Writes steps. By the id of a step, `causes` has the tool call that started it, `reports` other reports of it."""

    window: Window
    addresses: Addresses
    nesting: Nesting[RequestLine] | None = None
    causes: Mapping[uuid.UUID, FoundCall] = field(default_factory=dict)
    reports: Mapping[uuid.UUID, Sequence[Report]] = field(default_factory=dict)
    _values: dict[tuple[bytes, bool, bool], Value] = field(default_factory=dict)

    def html(self, line: RequestLine) -> Markup:
        """A step as one line that opens."""
        return component("trace", "step")(
            anchor=anchor(line.id),
            line=line,
            state="error" if line.status == ERROR else "ok",
            depth=min(self.nesting.depth(line), MOST_LEVELS) if self.nesting else 0,
            icon_name=KINDS.get(line.kind, "info"),
            kind=kind_words(line),
            name=name_of(line),
            summary=self._summary(line),
            cause=self._cause(line),
            length=duration(timeline.duration(line)),
            content=self.body(line),
        )

    def _summary(self, line: RequestLine) -> Markup:
        """What a step was about, in a few words: its error, or what it was given and returned."""
        if line.status == ERROR:
            words = first_line(self._error(line))[:ERROR_CHARS] or "failed"
            # An agent fails because of something inside it, which has the whole message.
            words = words if line.kind in WORK else line.error_type or words
            return component("trace", "step_error")(words)
        if line.kind not in WORK or self._is_with_its_call(line):
            return NOTHING
        given, returned = self.values(line, False), self.values(line, True)
        arguments = arguments_of(given[0] if given else None)
        result = returned_in_line(returned)
        if line.kind == "retrieval":
            result = documents_found(returned)
        return component("trace", "step_values")(arguments, result)

    def _is_with_its_call(self, line: RequestLine) -> bool:
        """Whether what a tool was given and returned is on this page already, with the call that started it."""
        cause = self.causes.get(line.id)
        return cause is not None and cause.number is not None and cause.number - 1 in self.window.shown

    def _cause(self, line: RequestLine) -> str:
        """The request whose tool call started a step. No link: it stands in what opens the step, which has one."""
        cause = self.causes.get(line.id)
        return "" if cause is None or cause.number is None else f"request {exact(cause.number)}"

    def body(self, line: RequestLine) -> Markup:
        """What a step shows when it is opened."""
        detail = self.window.steps.get(line.id)
        if detail is None:
            return _not_stored()
        pieces = [problems_note(line.problems), self.error_html(line)]
        if line.kind in WORK and not self._is_with_its_call(line):
            pieces += [self.given_html(line), self.returned_html(line)]
        elif bounds.is_whole():
            pieces.append(self._writer(line).thread(self.unsaid(line)))
        elif packed_count(detail.input_parts) or packed_count(detail.output_parts):
            pieces.append(component("trace", "show_messages")(self.addresses.request(line.id)))
        if reports := self.reports.get(line.id):
            pieces.append(reports_fold(reports, self.addresses))
        return joined([*pieces, self._open(line)])

    def error_html(self, line: RequestLine) -> Markup:
        """Why a step failed, in full."""
        words = self._error(line)
        return code_box(terminal(words), "e") if words else NOTHING

    def _error(self, line: RequestLine) -> str:
        """Type and message of an error. Many messages begin with the type."""
        detail = self.window.steps.get(line.id)
        message = detail.error_message if detail else ""
        return message if message.startswith(line.error_type) else f"{line.error_type}: {message}".rstrip(": ")

    # --- tools and other steps of work: values ------------------------------------------------------------------------

    def given_html(self, line: RequestLine) -> Markup:
        """What a tool, or another step of work, was given."""
        return self._boxes(line, False)

    def returned_html(self, line: RequestLine) -> Markup:
        """What a tool, or another step of work, returned."""
        return self._boxes(line, True)

    def _boxes(self, line: RequestLine, is_result: bool) -> Markup:
        url = self.addresses.request(line.id)
        call = self._call(line)
        found = bounds.write(self.values(line, is_result), lambda value: value.html(url, call, is_result))
        unread = packed_count(self._packed(line, is_result)) - bounds.at_most(MOST_VALUES)
        return joined([*found.pieces, _left_out(found.left + max(unread, 0), url)])

    def _call(self, line: RequestLine) -> Asked | None:
        """What the tool of a step was asked for; None for other steps, and where it was given several values."""
        given = self.values(line, False) if line.kind == "tool" else []
        return asked(line.tool_name or line.name, given[0].text) if len(given) == 1 else None

    def values(self, line: RequestLine, is_result: bool) -> list[Value]:
        """What a step was given, or returned, as far as it was read."""
        digests = self.window.lists.digests(self._packed(line, is_result), 0, bounds.at_most(MOST_VALUES))
        is_retrieval = line.kind == "retrieval"
        return [self._value(digest, is_result, is_retrieval) for digest in digests if digest in self.window.parts]

    def work_values(self, line: RequestLine, is_result: bool) -> list[Value]:
        """What a step of work was given or returned, unless it is with the call that started it."""
        return [] if line.kind not in WORK or self._is_with_its_call(line) else self.values(line, is_result)

    def _packed(self, line: RequestLine, is_result: bool) -> bytes:
        """The packed list of what a step was given, or returned; empty when the step is not stored any more."""
        detail = self.window.steps.get(line.id)
        return b"" if detail is None else detail.output_parts if is_result else detail.input_parts

    def _value(self, digest: bytes, is_result: bool, is_retrieval: bool) -> Value:
        key = (digest, is_result, is_retrieval)
        if key not in self._values:
            self._values[key] = value_of(self.window.parts[digest], is_result, is_retrieval)
        return self._values[key]

    # --- agents and chains: messages ----------------------------------------------------------------------------------

    def opened(self, line: RequestLine) -> Markup:
        """What an agent or chain shows when its messages are asked for. Most of them are with its calls, too."""
        if line.id not in self.window.steps:
            return _not_stored()
        messages = (self.input_html(line), self.output_html(line))
        return joined((problems_note(line.problems), self.error_html(line), *messages, self._open(line)))

    def _open(self, line: RequestLine) -> Markup:
        page = link(self.addresses.request(line.id), "Open this step")
        cause = self.causes.get(line.id)
        if cause is None or cause.number is None:
            return reference("external", page)
        return reference("external", page + sentence(", called by {}", request_link(cause.href or "", cause.number)))

    def input_html(self, line: RequestLine) -> Markup:
        """The messages that an agent or chain was given."""
        sources, left_out = self._sources(self.window.steps[line.id].input_parts, "user")
        pairing = Pairing()
        pairing.within(sources)
        writer = self._writer(line, pairing.pairs())
        html = writer.thread(sources)
        return html + _left_out(left_out + len(writer.left_out), writer.base_url)

    def output_html(self, line: RequestLine) -> Markup:
        """The messages that an agent or chain returned."""
        sources, left_out = self._sources(self.window.steps[line.id].output_parts, "assistant")
        writer = self._writer(line)
        html = writer.output(sources) if sources else NOTHING
        return html + _left_out(left_out + len(writer.left_out), writer.base_url)

    def unsaid(self, line: RequestLine) -> list[Source]:
        """The messages of an agent or chain that are in none of the calls that it contains. Each is said once."""
        detail = self.window.steps.get(line.id)
        if detail is None or line.kind in WORK:
            return []
        sources = [*self._sources(detail.input_parts, "user")[0], *self._sources(detail.output_parts, "assistant")[0]]
        new = {hash(source.text): source for source in sources if source.said}
        found = [source for said, source in new.items() if said not in self.window.texts_said]
        self.window.texts_said.update(new)
        return found

    def _writer(self, line: RequestLine, pairs: Pairs | None = None) -> MessageWriter:
        return MessageWriter(self.addresses.request(line.id), pairs)

    def _sources(self, packed: bytes, role: str) -> tuple[list[Source], int]:
        """The messages in a packed list, and how many of them are not shown."""
        digests = self.window.lists.digests(packed, 0, bounds.at_most(MESSAGES_OF_STEP))
        parts = [self.window.parts[digest] for digest in digests if digest in self.window.parts]
        known = [part for part in parts if part.content is not None][: bounds.at_most(MESSAGES_OF_STEP)]
        read = (source_of(part.content or b"", role, part.digest) for part in known)
        found = [replace(source, place=(role, n)) for n, source in enumerate(read)]
        return found, packed_count(packed) - len(found)


def _left_out(count: int, url: str) -> Markup:
    if not count:
        return NOTHING
    return row(
        "", reference("info", sentence("{} more {}", counted(count), link(f"{url}?raw=log#raw", "in the raw JSON")))
    )


def _not_stored() -> Markup:
    return reference("alert", "This step is not stored any more")


def problems_note(problems: Sequence[str]) -> Markup:
    """What of a span or a log was not read."""
    if not problems:
        return NOTHING
    return reference("alert", f"Not everything was read: {'; '.join(problems)}")
