"""What a tool call asks another agent, and what an agent was asked. If it is the same, the call started the agent."""

from __future__ import annotations

import itertools
import re
from collections.abc import Iterable, Iterator
from typing import Any

from sessions_app.content.blocks import Message, TextBlock, ToolCallBlock
from sessions_app.content.json_bytes import DocumentError, loads

# A shorter text, or one with fewer words, is a name or a path.
LEAST_CHARS, LEAST_SPACES = 20, 2
MOST_CHARS = 20_000
# At most so many texts of a call, the longest ones, of at most so many calls of an answer.
MOST_TEXTS, MOST_CALLS = 2, 4
_MOST_ARGUMENT_CHARS, _MOST_VALUES = 60_000, 64
_RULE = re.compile(r"^[ \t]*(?:-{3,}|={3,}|\*{3,})[ \t]*$", re.MULTILINE)
_LABEL = re.compile(r"\A\s*[A-Za-z]\w{0,20}:[ \t]*\n")


def task_of(message: Message) -> str:
    """What a message asks, in one line: its last text, after what a client may put before it, or what stands between
    rules in that text, if a client tells the agent there who it is. "" if that is no task.
    """
    for block in reversed(message.blocks):
        if isinstance(block, TextBlock) and not block.text.isspace() and block.text:
            return _as_task(_between_rules(block.text[:MOST_CHARS])) or _as_task(block.text)
    return ""


def _between_rules(text: str) -> str:
    """What stands between the first two rules, without a label; "" if nothing stands before them, as before the head of
    a document.
    """
    found = list(itertools.islice(_RULE.finditer(text), 2))
    if len(found) < 2 or not text[: found[0].start()].strip():
        return ""
    return _LABEL.sub("", text[found[0].end() : found[1].start()])


def texts_asked(call: ToolCallBlock) -> list[str]:
    """The texts among a call's arguments that may ask another agent, each in one line."""
    if not LEAST_CHARS <= len(call.arguments) <= _MOST_ARGUMENT_CHARS:
        return []
    try:
        value = loads(call.arguments.encode("utf-8", "surrogatepass"))
    except (DocumentError, RecursionError):
        value = call.arguments
    found = {text for one in _texts(value) if (text := _as_task(one))}
    return sorted(found, key=lambda text: (-len(text), text))[:MOST_TEXTS]


def call_that_asks(calls: Iterable[ToolCallBlock], task: str) -> ToolCallBlock | None:
    """The first of these calls that passes this task (of `task_of`) to another agent."""
    return next((call for call in list(calls)[:MOST_CALLS] if task in texts_asked(call)), None)


def _texts(value: Any) -> Iterator[str]:
    waiting = [value]
    for _ in range(_MOST_VALUES):
        if not waiting:
            return
        current = waiting.pop()
        if isinstance(current, str):
            yield current
        elif isinstance(current, dict):
            waiting += list(current.values())[:_MOST_VALUES]
        elif isinstance(current, list):
            waiting += current[:_MOST_VALUES]


def _as_task(text: str) -> str:
    """The text in one line; "" if it is too short, too long, or has too few words."""
    if not LEAST_CHARS <= len(text) <= MOST_CHARS:
        return ""
    line = " ".join(text.split())
    # Not every script puts spaces between words.
    is_task = len(line) >= LEAST_CHARS and (line.count(" ") >= LEAST_SPACES or not line.isascii())
    return line if is_task else ""
