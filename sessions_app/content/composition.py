"""What a prompt consists of: how many characters are system prompt, tool definitions, tool results, … Plain Python.

Only characters are counted, of texts as the model reads them: a message's texts, a call's name and arguments, what a
result says. Of tool definitions it is their JSON. Whatever the log does not hold counts nothing here.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any, NamedTuple, assert_never

from sessions_app.content.base64_text import json_without_base64
from sessions_app.content.blocks import (
    CitationsBlock,
    ContentBlock,
    MediaBlock,
    Message,
    OtherBlock,
    ReasoningBlock,
    RefusalBlock,
    TextBlock,
    ToolCallBlock,
    ToolResultBlock,
)
from sessions_app.content.json_bytes import DocumentError, JsonBytes, loads
from sessions_app.content.tool_names import server_of

SYSTEM, TOOLS, USER, ASSISTANT = "system", "tools", "user", "assistant"
REASONING, RESULTS, MEDIA, OTHER = "reasoning", "results", "media", "other"
# The order in which profiles of requests store them.
CLASSES = (SYSTEM, TOOLS, USER, ASSISTANT, REASONING, RESULTS, MEDIA, OTHER)
ENCRYPTED = "encrypted"
DETAIL_CHARS = 80

_BY_ROLE = {"system": SYSTEM, "user": USER, "assistant": ASSISTANT, "tool": RESULTS}
# What this tool of OpenAI's returns are definitions of tools.
_LISTS_TOOLS = "mcp_list_tools"


class PromptPiece(NamedTuple):
    """A piece of a prompt. `detail`: the tool of calls and results, the server of definitions, the modality of media,
    the type of what is not understood; "" if there is none. `amount`: characters, of media the number of items.
    """

    kind: str
    detail: str
    amount: int


def pieces_of_message(
    role: str, blocks: Sequence[ContentBlock], tools: Mapping[str, str] | None = None
) -> Iterator[PromptPiece]:
    """What a message adds to a prompt. `tools`: the names of the tools that were called, by the ids of the calls.

    Most APIs name the tool only in the call, so without `tools` most results have no detail.
    """
    said = _BY_ROLE.get(role, OTHER)
    for block in blocks:
        yield from _pieces(block, said, tools or {})


def _pieces(block: ContentBlock, said: str, tools: Mapping[str, str]) -> Iterator[PromptPiece]:
    match block:
        case TextBlock() | RefusalBlock():
            yield PromptPiece(said, "", len(block.text))
        case ReasoningBlock():
            yield PromptPiece(REASONING, ENCRYPTED if block.encrypted_chars else "", len(block.text))
        case ToolCallBlock():
            kind = TOOLS if block.name == _LISTS_TOOLS else ASSISTANT
            yield PromptPiece(kind, _clipped(block.name), len(block.name) + len(block.arguments))
        case ToolResultBlock():
            yield from _of_result(block, tools)
        case MediaBlock():
            yield _of_media(block, said)
        case CitationsBlock():
            chars = sum(len(one.title) + len(one.url) + len(one.quote) for one in block.citations)
            yield PromptPiece(said, "", chars)
        case OtherBlock():
            yield PromptPiece(OTHER, _type_of(block.value), len(json_without_base64(block.value)))
        case _:
            assert_never(block)


def _of_result(block: ToolResultBlock, tools: Mapping[str, str]) -> Iterator[PromptPiece]:
    """A result's text, and the images and files in it."""
    name = block.name or tools.get(block.call_id, "")
    yield PromptPiece(TOOLS if name == _LISTS_TOOLS else RESULTS, _clipped(name), len(block.text))
    for inner in block.blocks:
        if isinstance(inner, MediaBlock) and not _is_text(inner):
            yield PromptPiece(MEDIA, inner.modality, 1)


def _of_media(block: MediaBlock, said: str) -> PromptPiece:
    return PromptPiece(said, "", len(block.text)) if _is_text(block) else PromptPiece(MEDIA, block.modality, 1)


def _is_text(block: MediaBlock) -> bool:
    """Whether all that the model sees of a file is its text. A recording is heard, whatever its transcript says."""
    return block.modality == "file" and bool(block.text)


def _type_of(value: Any) -> str:
    kind = value.get("type") if isinstance(value, dict) else None
    return _clipped(kind) if isinstance(kind, str) else ""


def _clipped(text: str) -> str:
    return text[:DETAIL_CHARS]


def piece_of_tool(definition: JsonBytes) -> PromptPiece:
    """What a tool definition adds to a prompt, from its JSON bytes: its server and its characters."""
    raw = bytes(definition)
    try:
        server = server_of(loads(raw))
    except DocumentError:
        server = ""
    return PromptPiece(TOOLS, _clipped(server), len(raw) if raw.isascii() else len(raw.decode("utf-8", "replace")))


def calls_in(messages: Iterable[Message]) -> dict[str, str]:
    """The names of the tools that messages call, by the ids of the calls."""
    calls = (block for message in messages for block in message.blocks if isinstance(block, ToolCallBlock))
    return {block.id: block.name for block in calls if block.id and block.name}


def amounts(pieces: Iterable[PromptPiece]) -> tuple[int, ...]:
    """The amounts of some pieces by CLASSES."""
    found: Counter[str] = Counter()
    for piece in pieces:
        found[piece.kind] += piece.amount
    return tuple(found[kind] for kind in CLASSES)


# --- in tokens --------------------------------------------------------------------------------------------------------

# What an API writes around messages takes tokens, too: so many more tokens than characters still fit the log.
_FRAME_TOKENS = 300
# Of a text, where no count of tokens belongs to it alone.
USUAL_CHARS_A_TOKEN = 4
_MEDIA_PLACE = CLASSES.index(MEDIA)


class InTokens(NamedTuple):
    """The tokens of each class, by CLASSES. They add up, with `unknown`, to what was reported.

    `is_scaled`: the log holds the whole prompt, so the tokens are shared out by characters. Else the texts are taken at
    the usual characters a token, and what is left is `unknown`.
    """

    tokens: tuple[int, ...]
    unknown: int
    is_scaled: bool


def in_tokens(amounts: Sequence[int], reported: int | None, is_whole: bool) -> InTokens | None:
    """Amounts by CLASSES in the tokens that were reported; None if there is no count.

    `is_whole`: nothing is known to be missing in the log. Where there are more tokens than the characters can be,
    something is missing all the same.
    """
    if reported is None or reported < 0:
        return None
    chars = [0 if place == _MEDIA_PLACE else amount for place, amount in enumerate(amounts)]
    total = sum(chars)
    if total and is_whole and not amounts[_MEDIA_PLACE] and reported <= total + _FRAME_TOKENS:
        return InTokens(_shared_out(chars, reported), 0, is_scaled=True)
    usual = [amount // USUAL_CHARS_A_TOKEN for amount in chars]
    if sum(usual) > reported:
        usual = list(_shared_out(chars, reported))
    return InTokens(tuple(usual), reported - sum(usual), is_scaled=False)


def _shared_out(chars: Sequence[int], tokens: int) -> tuple[int, ...]:
    """Tokens in proportion to characters, whole numbers that add up."""
    total, ends, before = sum(chars), [], 0
    for amount in chars:
        before += amount
        ends.append(tokens * before // total)
    return tuple(end - start for start, end in zip([0, *ends], ends, strict=False))
