"""The canonical form of a message: what it says, the same whether a provider returns it or a client sends it back.

Clients write a message again before they send it back. Differences that do not change what it says are left out:
- reasoning and its signatures, author names, cache marks, annotations, citations, log probabilities,
- members that are null or empty, ids and `index` of items, white space around a text,
- whether a text is a string or a list of blocks, and whether a refusal is a member or a block,
- the order of arguments and the spelling of their numbers,
- tools that the provider ran itself, and what they returned.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Iterable
from typing import Any, NamedTuple, assert_never

import msgspec

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
    joined_text,
    text_of,
)
from sessions_app.content.call_ids import call_ids, may_name_calls, unique_id, written_ids
from sessions_app.content.json_bytes import DocumentError, loads
from sessions_app.content.outcomes import ToolFailure, failures_in
from sessions_app.content.summaries import unique_text

DIGEST_BYTES = 8
# LiteLLM (1.106) writes one of these in place of a message when it must not log messages.
REDACTED = frozenset({"redacted-by-litellm", "redacted-by-litellm.", "REDACTED_BY_LITELM", "REDACTED_BY_LITELLM"})
_REDACTED_CHARS = max(map(len, REDACTED))
ITEM_REFERENCE = "item_reference"

_ANSWER = "assistant"
_NOT_SENT_BACK = frozenset({"cache_control", "signature", "thoughtSignature", "thought_signature", "id", "status"})
_FOREIGN_NUMBER = re.compile(r"\d\.0+(?!\d)|\d[eE][+-]?\d")
# Open models write their reasoning into the text. Clients remove it before they send the text back.
_THOUGHT = re.compile(r"<(think|thinking)>.*?</\1>", re.DOTALL)

# Stands for data that is nested too deeply to be written.
_TOO_DEEP = "nested too deeply"

# Kind and texts of a piece of a message. They are hashed into link keys, which are stored: a kind never changes.
CanonicalPiece = tuple[str, ...]
TEXT, TOOL_CALL, TOOL_RESULT, AUDIO, IMAGE, DATA = "text", "tool_call", "tool_result", "audio", "image", "data"


class CanonicalForm(NamedTuple):
    """The role of a message and a digest (8 bytes) of each of its pieces.

    No pieces: it says nothing (an item that is only reasoning), or what it says is hidden (`is_redacted`). `is_text`:
    it consists of one text. Only answers have an `item_id`, which may be sent back in their place. `renamed`: its
    pieces without the ids of tool calls, if that makes a difference. `call_ids`: those ids that nothing else has.
    `written_ids`: those in the text of what is sent, if it has no other ones. `failures`: the tool results that failed.
    `summary`: a digest of what the provider put in the place of a history.
    """

    role: str
    pieces: tuple[bytes, ...]
    is_redacted: bool = False
    is_text: bool = False
    item_id: str = ""
    renamed: tuple[bytes, ...] = ()
    call_ids: tuple[str, ...] = ()
    failures: tuple[ToolFailure, ...] = ()
    written_ids: tuple[str, ...] = ()
    summary: bytes = b""

    @property
    def bare(self) -> tuple[bytes, ...]:
        """Its pieces without the ids of tool calls."""
        return self.renamed or self.pieces


def canonical_form(message: Message, is_output: bool = False) -> CanonicalForm:
    """The canonical form of a message. `is_output`: it is an answer, which may be sent back in other forms."""
    if len(message.blocks) == 1 and isinstance(message.blocks[0], TextBlock):
        return _form_of_text(message, message.blocks[0].text, is_output)
    redacted = any(_is_redacted(text_of(block)) for block in message.blocks)
    pieces = [] if redacted else pieces_of(message)
    is_text = len(pieces) == 1 and pieces[0][0] == TEXT
    said, failures = digests_of(message.role, pieces), failures_in(message)
    if redacted:
        return CanonicalForm(message.role, said, redacted, is_text, failures=failures)
    # What is sent keeps its media, whatever their ids are.
    bare = [] if is_text else _without_ids(message, pieces) if is_output else [_bare(piece) for piece in pieces]
    renamed = digests_of(message.role, bare) if bare != pieces and not is_text else ()
    item_id = message.item_id if is_output else ""
    found = call_ids(message)
    written = () if found or is_output else written_ids(message)
    summary = _summary(message.blocks)
    return CanonicalForm(message.role, said, redacted, is_text, item_id, renamed, found, failures, written, summary)


def _summary(blocks: Iterable[ContentBlock]) -> bytes:
    items = (block.value for block in blocks if isinstance(block, OtherBlock))
    text = next((found for item in items if (found := unique_text(item))), "")
    return _digest("", (text,)) if text else b""


def _form_of_text(message: Message, text: str, is_output: bool) -> CanonicalForm:
    """The same for a message of one text, as most are."""
    if _is_redacted(text):
        return CanonicalForm(message.role, (), is_redacted=True)
    pieces = pieces_of(message)
    item_id = message.item_id if is_output else ""
    said, written = digests_of(message.role, pieces), written_ids(message) if may_name_calls(text) else ()
    return CanonicalForm(message.role, said, False, bool(pieces), item_id, written_ids=() if is_output else written)


def _is_redacted(text: str) -> bool:
    # The length first: looking a text up in a set hashes all of it.
    return len(text) <= _REDACTED_CHARS and text in REDACTED


def _without_ids(message: Message, pieces: list[CanonicalPiece]) -> list[CanonicalPiece]:
    if all(piece[0] in (TEXT, TOOL_CALL) for piece in pieces):
        return [_bare(piece) for piece in pieces]
    return pieces_of(message, with_ids=False)


def _bare(piece: CanonicalPiece) -> CanonicalPiece:
    if piece[0] == TOOL_CALL:
        return (*piece[:3], "")
    return (TOOL_RESULT, "", *piece[2:]) if piece[0] == TOOL_RESULT else piece


def pieces_of(message: Message, with_ids: bool = True) -> list[CanonicalPiece]:
    """The pieces of a message. An answer's text comes first, as APIs put it before or after the tool calls.

    Some clients drop or replace ids. Without ids (`with_ids`), tool calls have none, a spoken answer is its transcript,
    and generated images are left out.
    """
    is_answer = message.role == _ANSWER
    first = message.blocks[0] if len(message.blocks) == 1 else None
    if isinstance(first, TextBlock):
        text = said_in(first.text) if is_answer else _even(first.text)
        return [(TEXT, text)] if text else []
    pieces: list[CanonicalPiece] = []
    text = "".join(_texts(message.blocks, with_ids)) if is_answer else ""
    if is_answer and (said := said_in(text)):
        pieces.append((TEXT, said))
    words: list[str] = []
    for block in message.blocks:
        if isinstance(block, (TextBlock, RefusalBlock)):
            if not is_answer:
                # Neighbours are joined only once, as a message may have any number of them.
                words.append(block.text)
        elif piece := _piece(block, is_answer, with_ids):
            pieces += _joined(words)
            words = []
            pieces.append(piece)
    pieces += _joined(words)
    return pieces if is_answer else [stripped for piece in pieces if (stripped := _stripped(piece))]


def _joined(words: list[str]) -> list[CanonicalPiece]:
    return [(TEXT, "".join(words))] if words else []


def _texts(blocks: Iterable[ContentBlock], with_ids: bool) -> Iterable[str]:
    for block in blocks:
        if isinstance(block, (TextBlock, RefusalBlock)) or (
            isinstance(block, MediaBlock) and block.modality == "audio" and not (with_ids and block.id)
        ):
            yield block.text


def said_in(text: str) -> str:
    """The text of an answer without white space around it and without the reasoning that open models put first."""
    stripped = text.lstrip()
    if stripped.startswith("<think") and (thought := _THOUGHT.match(stripped)):
        return _even(stripped[thought.end() :])
    return _even(text)


def _even(text: str) -> str:
    return (text.replace("\r\n", "\n") if "\r" in text else text).strip()


def _stripped(piece: CanonicalPiece) -> CanonicalPiece | None:
    if piece[0] != TEXT:
        return piece
    text = _even(piece[1])
    return (TEXT, text) if text else None


def _piece(block: ContentBlock, is_answer: bool, with_ids: bool) -> CanonicalPiece | None:
    """The piece for one block; None for a block that does not count."""
    match block:
        case TextBlock() | RefusalBlock():
            return (TEXT, block.text)
        case ReasoningBlock() | CitationsBlock():
            return None
        case ToolCallBlock():
            call_id = unique_id(block.id, block.name) if with_ids else ""
            return None if block.by_provider else (TOOL_CALL, block.name, same_json(block.arguments), call_id)
        case ToolResultBlock():
            if is_answer:
                return _generated_image(block, with_ids)
            return (TOOL_RESULT, unique_id(block.call_id, block.name), *_result(block))
        case OtherBlock():
            return None if block.by_provider else _data(block.value)
        case MediaBlock():
            return _answered_media(block, with_ids) if is_answer else _sent_media(block)
    assert_never(block)


def _generated_image(block: ToolResultBlock, with_ids: bool) -> CanonicalPiece | None:
    """What a provider's tool returned does not count, but an image that the model made is what it says."""
    images = (inner for inner in block.blocks if isinstance(inner, MediaBlock) and inner.modality == "image")
    image = next((inner for inner in images if inner.id), None)
    return _answered_media(image, with_ids) if image else None


def _answered_media(block: MediaBlock, with_ids: bool) -> CanonicalPiece | None:
    """Media that a model made. It is sent back by its id, if at all."""
    match block.modality:
        case "audio":
            return (AUDIO, block.id) if with_ids and block.id else None
        case "image":
            return (IMAGE, block.id or block.url) if with_ids else None
        case "file":
            return _sent_media(block)
    assert_never(block.modality)


def _sent_media(block: MediaBlock) -> CanonicalPiece:
    return (block.modality, block.text.strip(), block.id, block.url, block.fingerprint)


def _result(block: ToolResultBlock) -> list[str]:
    """A tool's result: its text, then whatever in it is not text."""
    found = [_even(joined_text(block.blocks, "\n") if block.blocks else block.text)]
    for inner in block.blocks:
        match inner:
            case TextBlock() | RefusalBlock() | ReasoningBlock() | CitationsBlock():
                pass
            case OtherBlock():
                found += _data(inner.value) or ()
            case MediaBlock():
                found += (inner.modality, inner.url, inner.fingerprint)
            case ToolCallBlock():
                found += (TOOL_CALL, "", "")
            case ToolResultBlock():
                found += (TOOL_RESULT, "", "")
            case _:
                assert_never(inner)
    return found


def _data(value: Any) -> CanonicalPiece | None:
    if isinstance(value, dict) and value.get("type") == ITEM_REFERENCE:
        return reference_to(str(value.get("id")))
    try:
        kept = _kept(value)
    except RecursionError:
        kept = value
    return (DATA, _sorted_json(kept)) if kept not in (None, {}, []) else None


def reference_to(item_id: str) -> CanonicalPiece | None:
    """The piece for an earlier item that is sent back by its id; None for reasoning, which does not count."""
    return None if item_id.startswith("rs_") else (ITEM_REFERENCE, item_id)


def by_reference(form: CanonicalForm) -> tuple[bytes, ...]:
    """The pieces of an answer when it is sent back by its id, if it has one."""
    reference = reference_to(form.item_id) if form.item_id else None
    return digests_of(_ANSWER, [reference]) if reference else form.pieces


def _kept(value: Any) -> Any:
    """Data without null and empty members and those that clients do not send back."""
    if isinstance(value, dict):
        kept = {key: _kept(item) for key, item in value.items() if key not in _NOT_SENT_BACK}
        return {key: item for key, item in kept.items() if item not in (None, "", [], {})}
    return [_kept(item) for item in value] if isinstance(value, list) else value


def same_json(text: str) -> str:
    """Arguments in one spelling: clients change white space, order and numbers when they write them anew."""
    if text.strip() in ("", "{}", "null"):
        return "{}"
    try:
        value = loads(text.encode("utf-8", "surrogatepass"))
        if _FOREIGN_NUMBER.search(text):
            value = _plain_numbers(value)
        return _sorted_json(value)
    except (DocumentError, RecursionError):
        return text.strip()


def _plain_numbers(value: Any) -> Any:
    """Whole floats as integers: JavaScript writes 1.0 and 1e0 as 1."""
    if isinstance(value, float) and value.is_integer() and abs(value) < 2**53:
        return int(value)
    if isinstance(value, dict):
        return {key: _plain_numbers(item) for key, item in value.items()}
    return [_plain_numbers(item) for item in value] if isinstance(value, list) else value


def _sorted_json(value: Any) -> str:
    try:
        return msgspec.json.encode(value, order="sorted").decode()
    except (msgspec.MsgspecError, TypeError, ValueError, RecursionError, OverflowError):
        pass
    try:
        # msgspec refuses lone surrogates and very large integers.
        return json.dumps(value, sort_keys=True)
    except RecursionError:
        return _TOO_DEEP
    except (TypeError, ValueError):
        return repr(value)


def digests_of(role: str, pieces: Iterable[CanonicalPiece]) -> tuple[bytes, ...]:
    """A digest of each piece and the role that says it. Tool results always count as said by `tool`."""
    return tuple(_digest("tool" if piece[0] == TOOL_RESULT else role, piece) for piece in pieces)


def _digest(role: str, piece: CanonicalPiece) -> bytes:
    # The lengths come first, so that no text can look like another piece.
    lengths = ",".join([str(len(text)) for text in piece])
    said = "".join((role, ":", lengths, ":", *piece))
    return hashlib.sha256(said.encode("utf-8", "surrogatepass")).digest()[:DIGEST_BYTES]
