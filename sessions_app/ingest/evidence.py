"""Link keys for clients that rewrite the history: ids of tool calls, long answers that are quoted, and tasks.

They are weaker than those of the whole conversation (`links`), and only count where those find nothing.
"""

from __future__ import annotations

import hashlib
import re
import uuid
from collections.abc import Iterable, Iterator
from itertools import islice

from sessions_app import ids
from sessions_app.content.blocks import Message, RefusalBlock, TextBlock, ToolCallBlock
from sessions_app.content.canonical import said_in
from sessions_app.content.tasks import MOST_CALLS, task_of, texts_asked
from sessions_app.ingest.conversations import encoded

# A shorter answer may be given in any conversation. In bytes of UTF-8.
LEAST_QUOTED = 80
# A longer answer is not looked for in others.
MOST_QUOTED = 16 * 1024
# An answer may end before each of so many lines, the first and the last ones that look like something added.
FIRST_ENDS, LAST_ENDS = 6, 3
# The last ones are looked for in so many bytes at the end.
MOST_ADDED = 2_000
_ADDED = re.compile(rb"\n(?=[ \t]*(?:\n|<[/A-Za-z_]|[\[{]|[A-Z][\w ]{1,30}:|```|---|\*\*\*|#))")
_LABEL = re.compile(rb"[A-Za-z][\w ]{0,30}:\s+")


def called(project_key: uuid.UUID, caller: bytes, call: bytes) -> uuid.UUID:
    """The link key of a tool call with a unique id, or of what was said after it."""
    return ids.marked_key(project_key, ids.TOOL_CALL, call + b"\x00" + caller)


def summarised(project_key: uuid.UUID, caller: bytes, summary: bytes) -> uuid.UUID:
    """The link key of what a provider put in the place of a history, in an answer."""
    return ids.marked_key(project_key, ids.SUMMARY, summary + caller)


def turns(project_key: uuid.UUID, caller: bytes, said: bytes) -> uuid.UUID:
    """The link key of the last two turns of a conversation, whatever was said before them."""
    return ids.marked_key(project_key, ids.TURNS, said + caller)


def tasks_asked(project_key: uuid.UUID, caller: bytes, answer: Iterable[Message]) -> list[uuid.UUID]:
    """The link keys of the texts in an answer's tool calls that may start another agent."""
    blocks = [block for message in answer for block in message.blocks]
    calls = [block for block in blocks if isinstance(block, ToolCallBlock) and not block.by_provider]
    texts = dict.fromkeys(text for call in calls[:MOST_CALLS] for text in texts_asked(call))
    return [_task(project_key, caller, text) for text in texts]


def task(project_key: uuid.UUID, caller: bytes, asked: Message) -> uuid.UUID | None:
    """The link key of what the first message of a run asks."""
    text = task_of(asked)
    return _task(project_key, caller, text) if text else None


def _task(project_key: uuid.UUID, caller: bytes, text: str) -> uuid.UUID:
    return ids.marked_key(project_key, ids.TASK, encoded(text) + b"\x00" + caller)


def said(project_key: uuid.UUID, context: bytes, answer: Message) -> list[uuid.UUID]:
    """The link keys of a long answer, as others may quote it: of all of it, and of its beginning.

    `context`: the caller and everything that the user said before.
    """
    text = _text(answer)
    if not LEAST_QUOTED <= len(text) <= MOST_QUOTED:
        return []
    hashed = _hash(project_key, context)
    hashed.update(text)
    return [ids.marked(ids.ANSWER, hashed.digest()), _beginning(project_key, context, text)]


def quoted(project_key: uuid.UUID, context: bytes, message: Message) -> list[uuid.UUID]:
    """The link keys of the answers that this message may quote: all of it or what stands before something added."""
    text = _text(message)
    if not LEAST_QUOTED <= len(text) <= MOST_QUOTED:
        return []
    label = _LABEL.match(text)
    found: list[uuid.UUID] = []
    for start in (0, label.end()) if label and len(text) - label.end() >= LEAST_QUOTED else (0,):
        quote = text[start:]
        found += _said(_hash(project_key, context), quote)
        found.append(_beginning(project_key, context, quote))
    return found


def _said(hashed: hashlib._Hash, text: bytes) -> Iterator[uuid.UUID]:
    """The link keys of the text up to each place where an answer may end, the longest first."""
    first = [match.start() for match in islice(_ADDED.finditer(text, LEAST_QUOTED), FIRST_ENDS)]
    rest = max(first[-1] + 1 if first else len(text), len(text) - MOST_ADDED)
    last = [match.start() for match in _ADDED.finditer(text, rest)][-LAST_ENDS:]
    lengths = dict.fromkeys([*(len(text[:place].rstrip()) for place in (*first, *last)), len(text)])
    done, found = 0, []
    for length in lengths:
        hashed.update(text[done:length])
        done = length
        # A hash goes on after its digest was taken.
        found.append(ids.marked(ids.ANSWER, hashed.digest()))
    return reversed(found)


def _text(message: Message) -> bytes:
    """What an answer says, without its tool calls."""
    words = [block.text for block in message.blocks if isinstance(block, (TextBlock, RefusalBlock))]
    return encoded(said_in("".join(words)))


def _hash(project_key: uuid.UUID, context: bytes) -> hashlib._Hash:
    """A hash that goes on with an answer."""
    return hashlib.sha256(b"%s%s%d\x00%s" % (project_key.bytes, ids.ANSWER, len(context), context))


def _beginning(project_key: uuid.UUID, context: bytes, text: bytes) -> uuid.UUID:
    return ids.marked_key(project_key, ids.BEGINNING, text[:LEAST_QUOTED] + b"\x00" + context)
