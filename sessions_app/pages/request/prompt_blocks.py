"""The blocks of a prompt: a system prompt, a tool definition or a message each, with its size and its plain text."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import assert_never

from markupsafe import Markup

from sessions_app.content import base64_text, composition
from sessions_app.content.base64_text import json_without_base64
from sessions_app.content.blocks import (
    CitationsBlock,
    ContentBlock,
    MediaBlock,
    OtherBlock,
    ReasoningBlock,
    RefusalBlock,
    TextBlock,
    ToolCallBlock,
    ToolResultBlock,
)
from sessions_app.content.composition import MEDIA, SYSTEM, PromptPiece, calls_in, piece_of_tool, pieces_of_message
from sessions_app.content.documents import PartKind
from sessions_app.content.message_texts import searchable_text
from sessions_app.content.prompt_text import heading, text_of_blocks
from sessions_app.pages.html.attachments import attachment
from sessions_app.pages.html.components import NOTHING, component, joined
from sessions_app.pages.html.excerpts import excerpt
from sessions_app.pages.html.finding import is_looking, part
from sessions_app.pages.html.formats import size
from sessions_app.pages.html.json_text import MOST_INDENTED_CHARS, beginning, drawn, is_json
from sessions_app.pages.html.other_blocks import citations, rest_of_message
from sessions_app.pages.html.pieces import clamped, code_box, reference
from sessions_app.pages.html.plain_text import revealed
from sessions_app.pages.html.source import BlockAddress, Source, source_of
from sessions_app.pages.html.texts import with_seams
from sessions_app.pages.html.tool_definitions import names_of
from sessions_app.pages.html.tool_schema import drawn_definition
from sessions_app.queries.content import StoredPart
from sessions_app.queries.prompt import Prompt, PromptPart

# So much of a text is on the page; the rest is one click away.
TEXT_CHARS, TEXT_LINES = 20_000, 1_000_000
NAME_CHARS, MOST_NAMES = 80, 10
ROLE_CHARS = 40


@dataclass(frozen=True, slots=True)
class PromptBlock:
    """One block of a prompt. `kind`: the class of most of it. `owner`: the index of the request whose log has it.

    `source` is the message that it is, None for a tool definition and for a part that was too large to be read.
    """

    number: int
    stored: StoredPart
    kind: str
    title: str
    pieces: Sequence[PromptPiece]
    owner: int
    source: Source | None = None

    @property
    def chars(self) -> int:
        """Its characters; of a part that was not read, its bytes."""
        return sum(piece.amount for piece in self.pieces if piece.kind != MEDIA)

    @property
    def is_read(self) -> bool:
        return self.stored.content is not None

    def text(self, tools: Mapping[str, str]) -> str:
        """Its plain text. `tools`: the names of tools by the ids of calls."""
        if self.source is not None:
            return text_of_blocks(self.source.said, tools)
        return (self.stored.content or b"").decode("utf-8", "replace")

    def searched(self) -> str:
        """Its text without the words around it: what is marked where words are looked for."""
        if self.source is None:
            return self.text({})
        rest = self.source.unread
        said = searchable_text(replace(self.source.message, name=""))
        return said if rest is None else f"{said}\n{json_without_base64(rest.value)}"

    def copied(self, tools: Mapping[str, str]) -> str:
        return f"{heading(self.title)}\n{self.text(tools)}\n"


def blocks_of(prompt: Prompt) -> tuple[list[PromptBlock], Mapping[str, str]]:
    """The blocks of a prompt in order, and the names of its tools by the ids of calls."""
    sources = [_source(one) for one in prompt.parts]
    tools = calls_in(source.message for source in sources if source)
    return [
        _block(number, one, source, tools)
        for number, (one, source) in enumerate(zip(prompt.parts, sources, strict=True), start=1)
    ], tools


def _source(one: PromptPart) -> Source | None:
    if one.stored.content is None or one.stored.kind is PartKind.TOOL:
        return None
    return source_of(one.stored.content, one.role, one.stored.digest)


def _block(number: int, one: PromptPart, source: Source | None, tools: Mapping[str, str]) -> PromptBlock:
    stored = one.stored
    if source is not None:
        message = source.message
        pieces = list(pieces_of_message(message.role, source.said, tools))
        return PromptBlock(number, stored, _kind(pieces), _title(source), pieces, one.owner, source)
    if stored.kind is PartKind.TOOL:
        title = f"tool {_names(stored)}"
        whole = [piece_of_tool(stored.content)] if stored.content is not None else _not_read(composition.TOOLS, stored)
        return PromptBlock(number, stored, composition.TOOLS, title, whole, one.owner)
    role = stored.role or one.role
    kind = SYSTEM if role == SYSTEM else composition.OTHER
    return PromptBlock(number, stored, kind, _role_in_words(role), _not_read(kind, stored), one.owner)


def _kind(pieces: Sequence[PromptPiece]) -> str:
    """The class of most of a message: some APIs let the user say the results of tools."""
    return max(pieces, key=lambda piece: piece.amount).kind if pieces else composition.OTHER


def _not_read(kind: str, stored: StoredPart) -> list[PromptPiece]:
    return [PromptPiece(kind, "not read, so its bytes are counted", stored.byte_size)]


def _names(stored: StoredPart) -> str:
    names = names_of(stored) if stored.content is not None else [size(stored.byte_size)]
    return ", ".join(names[:MOST_NAMES]) + (", …" if len(names) > MOST_NAMES else "")


def _title(source: Source) -> str:
    message = source.message
    return _role_in_words(message.role) + (f" {message.name[:NAME_CHARS]}" if message.name else "")


def _role_in_words(role: str) -> str:
    return "system prompt" if role == SYSTEM else role[:ROLE_CHARS]


# --- as HTML ----------------------------------------------------------------------------------------------------------


def content_html(block: PromptBlock, url: str, tools: Mapping[str, str]) -> Markup:
    """What a block holds, as it was sent: plain text. `url`: the address of the request whose log has it."""
    digest = block.stored.digest
    if not block.is_read:
        return clamped(NOTHING, f"{url}text/{digest.hex()}/raw/", block.stored.byte_size)
    if block.source is None:
        address = BlockAddress(url, digest, "raw")
        definition = drawn_definition(block.stored.content or b"", address)
        return part(digest) + (definition or _json(block.text({}), address))
    message = block.source.message
    pieces = (_piece(one, BlockAddress(url, digest, str(number)), tools) for number, one in enumerate(message.blocks))
    rest = block.source.unread
    left = rest_of_message(rest, BlockAddress(url, digest, "raw")) if rest else NOTHING
    return joined((part(digest), *pieces, left)) or reference("info", "Empty message")


def _piece(block: ContentBlock, address: BlockAddress, tools: Mapping[str, str]) -> Markup:
    match block:
        case TextBlock() | RefusalBlock():
            return _plain(block.text, address)
        case ReasoningBlock(text=""):
            return reference("reason", "Reasoning, encrypted" if block.encrypted_chars else "Reasoning, not sent")
        case ReasoningBlock():
            return _named("reasoning", "", _plain(block.text, address))
        case ToolCallBlock():
            return _named("call of", block.name or "a tool", _json(block.arguments, address), block.id)
        case ToolResultBlock():
            return joined(_result(block, address, tools))
        case MediaBlock():
            return attachment(block, address) + (_plain(block.text, address) if block.text else NOTHING)
        case CitationsBlock():
            return citations(block)
        case OtherBlock():
            return _plain(json_without_base64(block.value), address)
    assert_never(block)


def _result(block: ToolResultBlock, address: BlockAddress, tools: Mapping[str, str]) -> Iterator[Markup]:
    name = block.name or tools.get(block.call_id, "") or "a tool"
    yield _named("result of", name, _plain(block.text, address), block.call_id)
    for number, inner in enumerate(block.blocks):
        if isinstance(inner, MediaBlock):
            yield attachment(inner, address.inner(number))


def _named(what: str, name: str, content: Markup, call_id: str = "") -> Markup:
    return component("prompt", "named")(what, name[:NAME_CHARS], call_id[:NAME_CHARS], content)


def _plain(text: str, address: BlockAddress) -> Markup:
    found = excerpt(base64_text.readable(text), TEXT_CHARS, TEXT_LINES)
    html = with_seams(found.shown, lambda piece: code_box(revealed(piece), direction="auto"))
    return clamped(html, address.text_url, found.hidden_chars)


def _json(text: str, address: BlockAddress) -> Markup:
    """JSON with line breaks and inks. Words that are looked for are counted in the text as it came, so it is shown."""
    if is_looking() or not is_json(text) or len(text) > MOST_INDENTED_CHARS:
        return _plain(text, address)
    found = beginning(base64_text.readable(text), TEXT_CHARS, TEXT_LINES)
    html = with_seams(found.shown, lambda piece: code_box(drawn(piece)))
    return clamped(html, address.text_url, found.hidden_chars)


def all_pieces(blocks: Iterable[PromptBlock]) -> list[PromptPiece]:
    return [piece for block in blocks for piece in block.pieces]
