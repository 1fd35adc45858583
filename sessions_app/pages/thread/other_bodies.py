"""One line for calls that are no conversation: embeddings, images, moderation, reranking, speech and others."""

from __future__ import annotations

import base64

import msgspec
from markupsafe import Markup

from sessions_app.content.documents import PartKind
from sessions_app.content.packed_digests import packed_count
from sessions_app.pages.html import media
from sessions_app.pages.html.components import NOTHING, component, joined
from sessions_app.pages.html.formats import exact, size, tokens
from sessions_app.pages.html.json_text import beginning, drawn
from sessions_app.pages.html.pieces import clamped, code_box, fold, row
from sessions_app.queries.content import StoredPart
from sessions_app.queries.session import SINGLE_CALLS, RequestLine
from sessions_app.queries.window import MOST_OUTPUTS, Window, documents_of_call
from sessions_app.records import ERROR

FLOAT_BYTES = 4
MOST_PICTURES = 12


class AnswerItem(msgspec.Struct):
    """An item of the `data`, `results` or `embeddings` list of an answer, with the members that are described."""

    embedding: msgspec.Raw = msgspec.Raw(b"")
    b64_json: str | None = None
    flagged: bool | None = None
    categories: dict[str, bool | None] | None = None
    relevance_score: float | None = None


_ITEMS = msgspec.json.Decoder(list[AnswerItem] | AnswerItem)


def folds_inputs(line: RequestLine) -> bool:
    """Whether what was sent is folded: texts to embed are; a prompt for an image is shown like a message."""
    return not line.is_conversation and "image" not in line.call_type


def summary(line: RequestLine, window: Window, index: int, base_url: str) -> tuple[Markup, set[bytes]]:
    """The line, and the digests of the parts that it describes; nothing for a conversation or a failure."""
    if line.is_conversation or line.status == ERROR:
        return NOTHING, set()
    candidates = [*window.context(index, PartKind.OTHER)[:MOST_OUTPUTS], *window.outputs(index)]
    answers = {d: found for d in candidates if (part := window.parts.get(d)) and (found := _answer(part))}
    sent = _sent(packed_count(window.details[index].input_parts), line)
    received = ", ".join(answers.values())
    if not received and line.output_tokens:
        received = f"{tokens(line.output_tokens)} tokens"
    described = component("other_bodies", "line")(sent, received, base_url)
    images = (pictures(window.parts[digest], base_url) for digest in answers)
    content = joined((described, *images, NOTHING if described else _bodies(window, index, base_url)))
    return row(_title(line), component("other_bodies", "single")(content)) if content else NOTHING, set(answers)


def _bodies(window: Window, index: int, base_url: str) -> Markup:
    """The request and response of a call that has no messages, folded. Messages are shown as messages."""
    documents = documents_of_call(window, index)
    if documents is None:
        return NOTHING
    detail = window.details[index]
    request = None if detail.input_parts else documents.request
    response = None if detail.output_parts else documents.response
    named = (("request", request), ("response", response))
    return joined(_document_fold(name, content, base_url) for name, content in named if content is not None)


def _document_fold(name: str, content: bytes, base_url: str) -> Markup:
    found = beginning(content.decode("utf-8", "replace"))
    body = clamped(code_box(drawn(found.shown)), f"{base_url}raw/{name}/?offset=0", found.hidden_chars)
    peek = " ".join(found.shown[:400].split())[:160]
    return fold(name.capitalize(), body, size(len(content)), peek)


def _title(line: RequestLine) -> str:
    return next((name for name in SINGLE_CALLS if name in line.call_type), line.kind if line.kind != "llm" else "call")


def _sent(count: int, line: RequestLine) -> str:
    words = f"{exact(count)} input{'' if count == 1 else 's'}" if count else ""
    used = f"{tokens(line.input_tokens)} tokens" if line.input_tokens else ""
    return ", ".join(filter(None, (words, used)))


def _answer(part: StoredPart) -> str:
    """`12 × 1536 floats`, `2 images`, `flagged: violence`; "" for what is not recognised."""
    if part.content is None or not part.content.lstrip().startswith((b"[", b"{")):
        return ""
    try:
        items = _ITEMS.decode(part.content)
    except (msgspec.MsgspecError, RecursionError):
        return ""
    items = items if isinstance(items, list) else [items]
    return next(filter(None, (write(items) for write in (_embeddings, _pictures, _moderation, _ranking))), "")


def _embeddings(items: list[AnswerItem]) -> str:
    vectors = [vector for item in items if (vector := bytes(item.embedding)) not in (b"", b"null")]
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


def _pictures(items: list[AnswerItem]) -> str:
    count = sum(item.b64_json is not None for item in items)
    return f"{exact(count)} image{'' if count == 1 else 's'}" if count else ""


def pictures(part: StoredPart, base_url: str) -> Markup:
    """The images in an answer of an image API; empty for any other part."""
    payloads = media.generated_images(part.content or b"") or []
    thumbs = joined(_thumb(n, payload, part, base_url) for n, payload in enumerate(payloads[:MOST_PICTURES]))
    return component("pieces", "thumbs")(thumbs) if thumbs else NOTHING


def _thumb(number: int, payload: str, part: StoredPart, base_url: str) -> Markup:
    head = media.decode(payload[:64])
    if not head or not media.image_type(head):
        return NOTHING
    url = f"{base_url}media/{part.digest.hex()}/{number}/"
    return component("other_bodies", "thumb")(url, number + 1, size(len(payload) * 3 // 4))


def _moderation(items: list[AnswerItem]) -> str:
    known = [item for item in items if item.flagged is not None]
    if not known:
        return ""
    names = sorted({name for item in known for name, hit in (item.categories or {}).items() if hit})
    if not any(item.flagged for item in known):
        return "not flagged"
    return "flagged" + (f": {', '.join(map(_plain, names[:12]))}" if names else "")


def _plain(name: str) -> str:
    """The name of a category of a moderation, without what no such name has."""
    return "".join(letter for letter in name[:60] if letter.isalnum() or letter in " /_-")


def _ranking(items: list[AnswerItem]) -> str:
    return f"{exact(len(items))} ranked" if any(item.relevance_score is not None for item in items) else ""
