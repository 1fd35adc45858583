"""The unique ids of tool calls that a message holds: they tell which answer a request goes on from."""

from __future__ import annotations

import re

from sessions_app.content.blocks import Message, TextBlock, ToolCallBlock, ToolResultBlock

# Shorter ids of tool calls are counters, or clients replace them. Longer ones tell two conversations apart.
UNIQUE_ID_CHARS = 16
# Counters with zeros before them are long, too.
LEAST_DISTINCT = 8
MOST_IDS = 8
# Some clients write calls into the text. So much of it is searched for ids.
_MOST_TEXT = 20_000
_WRITTEN = re.compile(r"(?<![\w-])(?:call|toolu)_[\w-]{12,60}")


def unique_id(call_id: str, name: str) -> str:
    """The id of a tool call, if it is long enough to be unique, without what gateways and clients put around it.

    `name`: of the tool that is called.
    """
    # LiteLLM appends Gemini's thought signature, other clients the item's id.
    call_id = call_id.partition("__thought__")[0].partition("|")[0]
    if len(call_id) < UNIQUE_ID_CHARS:
        return ""
    # Gemini CLI (0.61) puts the tool's name first, but only in some of the places where it writes the id.
    if name and call_id.startswith(f"{name}__") and len(call_id) - len(name) - 2 >= UNIQUE_ID_CHARS:
        return call_id[len(name) + 2 :]
    return call_id


def call_ids(message: Message) -> tuple[str, ...]:
    """The unique ids of a message's tool calls and results, in order."""
    found: dict[str, None] = {}
    for block in message.blocks:
        if isinstance(block, ToolCallBlock) and not block.by_provider:
            found[_telling_id(block.id, block.name)] = None
        elif isinstance(block, ToolResultBlock):
            found[_telling_id(block.call_id, block.name)] = None
    found.pop("", None)
    return tuple(list(found)[:MOST_IDS])


def _telling_id(call_id: str, name: str) -> str:
    """The id, if nothing else has it: some servers make it of the tool's name and a number."""
    found = unique_id(call_id, name)
    if not found or (name and name in found) or len(set(found)) < LEAST_DISTINCT:
        return ""
    return found


def may_name_calls(text: str) -> bool:
    """Whether ids of tool calls may be written in a text."""
    return "call_" in text or "toolu_" in text


def written_ids(message: Message) -> tuple[str, ...]:
    """The unique ids in a message's text. Anybody may quote an id, so they tell less."""
    found: list[str] = []
    for block in message.blocks:
        if isinstance(block, TextBlock) and may_name_calls(block.text):
            found += [one for text in _WRITTEN.findall(block.text[:_MOST_TEXT]) if (one := _telling_id(text, ""))]
    return tuple(dict.fromkeys(found))[:MOST_IDS]
