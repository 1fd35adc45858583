"""Messages as HTML. Written in Python and not in templates: a page has hundreds of them.

Everything that came from a sender goes through `shown`, `isolated`, `terminal`, `drawn` or `markdown`, which escape.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Hashable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from sessions_app import bounds
from sessions_app.content import messages
from sessions_app.content.messages import Block, Message
from sessions_app.content.omissions import Cut, find_cuts
from sessions_app.pages.html import markdown, media
from sessions_app.pages.html.excerpts import MESSAGE_LINES, RESULT_LINES, excerpt
from sessions_app.pages.html.json_text import Indented, beginning, drawn, indent, is_json
from sessions_app.pages.html.plain_text import isolated, shown, terminal, visible
from sessions_app.pages.html.text_diff import diff_html, difference
from sessions_app.templatetags.format import exact, size

ROLES = ("system", "user", "assistant", "tool", "error")
ROLE_CHARS = 40
SUMMARY_CHARS = 200
RESULT_SUMMARY_CHARS = 80
PEEK_CHARS = 160
# Names and ids that a sender chose, where they stand in a line.
LABEL_CHARS = 200
URL_CHARS = 2_000
# So many places are marked in one text where others cut something out, and so many names stand in one line.
MOST_SEAMS = 20
MOST_NAMED = 20
# Of what a tool returned beside its text, so many images and files are offered.
MOST_ATTACHED = 50
# What stands around a message, in bytes, roughly.
_FRAME = " " * 300
# What stands in the way of a sentence is said under the message, not inside it.
_INLINE_CUTS = ("masked text",)

Place = Hashable


def icon(name: str, small: bool = True) -> str:
    """An icon of the sprite."""
    data_size = ' data-size="s"' if small else ""
    return f'<svg class="i"{data_size} aria-hidden="true"><use href="#i-{name}"/></svg>'


@dataclass(frozen=True, slots=True)
class Source:
    """A message with the part it was read from: the part's address makes the addresses of what it holds.

    `place` tells it from all others on the page, so that tool calls and results can be paired by it.
    """

    message: Message
    digest: bytes
    place: Place = None

    @property
    def text(self) -> str:
        """What it says, its blocks one after another."""
        return "\n\n".join(block.text for block in self.message.blocks if block.text)


@dataclass(frozen=True, slots=True)
class FoundResult:
    """The result of a tool call: its block, the part that holds it, its number among the part's blocks."""

    block: Block
    digest: bytes
    number: int


@dataclass(frozen=True, slots=True)
class FoundCall:
    """The tool call that a result answers: its name, and the request (number, link) that prints it.

    Number and link are None when it stands on the same request.
    """

    name: str
    number: int | None = None
    href: str | None = None


@dataclass(frozen=True, slots=True)
class Execution:
    """The span of the tool that a call started: where it is shown, how long it took, why it failed ("" if it did not).

    `result` and `body` are what it returned: the text, and the HTML that is printed when no result was sent back.
    """

    href: str
    duration: str
    error: str
    result: str
    body: str


@dataclass(frozen=True, slots=True)
class Pairs:
    """Which tool results answer which calls, and what they executed; keys are (place of the message, block number).

    `is_complete`: all calls and results were looked at.
    """

    results: Mapping[tuple[Place, int], FoundResult] = field(default_factory=dict)
    calls: Mapping[tuple[Place, int], FoundCall] = field(default_factory=dict)
    executions: Mapping[tuple[Place, int], Execution] = field(default_factory=dict)
    is_complete: bool = True


class MessageWriter:
    """Writes messages of one session. `base_url` is the address of a request of it, under which parts are found."""

    def __init__(self, base_url: str, pairs: Pairs | None = None, end_user: str = "") -> None:
        self.base_url = base_url
        self.pairs = pairs or Pairs()
        self.end_user = end_user
        # The system prompt that is printed again because it is not the one of the request before, and that one's text.
        self.changed: Place = None
        self.changed_from: str | None = None
        # What is said of a tool call without a result.
        self.unanswered = (
            "no result was sent back" if self.pairs.is_complete else "too many calls to look for its result"
        )
        # What the answer's budget did not last for, of the messages that were written last.
        self.left_out: Sequence[Source] = ()
        self._is_begun = False

    # --- whole messages ---------------------------------------------------------------------------------------------

    def thread(self, sources: Sequence[Source], systems: str = "", tools: str = "") -> str:
        """Messages one after another; neighbours of one role that only refer or only answer share a frame.

        `systems` and `tools` are folds that stand beside the messages: before and after a system prompt among them.
        What the budget does not last for is `left_out`; the first message is always written.
        """
        frames = list(_joined(map(self._framed, self._affordable(sources))))
        if systems or tools:
            if not frames or frames[0].body_class != "folds":
                frames.insert(0, _Frame("system", "", "folds", ""))
            frames[0].body = str(systems) + frames[0].body + str(tools)
        return "".join(map(_framed, frames))

    def _affordable(self, sources: Sequence[Source]) -> Iterator[Source]:
        self.left_out = ()
        for number, source in enumerate(sources):
            if self._is_begun and bounds.current().is_spent:
                self.left_out = sources[number:]
                return
            self._is_begun = True
            bounds.current().spend(_FRAME)
            yield source

    def _framed(self, source: Source) -> _Frame:
        message = source.message
        role = message.role
        if role == "system":
            is_changed = source.place is not None and source.place == self.changed
            fold_html = self._changed_fold(source) if is_changed else self.system_fold(source)
            return _Frame("system", "", "folds", fold_html)
        references = self._references(source)
        if references is not None:
            return _Frame("tool", "", "refs", "", references)
        body = "".join(self.blocks(source))
        if role == "assistant":
            return _Frame("assistant", message.name, "out", body)
        name = message.name or (self.end_user if role == "user" else "")
        return _Frame(role, name, "bubble", body or reference("info", "Empty message"))

    def output(self, sources: Sequence[Source], alternatives: bool = False) -> str:
        """An answer: its parts as one message, or each alternative by itself; see `left_out`."""
        if alternatives:
            bodies = ["".join(self.blocks(source)) for source in self._affordable(sources)]
            return "".join(
                _frame_html("assistant", f"choice {number}", "out", body or reference("info", "Empty answer"))
                for number, body in enumerate(bodies, start=1)
            )
        body = "".join(block for source in self._affordable(sources) for block in self.blocks(source))
        return _frame_html("assistant", "", "out", body or reference("info", "Empty answer"))

    def system_fold(self, source: Source, title: str = "System prompt", before: str | None = None) -> str:
        """A system prompt, folded, with its size; with the difference when the text `before` it is known."""
        text = source.text
        body = "".join(self.blocks(source))
        found = difference(before, text) if before is not None else None
        if found and found.html:
            body = bounds.current().spend(str(found.html)) + fold("Whole prompt", "", "", body)
        elif found and found.is_too_large:
            body = reference("info", "Not compared with the one before: too large") + body
        return fold(title, size(len(text.encode("utf-8", "replace"))), shown(_peek(text)), body)

    def _changed_fold(self, source: Source) -> str:
        return self.system_fold(
            source, "System prompt added" if self.changed_from is None else "System prompt changed", self.changed_from
        )

    def _references(self, source: Source) -> list[tuple[FoundCall, int]] | None:
        """The calls that a message of tool results answers, with the results' sizes, when all are shown elsewhere."""
        found = []
        for number, block in enumerate(source.message.blocks):
            call = self.pairs.calls.get((source.place, number))
            if call is None:
                return None
            found.append((call, len(block.text.encode("utf-8", "replace"))))
        return found or None

    # --- blocks -----------------------------------------------------------------------------------------------------

    def blocks(self, source: Source) -> Iterator[str]:
        """The HTML of each block of a message; images and files that follow each other share a row.

        The first one is written, and more as long as the budget lasts; then what shows the next ones.
        """
        yield from self.blocks_from(source, 0)

    def blocks_from(self, source: Source, start: int) -> Iterator[str]:
        """The same from a block on, by its number."""
        row: list[str] = []
        budget, blocks = bounds.current(), source.message.blocks
        number = min(start, len(blocks))
        while number < len(blocks) and (number == start or not budget.is_spent):
            where = _Where(self.base_url, source.digest, str(number))
            if blocks[number].type in (messages.IMAGE, messages.FILE, messages.AUDIO):
                row.append(budget.spend(self._media(blocks[number], where)))
            else:
                yield _row_of(row)
                row = []
                yield budget.spend(self._block(blocks[number], source, number, where))
            number += 1
        yield _row_of(row)
        if number < len(blocks):
            yield more_blocks(self.base_url, source, number)

    def _media(self, block: Block, where: _Where) -> str:
        return _attachment(block, where) + (_attached_text(block, where) if block.text else "")

    def _block(self, block: Block, source: Source, number: int, where: _Where) -> str:
        if block.type == messages.TEXT:
            return prose(block.text, where)
        if block.type == messages.TOOL_CALL:
            key = (source.place, number)
            return self._tool_call(block, where, self.pairs.results.get(key), self.pairs.executions.get(key))
        if block.type == messages.TOOL_RESULT:
            call = self.pairs.calls.get((source.place, number))
            if call is not None:
                return _references_html([(call, len(block.text.encode("utf-8", "replace")))])
            return self._lone_result(block, where)
        return _OTHER_BLOCKS.get(block.type, _data)(block, where)

    def _tool_call(self, block: Block, where: _Where, found: FoundResult | None, ran: Execution | None) -> str:
        body = _arguments(block, where)
        summary = summary_of_arguments(block.text)
        if found is None:
            return self._unanswered(block.name, summary, body, ran)
        result = found.block
        body += self._result(result, _Where(self.base_url, found.digest, str(found.number)))
        amount = size(len(result.text.encode("utf-8", "replace")))
        failed = result.is_error
        if ran:
            failed = failed or bool(ran.error)
            body += _failure(ran) + _execution(ran)
        amounts = (ran.duration, amount) if ran else (amount,)
        return _tool(block.name, summary, first_line(result.text), amounts, "error" if failed else "ok", body)

    def _unanswered(self, name: str, summary: str, body: str, ran: Execution | None) -> str:
        """A call of which no result was sent back: what its execution returned, when that is on record."""
        if ran is None:
            return _tool(name, summary, self.unanswered, (), "", body)
        body += str(ran.body) + _failure(ran) + _execution(ran, self.unanswered)
        result = first_line(ran.error or ran.result)
        return _tool(name, summary, result, (ran.duration,), "error" if ran.error else "ok", body)

    def _lone_result(self, block: Block, where: _Where) -> str:
        """A result whose call is not on record."""
        name = block.name or "tool result"
        amount = size(len(block.text.encode("utf-8", "replace")))
        state = "error" if block.is_error else "ok"
        return _tool(name, block.id[:LABEL_CHARS], first_line(block.text), (amount,), state, self._result(block, where))

    def _result(self, block: Block, where: _Where) -> str:
        others = [
            (number, inner)
            for number, inner in enumerate(block.blocks)
            if inner.type in (messages.IMAGE, messages.FILE, messages.AUDIO)
        ]
        rows = [_attachment(inner, where.inner(number)) for number, inner in others[:MOST_ATTACHED]]
        if len(others) > MOST_ATTACHED:
            rows.append(reference("info", f"{exact(len(others) - MOST_ATTACHED)} more in the raw JSON"))
        thumbs = f'<div class="thumbs">{"".join(rows)}</div>' if rows else ""
        if not block.text:
            known = rows or not block.blocks
            data = "" if known else _data(Block(messages.DATA, data=[inner.data for inner in block.blocks]), where)
            return (data or ("" if rows else reference("info", "Empty result"))) + thumbs
        return code(block.text, where, RESULT_LINES, "e" if block.is_error else "") + thumbs


@dataclass(frozen=True, slots=True)
class _Where:
    """Where a block is found again: under a request, in a part, by its number (and an inner block's)."""

    base_url: str
    digest: bytes
    path: str

    def inner(self, number: int) -> _Where:
        return _Where(self.base_url, self.digest, f"{self.path}.{number}")

    @property
    def text_url(self) -> str:
        return f"{self.base_url}text/{self.digest.hex()}/{self.path}/"

    @property
    def media_url(self) -> str:
        return f"{self.base_url}media/{self.digest.hex()}/{self.path}/"


# --- frames ---------------------------------------------------------------------------------------------------------


@dataclass(slots=True)
class _Frame:
    """A message before it is written: role, author, kind of body, body; references that may share one line."""

    role: str
    name: str
    body_class: str
    body: str
    references: list[tuple[FoundCall, int]] = field(default_factory=list)


def _joined(frames: Iterator[_Frame]) -> Iterator[_Frame]:
    """Neighbours that belong in one frame, together: folds, references, pieces of one answer."""
    current: _Frame | None = None
    for frame in frames:
        if current and current.body_class == frame.body_class != "bubble" and current.name == frame.name:
            current.body += frame.body
            current.references += frame.references
            continue
        if current:
            yield current
        current = frame
    if current:
        yield current


def _framed(frame: _Frame) -> str:
    if frame.body_class == "refs":
        return _frame_html(frame.role, frame.name, "", _references_html(frame.references))
    return _frame_html(frame.role, frame.name, frame.body_class, frame.body)


def _frame_html(role: str, name: str, body_class: str, body: str) -> str:
    return row(role, f'<div class="{body_class}">{body}</div>' if body_class else body, name)


def row(role: str, body: str, name: str = "") -> str:
    """A row of the thread: the role (any text) and author in the gutter, `body` (HTML) beside it."""
    known = role if role in ROLES else "other"
    author = f"<span>{isolated(name[:ROLE_CHARS])}</span>" if name else ""
    gutter = f'<span class="role">{isolated(role[:ROLE_CHARS])}{author}</span>'
    return f'<div class="msg" data-role="{known}">{gutter}{body}</div>'


def _references_html(found: Sequence[tuple[FoundCall, int]]) -> str:
    """`read_file, search_code, 4.1 kB, shown with their calls in 2`."""
    named = list(dict.fromkeys(call.name[:LABEL_CHARS] or "tool" for call, _ in found))
    names = ", ".join(map(shown, named[:MOST_NAMED])) + (", …" if len(named) > MOST_NAMED else "")
    amount = size(sum(length for _, length in found))
    places = {call.number: call.href for call, _ in found}
    links = ", ".join(
        "above" if number is None else f'in <a class="link" href="{shown(href or "")}">{number}</a>'
        for number, href in list(places.items())[:MOST_NAMED]
    )
    calls = "its call" if len(found) == 1 else "their calls"
    return f'<p class="ref">{icon("arrow-up")}<span>{names}, {amount}, shown with {calls} {links}</span></p>'


def fold(title: str, amount: str, peek: str, body: str) -> str:
    """A folded piece: `title` and `amount` are plain text of ours, `peek` and `body` are HTML."""
    return (
        f'<details class="fold"><summary>{icon("right")}{title}<span class="fold-n">{amount}</span>'
        f'<span class="fold-peek">{peek}</span></summary>{body}</details>'
    )


def removed_fold(title: str, text: str) -> str:
    """What is not sent any more, folded, with its size."""
    rest = f"{exact(len(text) - PEEK_CHARS)} more characters are with the request before"
    body = diff_html(text, "") or code_box(shown(text[:PEEK_CHARS])) + reference("info", rest)
    return fold(title, size(len(text.encode("utf-8", "replace"))), shown(_peek(text)), body)


def reference(icon_name: str, text: str) -> str:
    """A faint line with an icon; `text` is HTML."""
    return f'<p class="ref">{icon(icon_name)}<span>{text}</span></p>'


# --- text -----------------------------------------------------------------------------------------------------------


def prose(text: str, where: _Where) -> str:
    """A text as Markdown, its beginning when it is long."""
    part = excerpt(text)
    html = with_seams(part.shown, _markdown)
    if not part.hidden_chars:
        return html
    return f'<div class="clamp" data-fade>{html}{more(where.text_url, part.hidden_chars)}</div>'


def _markdown(text: str) -> str:
    text = visible(text)
    html = f'<div class="prose" dir="auto">{markdown.render(text)}</div>'
    return html if markdown.is_bearable(text) else html + unformatted(len(text), "too much Markdown")


def unformatted(chars: int, why: str) -> str:
    """Says how much of a text is as it came: `190,005 characters are shown as they came: nested too deeply`."""
    noun = "character is shown as it" if chars == 1 else "characters are shown as they"
    return reference("info", f"{exact(chars)} {noun} came: {why}")


def code(text: str, where: _Where, lines: int = MESSAGE_LINES, ink: str = "") -> str:
    """A text as a program wrote it, its beginning when it is long."""
    part = excerpt(text, lines=lines)
    html = with_seams(part.shown, lambda piece: code_box(terminal(piece), ink))
    if not part.hidden_chars:
        return html
    return f'<div class="clamp">{html}{more(where.text_url, part.hidden_chars)}</div>'


def code_box(html: str, ink: str = "") -> str:
    """A box of code; `html` is escaped already."""
    inner = f'<span class="{ink}">{html}</span>' if ink else html
    return f'<div class="code" data-wrap><pre tabindex="0" dir="auto"><code>{inner}</code></pre></div>'


def whole_text(text: str, is_code: bool) -> str:
    """A text of bearable length, all of it."""
    if not is_code:
        return with_seams(text, _markdown)
    return with_seams(text, lambda piece: code_box(drawn(piece) if is_json(text) else terminal(piece)))


def text_piece(text: str) -> str:
    """A window of a very long text, as it is."""
    return with_seams(text, lambda piece: code_box(shown(piece)))


def more(url: str, hidden_chars: int) -> str:
    """What shows the rest of a text: in its place, or on a page of its own without script."""
    noun = "character" if hidden_chars == 1 else "characters"
    return (
        f'<a class="more-btn" href="{url}" hx-get="{url}" hx-target="closest .clamp" hx-swap="outerHTML">'
        f"Show {exact(hidden_chars)} more {noun}</a>"
    )


def more_blocks(base_url: str, source: Source, start: int) -> str:
    """What shows the blocks of a message from `start` on, as many as a page takes."""
    role = "assistant" if source.message.role == "assistant" else "user"
    url = f"{base_url}part/{source.digest.hex()}/?role={role}&amp;from={start}"
    left = len(source.message.blocks) - start
    words = f"Show {exact(left)} more block{'' if left == 1 else 's'} of this message"
    return f'<a class="more-btn" href="{url}" hx-get="{url}" hx-swap="outerHTML">{words}</a>'


def _row_of(thumbs: Sequence[str]) -> str:
    return f'<div class="thumbs">{"".join(thumbs)}</div>' if thumbs else ""


def with_seams(text: str, write: Callable[[str], str]) -> str:
    """A text in which something was cut out by others: each cut is a seam that says what is missing and who cut it."""
    found = find_cuts(text)
    if not found:
        return write(text)
    cuts = found[:MOST_SEAMS]
    pieces, end = [], 0
    for cut in (cut for cut in cuts if cut.what not in _INLINE_CUTS):
        if text[end : cut.start].strip():
            pieces.append(write(text[end : cut.start]))
        pieces.append(seam(cut))
        end = cut.end
    if text[end:].strip():
        pieces.append(write(text[end:]))
    pieces += {cut.sentence: seam(cut) for cut in cuts if cut.what in _INLINE_CUTS}.values()
    if len(found) > MOST_SEAMS:
        pieces.append(reference("info", f"{exact(len(found) - MOST_SEAMS)} more marks of what was cut out"))
    return "".join(pieces)


def seam(cut: Cut) -> str:
    """The visible place where something is missing."""
    return (
        f'<p class="seam">{icon("alert")}<span>{shown(cut.sentence)} '
        f'<span class="seam-how">{shown(cut.switch_off)}</span></span></p>'
    )


def _peek(text: str, most: int = PEEK_CHARS) -> str:
    return " ".join(text[: most * 4].split())[:most]


# --- tools ----------------------------------------------------------------------------------------------------------

STATES = {
    "ok": f'<span class="status" data-state="ok">{icon("check")}<span class="vh">ok</span></span>',
    "error": f'<span class="status" data-state="error">{icon("error")}<span class="vh">failed</span></span>',
    "": "",
}


def _tool(name: str, arguments: str, result: str, amounts: Sequence[str], state: str, body: str) -> str:
    """A tool call as one line that opens; `body` is HTML, the rest is text. `amounts` are ours."""
    name = name[:LABEL_CHARS] or "tool"
    nums = "".join(f"<span>{amount}</span>" for amount in amounts)
    opened = ' data-state="error" open' if state == "error" else f' data-state="{state}"' if state else ""
    return (
        f'<details class="tool"{opened}><summary>{icon("right")}'
        f'<code class="tool-name">{isolated(name)}</code><span class="tool-args">{isolated(arguments)}</span>'
        f'<span class="tool-res">{isolated(result) if result else ""}</span>'
        f'<span class="tool-nums">{nums}</span>{STATES[state]}</summary>'
        f'<div class="tool-body">{body}</div></details>'
    )


def _failure(ran: Execution) -> str:
    return code_box(terminal(ran.error), "e") if ran.error else ""


def _execution(ran: Execution, note: str = "") -> str:
    link = f'<a class="link" href="{shown(ran.href)}">ran {ran.duration}</a>'
    return reference("tool", ", ".join(filter(None, (link, note))))


def summary_of_arguments(text: str) -> str:
    """`path: src/retry.py, lines: 40`, or the beginning of what is no JSON object."""
    if len(text) <= 20_000 and is_json(text):
        try:
            value = json.loads(text)
        except (ValueError, RecursionError):
            value = None
        if isinstance(value, dict):
            pieces = (f"{key}: {_short_value(item)}" for key, item in list(value.items())[:12])
            return ", ".join(pieces)[:SUMMARY_CHARS]
    return _peek(text, SUMMARY_CHARS)


def _short_value(value: Any) -> str:
    if isinstance(value, str):
        line = " ".join(value[:SUMMARY_CHARS].split())
        return f'"{line}"' if "," in line or ":" in line else line
    return messages.to_json(value)[:SUMMARY_CHARS]


def first_line(text: str) -> str:
    for line in text[:2000].splitlines():
        if line.strip():
            return line.strip()[:RESULT_SUMMARY_CHARS]
    return ""


def arguments_text(block: Block) -> Indented:
    """A tool call's arguments as they are shown: JSON indented, anything else as it is."""
    return indent(block.text) if is_json(block.text) else Indented(block.text)


def _arguments(block: Block, where: _Where) -> str:
    if not block.text or block.text.strip() == "{}":
        return ""
    part = (beginning if is_json(block.text) else excerpt)(block.text, lines=RESULT_LINES)
    html = with_seams(part.shown, lambda piece: code_box(drawn(piece)))
    if not part.hidden_chars:
        return html
    return f'<div class="clamp">{html}{more(where.text_url, part.hidden_chars)}</div>'


# --- other blocks ---------------------------------------------------------------------------------------------------


def _reasoning(block: Block, where: _Where) -> str:
    note = block.data if isinstance(block.data, str) else ""
    if not block.text:
        return reference("reason", f"Reasoning, {shown(note) or 'not sent'}")
    amount = f"{exact(len(block.text))} characters"
    return (
        f'<details class="reason"><summary>{icon("reason")}Reasoning<span class="fold-n">{amount}</span>'
        f"{icon('right')}</summary>{prose(block.text, where)}</details>"
    )


def _refusal(block: Block, where: _Where) -> str:
    return reference("info", "The model refused") + prose(block.text, where)


def data_text(block: Block) -> Indented:
    """What has no better form, as indented JSON text."""
    return indent(messages.to_json(block.data))


def _data(block: Block, where: _Where) -> str:
    text = messages.to_json(block.data)
    part = beginning(text)
    # Of a short value all of it, as it is shown.
    text = text if part.hidden_chars else part.shown
    cut = next(iter(find_cuts(text[:2000])), None)
    if cut is not None and len(text) < 200:
        return seam(cut)
    named = block.data.get("type") if isinstance(block.data, dict) else None
    title = isolated(named[:ROLE_CHARS]) if isinstance(named, str) and named else "Data"
    body = code_box(drawn(part.shown))
    if part.hidden_chars:
        body = f'<div class="clamp">{body}{more(where.text_url, part.hidden_chars)}</div>'
    return fold(title, f"JSON, {size(len(text.encode('utf-8', 'replace')))}", shown(_peek(text)), body)


_OTHER_BLOCKS: dict[str, Callable[[Block, _Where], str]] = {
    messages.REASONING: _reasoning,
    messages.REFUSAL: _refusal,
    messages.DATA: _data,
}


# --- images, files, audio -------------------------------------------------------------------------------------------


def _attachment(block: Block, where: _Where) -> str:
    cut = next(iter(find_cuts(block.url[:500])), None)
    if cut is not None:
        return seam(cut)
    if block.type == messages.IMAGE:
        return _image(block, where)
    if block.type == messages.AUDIO:
        amount = block.data * 3 // 4 if isinstance(block.data, int) else None
        return _chip("bolt", "audio", ", ".join(filter(None, (shown(block.name), size(amount) if amount else ""))))
    return _file(block, where)


def _image(block: Block, where: _Where) -> str:
    known = media.picture(block)
    if known is None:
        return _file(block, where)
    url = where.media_url
    kind = known.media_type.partition("/")[2]
    measures = f' width="{known.width}" height="{known.height}"' if known.width else ""
    facts = f"{known.width} × {known.height} · {size(known.byte_size)}" if known.width else size(known.byte_size)
    return (
        f'<a class="thumb" href="{url}">'
        f'<img src="{url}" alt="Image, {kind}, {facts}"{measures} loading="lazy" decoding="async">'
        f"<span>{kind}<span>{facts}</span></span></a>"
    )


def _file(block: Block, where: _Where) -> str:
    """A file or image that is not shown: what it is, and a link to it. Nothing is fetched from elsewhere."""
    kind = "image" if block.type == messages.IMAGE else "file"
    icon_name = "image" if block.type == messages.IMAGE else "doc"
    name = block.name[:LABEL_CHARS] or kind
    data = media.data_url(block.url)
    if data is not None:
        facts = f"{shown(data.media_type)} · {size(data.byte_size)}"
        return _chip(icon_name, shown(name), facts, href=f"{where.media_url}?download=1")
    if len(block.url) > URL_CHARS:
        return _chip(icon_name, shown(name), f"its address has {exact(len(block.url))} characters: see the raw JSON")
    if block.url:
        label = visible(block.name[:LABEL_CHARS] or f"{kind} elsewhere")
        return _chip(icon_name, "", markdown.link(visible(block.url), label))
    return _chip(icon_name, shown(name), shown(block.media_type[:LABEL_CHARS]))


def _chip(icon_name: str, name: str, facts: str, href: str = "") -> str:
    """`name` and `facts` are HTML."""
    inner = f"{icon(icon_name)}<bdi>{name}</bdi> <span>{facts}</span>"
    return f'<a class="file" href="{href}">{inner}</a>' if href else f'<span class="file">{inner}</span>'


def _attached_text(block: Block, where: _Where) -> str:
    amount = size(len(block.text.encode("utf-8", "replace")))
    title = "Transcript" if block.type == messages.AUDIO else "Text"
    return fold(title, amount, shown(_peek(block.text)), prose(block.text, where))
