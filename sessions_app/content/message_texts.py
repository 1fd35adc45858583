"""The text of a message: for copying, and for searching."""

from __future__ import annotations

import re
from typing import assert_never

from sessions_app.content.base64_text import json_without_base64
from sessions_app.content.blocks import (
    CitationsBlock,
    MediaBlock,
    Message,
    OtherBlock,
    ReasoningBlock,
    RefusalBlock,
    TextBlock,
    ToolCallBlock,
    ToolResultBlock,
    text_of,
)

# Between these a text is JSON, or what Python writes of a value, which has the same escapes.
_ENDS = {"{": "}", "[": "]", '"': '"'}
_CHARACTERS = re.compile(r"\\u[0-9a-fA-F]{4}(?:[^\\]*\\u[0-9a-fA-F]{4})*")
_MEANS = {"\\n": "\n", "\\r": "\r", "\\t": "\t", "\\b": "\b", "\\f": "\f", '\\"': '"', "\\/": "/"}


def plain_text(message: Message) -> str:
    """Its texts and refusals, as a person would copy them: without reasoning, tool calls and results."""
    said = [block.text for block in message.blocks if isinstance(block, (TextBlock, RefusalBlock)) and block.text]
    return "\n".join(said)


def searchable_text(message: Message) -> str:
    """All of its text, with reasoning, tool calls and results; without encoded media."""
    pieces = [message.name]
    for block in message.blocks:
        match block:
            case ToolCallBlock() | ToolResultBlock():
                pieces += [block.name, without_escapes(text_of(block))]
            case MediaBlock():
                pieces += [block.name, block.text, "" if block.url.startswith("data:") else block.url]
            case TextBlock() | ReasoningBlock() | RefusalBlock():
                pieces.append(block.text)
            case CitationsBlock():
                pieces += [words for one in block.citations for words in (one.title, one.url, one.quote)]
            case OtherBlock():
                pieces.append(without_escapes(json_without_base64(block.value)))
            case _:
                assert_never(block)
    return "\n".join(filter(None, pieces))


def without_escapes(text: str) -> str:
    """JSON as pages show it, and as people look for it: `\\n` is the end of a line, `\\u6771` a character."""
    bare = text.strip()
    if "\\" not in bare or not bare.endswith(_ENDS.get(bare[:1], "\n")):
        return text
    # Between two backslashes in a row, which stand for one, each of the others begins an escape.
    return "\\".join(map(_meant, text.split("\\\\")))


def _meant(text: str) -> str:
    if "\\" not in text:
        return text
    for escape, means in _MEANS.items():
        text = text.replace(escape, means)
    return _CHARACTERS.sub(_characters, text) if "\\u" in text else text


def _characters(found: re.Match[str]) -> str:
    """Each stands for a character, or two in a row for one."""
    text = found[0].encode("ascii", "backslashreplace").decode("unicode_escape")
    return text.encode("utf-16", "surrogatepass").decode("utf-16", "surrogatepass")
