"""Steps as HTML: the spans around the calls of models, one line each that opens. In Python, as messages are."""

from __future__ import annotations

import json
import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from sessions_app import bounds
from sessions_app.content.messages import read_message
from sessions_app.content.packed_digests import packed_count
from sessions_app.pages.html.excerpts import RESULT_LINES, excerpt
from sessions_app.pages.html.json_text import beginning, drawn, indented, is_json
from sessions_app.pages.html.messages import (
    STATES,
    FoundCall,
    MessageWriter,
    Pairs,
    Source,
    code_box,
    first_line,
    icon,
    more,
    reference,
    row,
    summary_of_arguments,
    with_seams,
)
from sessions_app.pages.html.plain_text import isolated, shown, terminal
from sessions_app.pages.thread.addresses import Addresses
from sessions_app.pages.thread.pairing import Pairing
from sessions_app.pages.thread.wording import counted
from sessions_app.queries.content import StoredPart
from sessions_app.queries.session import RequestLine
from sessions_app.queries.thread import MESSAGES_OF_STEP, Window
from sessions_app.records import ERROR
from sessions_app.structure import timeline
from sessions_app.structure.nesting import WORK, Nesting
from sessions_app.templatetags.format import duration, exact

KINDS = {"agent": "agent", "chain": "chain", "tool": "tool", "retrieval": "search", "guardrail": "guard"}
# What is nested deeper is drawn at this level.
MOST_LEVELS = 5
NAME_CHARS = 120
ERROR_CHARS = 200
# A value that is only described is read up to this size, and indented whole up to that one.
_READ_BYTES = 400_000
_INDENTED_CHARS = 20_000
# Of what a step was given, or returned, so many values are shown.
MOST_VALUES = 100


def icon_of(line: RequestLine) -> str:
    return icon(KINDS.get(line.kind, "info"))


def name_of(line: RequestLine) -> str:
    """What a step calls itself."""
    return (line.tool_name or line.name or line.kind)[:NAME_CHARS]


def anchor(step_id: uuid.UUID) -> str:
    return f"s-{step_id}"


# --- values that are no messages ------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Value:
    """What a step was given or returned: as a text, where it says no more than one, else as indented JSON."""

    part: StoredPart
    text: str
    is_json: bool

    def html(self, base_url: str) -> str:
        """A box with the value, or its beginning. `base_url` is that of the step."""
        url = f"{base_url}text/{self.part.digest.hex()}/raw/"
        if self.part.content is None:
            return f'<div class="clamp">{more(url, self.part.byte_size)}</div>'
        found = (beginning if self.is_json else excerpt)(self.text, lines=RESULT_LINES)
        html = with_seams(found.shown, lambda piece: code_box(drawn(piece) if self.is_json else terminal(piece)))
        return f'<div class="clamp">{html}{more(url, found.hidden_chars)}</div>' if found.hidden_chars else html


def value_of(part: StoredPart, is_result: bool) -> Value:
    if part.content is None:
        return Value(part, "", False)
    decoded = part.content.decode("utf-8", "replace")
    try:
        value = json.loads(part.content) if len(part.content) <= _READ_BYTES else None
    except (ValueError, RecursionError):
        value = None
    text = value if isinstance(value, str) else plain_result(value) if is_result else None
    if text is None:
        return Value(part, _readable(decoded), True)
    return Value(part, _readable(text), True) if is_json(text) else Value(part, text, False)


def _readable(text: str) -> str:
    """JSON text indented, unless it is so long that only its beginning will be."""
    return indented(text) if len(text) <= _INDENTED_CHARS else text


# Frameworks wrap what a tool returned: as a block of text, as LangChain's ToolMessage, as the one member of an object.
_WRAPPERS = ("text", "content", "result", "output", "response", "return_value")


def plain_result(value: Any) -> str | None:
    """The text that a result consists of; None when it says more, or is nested absurdly."""
    try:
        return _plain(value)
    except RecursionError:
        return None


def _plain(value: Any) -> str | None:
    if isinstance(value, str):
        return value
    if isinstance(value, list) and value:
        texts = [_plain(item) for item in value]
        return "\n".join(text for text in texts if text is not None) if None not in texts else None
    if not isinstance(value, dict):
        return None
    if value.get("type") == "tool":
        return _plain(value.get("data", value.get("content")))
    members = value.keys() - ({"type"} if value.get("type") == "text" else set())
    if len(members) == 1 and (name := next(iter(members))) in _WRAPPERS and isinstance(value[name], str):
        return value[name]
    return None


def arguments_of(value: Value | None) -> str:
    """A tool's arguments in a line. Of a Python function called without positions only the keywords count."""
    if value is None:
        return ""
    if value.is_json and len(value.text) <= 2_000:
        try:
            members = json.loads(value.text)
        except (ValueError, RecursionError):
            members = None
        if isinstance(members, dict) and members.keys() == {"args", "kwargs"} and members["args"] == []:
            return summary_of_arguments(json.dumps(members["kwargs"], ensure_ascii=False))
    return summary_of_arguments(value.text)


# --- one step -------------------------------------------------------------------------------------------------------


@dataclass(slots=True)
class StepWriter:
    """Writes steps. `causes`: by the id of a tool's step, the call that started it."""

    window: Window
    addresses: Addresses
    nesting: Nesting[RequestLine] | None = None
    causes: Mapping[uuid.UUID, FoundCall] = field(default_factory=dict)
    _values: dict[tuple[bytes, bool], Value] = field(default_factory=dict)

    def html(self, line: RequestLine) -> str:
        """A step as one line that opens."""
        state = "error" if line.status == ERROR else "ok"
        length = duration(timeline.duration(line))
        depth = min(self.nesting.depth(line), MOST_LEVELS) if self.nesting else 0
        return (
            f'<details class="trace-step" id="{anchor(line.id)}" data-kind="{shown(line.kind)}" data-state="{state}" '
            f'data-depth="{depth}"><summary>{icon_of(line)}<span class="step-kind">{kind_words(line)}</span>'
            f'<code class="step-name">{isolated(name_of(line))}</code>{self._summary(line)}{self._by(line)}'
            f'{_warning(line)}<span class="step-dur">{length}</span>{STATES[state]}</summary>'
            f'<div class="step-body">{self.body(line)}</div></details>'
        )

    def _summary(self, line: RequestLine) -> str:
        """What it was about, in a few words: the error, or what was given and returned."""
        if line.status == ERROR:
            words = first_line(self._error(line))[:ERROR_CHARS] or "failed"
            # What made an agent fail stands with what failed in it.
            words = words if line.kind in WORK else line.error_type or words
            return f'<span class="step-err">{isolated(words)}</span>'
        if line.kind not in WORK:
            return ""
        given, returned = self.values(line, False), self.values(line, True)
        arguments = arguments_of(given[0] if given else None)
        result = _documents(returned) if line.kind == "retrieval" else first_line(returned[0].text) if returned else ""
        html = f'<span class="step-args">{isolated(arguments)}</span>' if arguments else ""
        return html + (f'<span class="step-res">{isolated(result)}</span>' if result else "")

    def _by(self, line: RequestLine) -> str:
        """The request whose call started it."""
        cause = self.causes.get(line.id)
        if cause is None or cause.number is None:
            return ""
        link = f'<a class="link" href="{shown(cause.href or "")}">request {exact(cause.number)}</a>'
        return f'<span class="step-by"><span>called by </span>{link}</span>'

    def body(self, line: RequestLine) -> str:
        """What stands in the fold."""
        detail = self.window.steps.get(line.id)
        if detail is None:
            return reference("alert", "This step is not stored any more")
        url = self.addresses.request(line.id)
        html = problems_note(line.problems) + self.error_html(line)
        if line.kind in WORK:
            html += self.given_html(line) + self.returned_html(line)
        elif packed_count(detail.input_parts) or packed_count(detail.output_parts):
            html += (
                f'<a class="more-btn" href="{url}" hx-get="{url}step/" hx-target="closest .step-body" '
                'hx-trigger="click, toggle from:closest details once">Show what it was given and returned</a>'
            )
        return html + self._open(line)

    def error_html(self, line: RequestLine) -> str:
        """Why it failed, in full."""
        words = self._error(line)
        return code_box(terminal(words), "e") if words else ""

    def _error(self, line: RequestLine) -> str:
        """Type and message; many messages begin with their type."""
        detail = self.window.steps.get(line.id)
        message = detail.error_message if detail else ""
        return message if message.startswith(line.error_type) else f"{line.error_type}: {message}".rstrip(": ")

    def given_html(self, line: RequestLine) -> str:
        """What a tool or another step of work was given."""
        return self._boxes(line, False)

    def returned_html(self, line: RequestLine) -> str:
        return self._boxes(line, True)

    def _boxes(self, line: RequestLine, is_result: bool) -> str:
        url, values = self.addresses.request(line.id), self.values(line, is_result)
        found = bounds.write(values, lambda value: value.html(url))
        detail = self.window.steps.get(line.id)
        packed = b"" if detail is None else detail.output_parts if is_result else detail.input_parts
        left = found.left + max(packed_count(packed) - MOST_VALUES, 0) if packed else found.left
        return found.html + (_left_out(left, url) if left else "")

    def values(self, line: RequestLine, is_result: bool) -> list[Value]:
        """What it was given, or returned, as far as it was read."""
        detail = self.window.steps.get(line.id)
        if detail is None:
            return []
        packed = detail.output_parts if is_result else detail.input_parts
        digests = self.window.lists.digests(packed, 0, MOST_VALUES)
        return [self._value(digest, is_result) for digest in digests if digest in self.window.parts]

    def _value(self, digest: bytes, is_result: bool) -> Value:
        key = (digest, is_result)
        if key not in self._values:
            self._values[key] = value_of(self.window.parts[digest], is_result)
        return self._values[key]

    # --- agents and chains: messages ---------------------------------------------------------------------------------

    def opened(self, line: RequestLine) -> str:
        """The fold of an agent or chain with what it was given and returned: its calls say most of it, too."""
        if line.id not in self.window.steps:
            return reference("alert", "This step is not stored any more")
        messages = self.input_html(line) + self.output_html(line)
        return problems_note(line.problems) + self.error_html(line) + messages + self._open(line)

    def _open(self, line: RequestLine) -> str:
        href = self.addresses.request(line.id)
        return reference("external", f'<a class="link" href="{href}">Open this step</a>')

    def input_html(self, line: RequestLine) -> str:
        sources, left_out = self._sources(self.window.steps[line.id].input_parts, "user")
        pairing = Pairing()
        pairing.within(sources)
        writer = self._writer(line, pairing.pairs())
        html = writer.thread(sources)
        left_out += len(writer.left_out)
        return html + (_left_out(left_out, writer.base_url) if left_out else "")

    def output_html(self, line: RequestLine) -> str:
        sources, left_out = self._sources(self.window.steps[line.id].output_parts, "assistant")
        writer = self._writer(line)
        html = writer.output(sources) if sources else ""
        left_out += len(writer.left_out)
        return html + (_left_out(left_out, writer.base_url) if left_out else "")

    def _writer(self, line: RequestLine, pairs: Pairs | None = None) -> MessageWriter:
        writer = MessageWriter(self.addresses.request(line.id), pairs)
        # Its calls are shown with the requests that made them.
        writer.unanswered = ""
        return writer

    def _sources(self, packed: bytes, role: str) -> tuple[list[Source], int]:
        digests = self.window.lists.digests(packed, 0, MESSAGES_OF_STEP)
        parts = [self.window.parts[digest] for digest in digests if digest in self.window.parts]
        known = [part for part in parts if part.content is not None][:MESSAGES_OF_STEP]
        read = (read_message(part.content or b"", role) for part in known)
        found = [
            Source(message, part.digest, (role, n)) for n, (message, part) in enumerate(zip(read, known, strict=True))
        ]
        return found, packed_count(packed) - len(found)


def _left_out(count: int, url: str) -> str:
    link = f'<a class="link" href="{url}?raw=log#raw">in the raw JSON</a>'
    return row("", reference("info", f"{counted(count)} more {link}"))


def _documents(values: Sequence[Value]) -> str:
    """`3 documents`."""
    count = len(values)
    if count == 1:
        try:
            found = json.loads(values[0].text) if values[0].is_json else None
        except (ValueError, RecursionError):
            found = None
        found = found.get("documents") if isinstance(found, dict) else found
        if not isinstance(found, list):
            return first_line(values[0].text)
        count = len(found)
    return counted(count, "document") if values else ""


def kind_words(line: RequestLine) -> str:
    """The word for what it is."""
    if line.duplicate_of is not None:
        return "second report"
    return shown(line.kind)


def _warning(line: RequestLine) -> str:
    if not line.problems:
        return ""
    return f'<span class="step-warn" title="Not everything of it could be read">{icon("alert")}</span>'


def problems_note(problems: Sequence[str]) -> str:
    """What of a span could not be read as it was meant."""
    if not problems:
        return ""
    return reference("alert", f"Not everything of this span could be read: {shown('; '.join(problems))}")
