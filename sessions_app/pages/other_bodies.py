"""One line for what is no conversation: embeddings, images, moderation, reranking, speech, other calls."""

from __future__ import annotations

import base64
from collections.abc import Iterable, Iterator

import msgspec

from sessions_app.documents import PartKind, packed_count
from sessions_app.pages import media
from sessions_app.pages.message_html import reference
from sessions_app.queries.content import StoredPart
from sessions_app.queries.session import RequestLine
from sessions_app.queries.thread import Stretch
from sessions_app.records import ERROR
from sessions_app.templatetags.format import exact, size, tokens

FLOAT_BYTES = 4
MOST_PICTURES = 12


class _Item(msgspec.Struct):
    """An item of the `data`, `results` or `embeddings` list of an answer, as far as it is described."""

    embedding: msgspec.Raw | None = None
    b64_json: str | None = None
    flagged: bool | None = None
    categories: dict[str, bool] | None = None
    relevance_score: float | None = None


_ITEMS = msgspec.json.Decoder(list[_Item])


def is_conversation(line: RequestLine) -> bool:
    """Whether a request is a chat or completion, and not one of the calls that are described in one line."""
    return line.kind == "llm" and not any(name in line.call_type for name in _SINGLE_CALLS)


_SINGLE_CALLS = ("embedding", "image", "moderation", "rerank", "transcription", "speech")


def summary(line: RequestLine, stretch: Stretch, index: int, base_url: str) -> str:
    """The HTML of the line; "" for a conversation and for a failure."""
    if is_conversation(line) or line.status == ERROR:
        return ""
    detail = stretch.details[index]
    sent = _sent(packed_count(detail.input_parts), line)
    parts = [part for digest in stretch.context(index, PartKind.OTHER) if (part := stretch.parts[digest])]
    answers = [answer for part in parts if (answer := _answer(part, base_url))]
    received = ", ".join(answers) or (f"{tokens(line.output_tokens)} tokens" if line.output_tokens else "")
    words = " → ".join(filter(None, (sent, received)))
    link = f'<a class="link" href="{base_url}">open request</a>'
    body = reference("info", f"{words or 'No messages'} · {link}")
    return f'<div class="msg" data-role="other"><span class="role">{_title(line)}</span><div>{body}</div></div>'


def _title(line: RequestLine) -> str:
    return next((name for name in _SINGLE_CALLS if name in line.call_type), line.kind if line.kind != "llm" else "call")


def _sent(count: int, line: RequestLine) -> str:
    words = f"{exact(count)} input{'' if count == 1 else 's'}" if count else ""
    used = f"{tokens(line.input_tokens)} tokens" if line.input_tokens else ""
    return ", ".join(filter(None, (words, used)))


def _answer(part: StoredPart, base_url: str) -> str:
    """`12 × 1536 floats`, `2 images`, `flagged: violence`; "" for what is not recognised."""
    if part.content is None or not part.content.lstrip().startswith(b"["):
        return ""
    try:
        items = _ITEMS.decode(part.content)
    except (msgspec.MsgspecError, RecursionError):
        return ""
    written = (write(items, part, base_url) for write in (_embeddings, _pictures, _moderation, _ranking))
    return next(filter(None, written), "")


def _embeddings(items: list[_Item], part: StoredPart, base_url: str) -> str:
    vectors = [bytes(item.embedding) for item in items if item.embedding is not None]
    if not vectors:
        return ""
    dimensions = _dimensions(vectors[0])
    return f"{exact(len(vectors))} × {exact(dimensions)} floats" if dimensions else f"{exact(len(vectors))} embeddings"


def _dimensions(raw: bytes) -> int:
    """The length of one vector: an array of numbers, or base64 of 4-byte floats."""
    if raw.startswith(b"["):
        return raw.count(b",") + 1 if raw.strip(b"[] \n") else 0
    try:
        return len(base64.b64decode(raw.strip(b'"'))) // FLOAT_BYTES
    except ValueError:
        return 0


def _pictures(items: list[_Item], part: StoredPart, base_url: str) -> str:
    shown = list(_thumbs(((n, item.b64_json) for n, item in enumerate(items) if item.b64_json), part, base_url))
    if not shown:
        return ""
    more = f" and {exact(len(shown) - MOST_PICTURES)} more" if len(shown) > MOST_PICTURES else ""
    return f'<span class="thumbs">{"".join(shown[:MOST_PICTURES])}</span>{more}'


def _thumbs(found: Iterable[tuple[int, str]], part: StoredPart, base_url: str) -> Iterator[str]:
    for number, payload in found:
        head = media.decode(payload[:64])
        if head and media.image_type(head):
            url = f"{base_url}media/{part.digest.hex()}/{number}/"
            amount = size(len(payload) * 3 // 4)
            image = f'<img src="{url}" alt="Image {number + 1}, {amount}" loading="lazy">'
            yield f'<a class="thumb" href="{url}">{image}</a>'


def _moderation(items: list[_Item], part: StoredPart, base_url: str) -> str:
    known = [item for item in items if item.flagged is not None]
    if not known:
        return ""
    names = sorted({name for item in known for name, hit in (item.categories or {}).items() if hit})
    if not any(item.flagged for item in known):
        return "not flagged"
    return "flagged" + (f": {', '.join(map(_plain, names[:12]))}" if names else "")


def _plain(name: str) -> str:
    return "".join(letter for letter in name[:60] if letter.isalnum() or letter in " /_-")


def _ranking(items: list[_Item], part: StoredPart, base_url: str) -> str:
    return f"{exact(len(items))} ranked" if any(item.relevance_score is not None for item in items) else ""
