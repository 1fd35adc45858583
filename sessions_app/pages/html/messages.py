"""Messages as HTML: a row for each, with its role at the side and its blocks below each other.

`texts`, `tool_calls`, `attachments` and `other_blocks` write the blocks.
"""

from __future__ import annotations

from collections.abc import Hashable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import assert_never

from markupsafe import Markup

from sessions_app import bounds
from sessions_app.content.blocks import (
    CitationsBlock,
    MediaBlock,
    OtherBlock,
    ReasoningBlock,
    RefusalBlock,
    TextBlock,
    ToolCallBlock,
    ToolResultBlock,
)
from sessions_app.pages.html.attachments import attachment_with_text
from sessions_app.pages.html.components import NOTHING, component, joined
from sessions_app.pages.html.finding import part
from sessions_app.pages.html.formats import exact
from sessions_app.pages.html.other_blocks import citations, data_text, other, reasoning, refusal, rest_of_message
from sessions_app.pages.html.pieces import fold, icon, more, reference, row
from sessions_app.pages.html.source import BlockAddress, Source, is_blank
from sessions_app.pages.html.text_diff import difference
from sessions_app.pages.html.texts import (
    first_line,
    peek,
    prose,
    removed_fold,
    size_of,
    text_piece,
    unformatted,
    user_text,
    whole_text,
    with_seams,
)
from sessions_app.pages.html.tool_calls import (
    answered_call,
    arguments_text,
    lone_result,
    references,
    result_text,
    summary_of_arguments,
    unanswered_call,
    whole_drawing,
)
from sessions_app.pages.html.tool_pairs import Execution, FoundCall, FoundResult, Pairs

# What pages need beside the writer.
__all__ = [
    "ROLE_CHARS",
    "Execution",
    "FoundCall",
    "FoundResult",
    "MessageWriter",
    "Pairs",
    "Source",
    "arguments_text",
    "data_text",
    "first_line",
    "icon",
    "removed_fold",
    "result_text",
    "summary_of_arguments",
    "text_piece",
    "unformatted",
    "whole_drawing",
    "whole_text",
    "with_seams",
]

ROLE_CHARS = 40
# About what stands around a message, in bytes.
_FRAME = " " * 300


class MessageWriter:
    """Writes messages of one session. `base_url` is the address of a request in it; parts have addresses below it."""

    def __init__(
        self, base_url: str, pairs: Pairs | None = None, end_user: str = "", *, prints_results: bool = False
    ) -> None:
        self.base_url = base_url
        self.pairs = pairs or Pairs()
        self.end_user = end_user
        # Whether results are printed where they came back: their calls, which have them else, are not on this page.
        self.prints_results = prints_results
        # The place of a system prompt that differs from that of the request before, and the text of that one.
        self.changed: Hashable = None
        self.changed_from: str | None = None
        # The messages of the last list that the answer's budget was not enough for.
        self.left_out: Sequence[Source] = ()
        self._has_begun = False

    # --- whole messages ---------------------------------------------------------------------------------------------

    def thread(self, sources: Sequence[Source], systems: Markup = NOTHING, tools: Markup = NOTHING) -> Markup:
        """Messages one after another. Neighbours that only have folds, references or an answer share a frame.

        `systems` and `tools` are folds (HTML) that stand before and after the first system prompt. The first message
        is written in any case, others while the budget lasts; the rest is `left_out`.
        """
        frames = list(_merged(self._frame(source) for source in self._affordable(sources)))
        if systems or tools:
            if not frames or frames[0].kind != "folds":
                frames.insert(0, _Frame("system", "folds"))
            frames[0].content = joined((systems, frames[0].content, tools))
        return joined(frame.html() for frame in frames)

    def output(self, sources: Sequence[Source], alternatives: bool = False) -> Markup:
        """An answer: all its items as one message, or each alternative by itself, with the sources that follow it.

        See `thread` for `left_out`.
        """
        contents: list[Markup] = []
        for source in self._affordable(sources):
            content = self._content(source)
            if contents and (not alternatives or source.is_provenance):
                contents[-1] += content
            else:
                contents.append(content)
        if self.left_out and not any(contents):
            # Nothing of it fits into the page, which does not make it empty.
            return NOTHING
        if alternatives:
            return joined(_answer(content, f"choice {n}") for n, content in enumerate(contents, start=1))
        return _answer(joined(contents))

    def _affordable(self, sources: Sequence[Source]) -> Iterator[Source]:
        self.left_out = ()
        for number, source in enumerate(sources):
            if self._has_begun and bounds.current().is_spent:
                self.left_out = sources[number:]
                return
            self._has_begun = True
            bounds.current().spend(_FRAME)
            yield source

    def _frame(self, source: Source) -> _Frame:
        message = source.message
        if message.role == "system":
            return _Frame("system", "folds", "", self._system(source))
        if found := self._references(source):
            return _Frame("tool", "", references=found)
        content = self._content(source)
        if message.blocks and all(isinstance(block, ToolResultBlock) for block in message.blocks):
            # Some APIs send results in the name of the user.
            return _Frame("tool", "bubble", message.name, content)
        if message.role == "assistant":
            return _Frame("assistant", "out", message.name, content)
        author = message.name or (self.end_user if message.role == "user" else "")
        return _Frame(message.role, "bubble", author, content or reference("info", "Empty message"))

    def _content(self, source: Source) -> Markup:
        if is_blank(source):
            return reference("info", "White space only")
        return joined(self.blocks(source))

    def _system(self, source: Source) -> Markup:
        if source.place is None or source.place != self.changed:
            return self.system_fold(source)
        title = "System prompt added" if self.changed_from is None else "System prompt changed"
        return self.system_fold(source, title, self.changed_from)

    def system_fold(self, source: Source, title: str = "System prompt", before: str | None = None) -> Markup:
        """A system prompt, folded; if the text `before` it is known, with the difference."""
        text = source.text
        content = self._content(source)
        found = difference(before, text) if before is not None else None
        if found and found.html:
            bounds.current().spend(found.html)
            content = joined((found.html, fold("Whole prompt", content)))
        elif found and found.why_not:
            content = reference("info", f"Not compared with the one before: {found.why_not}") + content
        return fold(title, content, size_of(text) if text else "", peek(text))

    def _references(self, source: Source) -> list[tuple[FoundCall, ToolResultBlock]]:
        """The calls that a message of tool results answers, if all of them are shown with their results."""
        if source.unread is not None or self.prints_results:
            return []
        found = []
        for number, block in enumerate(source.message.blocks):
            call = self.pairs.calls.get((source.place, number))
            if call is None or not isinstance(block, ToolResultBlock):
                return []
            found.append((call, block))
        return found

    # --- blocks -----------------------------------------------------------------------------------------------------

    def blocks(self, source: Source) -> Iterator[Markup]:
        """The HTML of each block of a message; neighbouring images and files share a row.

        The first block is written in any case, others while the budget lasts; then comes a link to the rest.
        """
        yield from self.blocks_from(source, 0)

    def blocks_from(self, source: Source, start: int) -> Iterator[Markup]:
        """The same from block number `start` on."""
        media: list[Markup] = []
        budget, blocks = bounds.current(), source.message.blocks
        number = min(start, len(blocks))
        while number < len(blocks) and (number == start or not budget.is_spent):
            html = self._block(source, number)
            html = part(source.digest) + html if html else html
            budget.spend(html)
            if isinstance(blocks[number], MediaBlock):
                media.append(html)
            else:
                yield from _row_of(media)
                media = []
                yield html
            number += 1
        yield from _row_of(media)
        if number < len(blocks):
            yield more_blocks(self.base_url, source, number)
        elif source.unread is not None:
            yield part(source.digest) + rest_of_message(
                source.unread, BlockAddress(self.base_url, source.digest, "raw")
            )

    def _block(self, source: Source, number: int) -> Markup:
        block, key = source.message.blocks[number], (source.place, number)
        address = BlockAddress(self.base_url, source.digest, str(number))
        match block:
            case TextBlock():
                return user_text(block.text, address) if source.message.role == "user" else prose(block.text, address)
            case ReasoningBlock():
                return reasoning(block, address)
            case ToolCallBlock():
                found, ran = self.pairs.results.get(key), self.pairs.executions.get(key)
                if found is None:
                    return unanswered_call(block, address, ran, self.pairs.why_unanswered(key))
                return answered_call(block, address, found, ran)
            case ToolResultBlock():
                call = self.pairs.calls.get(key)
                if call is None or self.prints_results:
                    return lone_result(block, address, call.name if call else "")
                # A provider's tool answers within the message: the line of the call has it all.
                is_beside = call.number is None and source.message.role == "assistant"
                return NOTHING if is_beside else references([(call, block)])
            case MediaBlock():
                return attachment_with_text(block, address)
            case RefusalBlock():
                return refusal(block, address)
            case CitationsBlock():
                return citations(block)
            case OtherBlock():
                return other(block, address)
        assert_never(block)


def _row_of(media: Sequence[Markup]) -> Iterator[Markup]:
    if media:
        yield component("pieces", "thumbs")(joined(media))


def more_blocks(base_url: str, source: Source, start: int) -> Markup:
    """A link to the blocks of a message from number `start` on; as many as a page can hold are put in its place."""
    role = "assistant" if source.message.role == "assistant" else "user"
    url = f"{base_url}part/{source.digest.hex()}/?role={role}&from={start}"
    left = len(source.message.blocks) - start
    return more(f"Show {exact(left)} more block{'' if left == 1 else 's'} of this message", url, url)


# --- frames ---------------------------------------------------------------------------------------------------------


@dataclass(slots=True)
class _Frame:
    """A row before it is written. `kind` is the class of the box around its content: "folds", "out" or "bubble".

    `references` are written in one line in place of the content.
    """

    role: str
    kind: str
    author: str = ""
    content: Markup = NOTHING
    references: list[tuple[FoundCall, ToolResultBlock]] = field(default_factory=list)

    def html(self) -> Markup:
        if self.references:
            return row(self.role, references(self.references), self.author)
        return row(self.role, self.content, self.author, self.kind)


def _merged(frames: Iterator[_Frame]) -> Iterator[_Frame]:
    """Neighbours that belong together, as one frame: folds, references, items of one answer."""
    current: _Frame | None = None
    for frame in frames:
        if current and current.kind == frame.kind != "bubble" and current.author == frame.author:
            current.content += frame.content
            current.references += frame.references
            continue
        if current:
            yield current
        current = frame
    if current:
        yield current


def _answer(content: Markup, author: str = "") -> Markup:
    return _Frame("assistant", "out", author, content or reference("info", "Empty answer")).html()
