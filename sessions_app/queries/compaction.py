"""Recognises conversations that go on from a summary: by its form, or because another request wrote it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from sessions_app.content.message_texts import plain_text
from sessions_app.content.messages import read_message
from sessions_app.content.packed_digests import packed_count
from sessions_app.content.summaries import CLIENT, PROVIDER, agent_of_summary, is_compaction_item
from sessions_app.content.wrappers import own_words
from sessions_app.queries.window import Window
from sessions_app.structure.histories import REPLACED, Added, Change

# The request that wrote the summary, or whose history was replaced, is one of so many before.
SUMMARY_NEIGHBOURS = 3
# The summary stands in one of the first messages, or in one of the last: agents keep what the user said before it.
_FIRST_MESSAGES, _LAST_MESSAGES = 3, 3
_MOST_MESSAGES_OF_ANSWER = 20
# So many messages before the summary are compared with those of the request before.
_MOST_KEPT = 20
# A shorter summary is no evidence. Of a longer one, this much is compared.
_LEAST_CHARS = 40
_COMPARED_CHARS = 80
_SEARCHED_CHARS = 20_000
# A history of fewer messages is not worth a summary.
_LEAST_HISTORY = 4


def may_follow_summary(window: Window, index: int) -> bool:
    """Whether a request continues no other, and repeats only the beginning of its neighbours, no answer.

    Or not all that it sends is known from the one that it continues: the provider may have written a summary.
    """
    line, added = window.lines[index], window.added[index]
    origin = window.structure.origin(index)
    is_open = not added.changes if origin is None else not origin.is_whole
    return is_open and index > 0 and line.is_conversation and added.count > 0 and added.is_compared


def positions_of_summary(window: Window, index: int) -> list[int]:
    """The messages among which the summary is looked for."""
    count = packed_count(window.details[index].input_parts)
    first = window.added[index].shared
    wanted = [*range(_FIRST_MESSAGES), *range(first, first + _FIRST_MESSAGES), *range(count - _LAST_MESSAGES, count)]
    return sorted({position for position in wanted if 0 <= position < count})


def to_compare(window: Window, index: int) -> Iterator[bytes]:
    """The messages that tell whether a request goes on from a summary."""
    yield from (digest for _, digest in window.inputs(index, positions_of_summary(window, index)))
    for before in range(max(index - SUMMARY_NEIGHBOURS, 0), index):
        yield from window.outputs(before) if before in window.details else ()
    for one in (index, *_before(window, index, 1)):
        first = range(min(packed_count(window.details[one].input_parts), _MOST_KEPT))
        yield from (digest for _, digest in window.inputs(one, first))


def after_summary(window: Window, index: int) -> Added | None:
    """What a request added, if it begins with a summary of what one of the requests before it sent; None for others."""
    is_start = window.structure.origin(index) is None
    for position in positions_of_summary(window, index):
        if window.is_system(index, position) and position == 0:
            continue
        text = _folded(_text(window, index, position))
        by = _by(window, index, position, text)
        if not is_start and by != PROVIDER:
            continue
        for before in _before(window, index, 1 if by == PROVIDER else _LEAST_HISTORY):
            if by or _wrote(window, before, text):
                return replace(_replaced(window, index, position, before), summarised_by=by or CLIENT)
    return None


def who_summarised(window: Window, index: int) -> str:
    """Who put a summary in the place of messages, where comparing histories found that some were replaced by one."""
    for change in window.added[index].changes:
        if change.kind == REPLACED and len(change.new) == 1 and len(change.old) > 1:
            position = change.new.start
            if by := _by(window, index, position, _folded(_text(window, index, position))):
                return by
    return ""


def compacts(window: Window, index: int) -> bool:
    """Whether the provider put a compaction item into the answer of a request."""
    found = (window.parts.get(digest) for digest in window.outputs(index))
    return any(part.content is not None and is_compaction_item(part.content) for part in found if part)


def _before(window: Window, index: int, least: int) -> Iterator[int]:
    """The requests before this one that sent a history of so many messages, latest first."""
    for before in range(index - 1, max(index - 1 - SUMMARY_NEIGHBOURS, -1), -1):
        detail = window.details.get(before)
        if detail is not None and detail.resent_count >= least:
            yield before


def _by(window: Window, index: int, position: int, text: str) -> str:
    """Who wrote the summary in a message, if its form tells that it is one."""
    found = window.history_digest(index, position)
    part = window.parts.get(found[0]) if found else None
    if part is not None and part.content is not None and is_compaction_item(part.content):
        return PROVIDER
    agent = agent_of_summary(text)
    if agent is None:
        # Claude Code puts its reminders before the summary, in the same message.
        agent = agent_of_summary(_folded(own_words(_text(window, index, position))))
    return "" if agent is None else f"{CLIENT}, {agent}" if agent else CLIENT


def _wrote(window: Window, before: int, text: str) -> bool:
    """Whether this text contains the beginning of a request's answer."""
    detail = window.details[before]
    count = packed_count(detail.input_parts)
    for position in range(count, count + min(packed_count(detail.output_parts), _MOST_MESSAGES_OF_ANSWER)):
        answer = _folded(_text(window, before, position))
        if len(answer) >= _LEAST_CHARS and answer[:_COMPARED_CHARS] in text:
            return True
    return False


def _replaced(window: Window, index: int, position: int, before: int) -> Added:
    """What was replaced: the history after what both requests begin with, up to the message that asks for a summary."""
    added = window.added[index]
    kept = window.lists.common_prefix(window.details[index].input_parts, window.details[before].input_parts)
    # Clients may give the same messages other ids.
    while kept < position and (said := window.said(index, kept)) and said == window.said(before, kept):
        kept += 1
    first = max(kept, 1 if window.is_system(before, 0) else 0)
    old = range(min(first, window.details[before].resent_count - 1), window.details[before].resent_count)
    change = Change(REPLACED, old, range(position, position + 1))
    count = packed_count(window.details[index].input_parts)
    return Added(position, count, before, shared=max(added.shared, kept), changes=(change,))


def _text(window: Window, index: int, position: int) -> str:
    found = window.history_digest(index, position)
    part = window.parts.get(found[0]) if found else None
    if found is None or part is None or part.content is None:
        return ""
    return plain_text(read_message(part.content, found[1]))


def _folded(text: str) -> str:
    return " ".join(text[:_SEARCHED_CHARS].split())
