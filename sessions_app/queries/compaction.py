"""Recognises conversations that go on from a summary of themselves, by the summary that another request wrote."""

from __future__ import annotations

from sessions_app.content.message_texts import plain_text
from sessions_app.content.messages import read_message
from sessions_app.content.packed_digests import packed_count
from sessions_app.queries.window import Window
from sessions_app.structure.histories import REPLACED, Added, Change

# The request that wrote the summary is one of so many before.
SUMMARY_NEIGHBOURS = 3
# The summary stands in one of the first messages.
_MOST_MESSAGES = 3
_MOST_MESSAGES_OF_ANSWER = 20
# A shorter summary is no evidence. Of a longer one, this much is compared.
_LEAST_CHARS = 40
_COMPARED_CHARS = 80
_SEARCHED_CHARS = 20_000
# A history of fewer messages is not worth a summary.
_LEAST_HISTORY = 4


def may_follow_summary(window: Window, index: int) -> bool:
    """Whether a request continues no other and shares at most a system prompt with its neighbours."""
    line, added = window.lines[index], window.added[index]
    is_start = window.structure.origin(index) is None and index > 0
    return is_start and line.is_conversation and added.shared <= 1 and added.count > 0


def after_summary(window: Window, index: int) -> Added | None:
    """What a request added, if it begins with a summary that one of the requests before it wrote; None for others."""
    for position in range(min(packed_count(window.details[index].input_parts), _MOST_MESSAGES)):
        if window.is_system(index, position) and position == 0:
            continue
        text = _folded(_text(window, index, position))
        for before in range(index - 1, max(index - 1 - SUMMARY_NEIGHBOURS, -1), -1):
            if _wrote(window, before, text):
                return _replaced(window, index, position, before)
    return None


def _wrote(window: Window, before: int, text: str) -> bool:
    """Whether a request sent a history and this text contains the beginning of its answer."""
    detail = window.details.get(before)
    if detail is None or detail.resent_count < _LEAST_HISTORY:
        return False
    count = packed_count(detail.input_parts)
    for position in range(count, count + min(packed_count(detail.output_parts), _MOST_MESSAGES_OF_ANSWER)):
        answer = _folded(_text(window, before, position))
        if len(answer) >= _LEAST_CHARS and answer[:_COMPARED_CHARS] in text:
            return True
    return False


def _replaced(window: Window, index: int, position: int, before: int) -> Added:
    """What was replaced: the history up to the message that asks for the summary."""
    first = 1 if window.is_system(before, 0) else 0
    old = range(first, window.details[before].resent_count)
    change = Change(REPLACED, old, range(position, position + 1))
    count = packed_count(window.details[index].input_parts)
    return Added(position, count, before, shared=window.added[index].shared, changes=(change,))


def _text(window: Window, index: int, position: int) -> str:
    found = window.history_digest(index, position)
    part = window.parts.get(found[0]) if found else None
    if found is None or part is None or part.content is None:
        return ""
    return plain_text(read_message(part.content, found[1]))


def _folded(text: str) -> str:
    return " ".join(text[:_SEARCHED_CHARS].split())
