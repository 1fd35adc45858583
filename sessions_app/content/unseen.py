"""What a provider counts as input that a log does not hold, in words. Plain Python.

Nothing here is measured: that something is missing is known, and how much is not.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from typing import Any

from sessions_app.content.blocks import Message, ToolCallBlock
from sessions_app.content.composition import DETAIL_CHARS, ENCRYPTED, MEDIA, OTHER, REASONING, PromptPiece
from sessions_app.content.json_values import JsonObject
from sessions_app.content.tool_names import is_server, server_of

HISTORY = "the history before it, which the provider keeps (previous_response_id)"
RAN_TOOLS = "what the provider's own tools returned during the answer"
CUT = "what was cut out of its texts before they were logged"
WITHHELD = "its messages, which the sender did not log"
# So many names are told.
_MOST_NAMED = 5
# Items that stand for others which the provider keeps.
_STAND_FOR_OTHERS = ("item_reference", "compaction", "compaction_summary")
_NOUNS = {"image": "image", "audio": "recording", "file": "file"}


def of_parameters(parameters: JsonObject) -> Iterator[str]:
    """What a request's other members refer to."""
    named = parameters.get("conversation")
    if isinstance(named, str) or (isinstance(named, dict) and named.get("id")):
        yield "the conversation, which the provider keeps"
    if parameters.get("cachedContent") or parameters.get("cached_content"):
        yield "cached contents, which the provider keeps"
    if isinstance(parameters.get("prompt"), dict) and parameters["prompt"].get("id"):
        yield "the prompt template, which the provider keeps"


def of_pieces(pieces: Iterable[PromptPiece]) -> Iterator[str]:
    """Pieces whose tokens nobody knows."""
    media: Counter[str] = Counter()
    encrypted = references = 0
    for piece in pieces:
        if piece.kind == MEDIA:
            media[piece.detail] += piece.amount
        encrypted += piece.kind == REASONING and piece.detail == ENCRYPTED
        references += piece.kind == OTHER and piece.detail in _STAND_FOR_OTHERS
    for modality, count in media.items():
        yield f"{_counted(count, _NOUNS.get(modality, 'file'))}, whose tokens the log does not tell"
    if encrypted:
        yield f"{_counted(encrypted, 'piece')} of reasoning, encrypted"
    if references:
        yield f"{_counted(references, 'item')} that the provider keeps"


def of_tools(definitions: Iterable[Any], pieces: Iterable[PromptPiece]) -> Iterator[str]:
    """Definitions that only name an MCP server, if the prompt has no list of its tools."""
    servers = list(dict.fromkeys(server_of(one)[:DETAIL_CHARS] for one in definitions if is_server(one)))
    if servers and not any(piece.detail == "mcp_list_tools" for piece in pieces):
        yield f"the tools of {_named(servers, 'MCP server')}"


def of_answer(answer: Iterable[Message]) -> Iterator[str]:
    """What came in while the provider ran tools itself, before the answer was complete."""
    calls = (block for message in answer for block in message.blocks if isinstance(block, ToolCallBlock))
    names = list(dict.fromkeys(block.name[:DETAIL_CHARS] for block in calls if block.by_provider))
    if names:
        yield f"{RAN_TOOLS} ({_some(names)})"


def _named(names: list[str], noun: str) -> str:
    return f"the {noun} {names[0]}" if len(names) == 1 else f"the {noun}s {_some(names)}"


def _some(names: list[str]) -> str:
    more = len(names) - _MOST_NAMED
    return ", ".join(names[:_MOST_NAMED]) + (f" and {more:,} more" if more > 0 else "")


def _counted(count: int, noun: str) -> str:
    return f"{count:,} {noun}{'' if count == 1 else 's'}"
