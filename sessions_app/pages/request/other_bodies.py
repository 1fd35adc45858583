"""One line for what is no conversation: embeddings, images, moderation, reranking, speech, other calls."""

from __future__ import annotations

import base64

import msgspec

from sessions_app.content.documents import PartKind
from sessions_app.content.packed_digests import packed_count
from sessions_app.pages.html import media
from sessions_app.pages.html.json_text import beginning, drawn
from sessions_app.pages.html.messages import code_box, fold, more, reference, row
from sessions_app.pages.html.plain_text import shown
from sessions_app.queries.content import StoredPart
from sessions_app.queries.session import SINGLE_CALLS, RequestLine
from sessions_app.queries.thread import MOST_OUTPUTS, Window, documents_of_call
from sessions_app.records import ERROR
from sessions_app.templatetags.format import exact, size, tokens

FLOAT_BYTES = 4
MOST_PICTURES = 12


class _Item(msgspec.Struct):
    """An item of the `data`, `results` or `embeddings` list of an answer, as far as it is described."""

    embedding: msgspec.Raw = msgspec.Raw(b"")
    b64_json: str | None = None
    flagged: bool | None = None
    categories: dict[str, bool | None] | None = None
    relevance_score: float | None = None


_ITEMS = msgspec.json.Decoder(list[_Item] | _Item)


def folds_inputs(line: RequestLine) -> bool:
    """Whether what was sent is folded: a prompt for an image is a message, a list of texts to embed is not."""
    return not line.is_conversation and "image" not in line.call_type


def summary(line: RequestLine, window: Window, index: int, base_url: str) -> tuple[str, set[bytes]]:
    """The HTML of the line, and the digests of the parts that it describes; nothing for a conversation or failure."""
    if line.is_conversation or line.status == ERROR:
        return "", set()
    candidates = [*window.context(index, PartKind.OTHER)[:MOST_OUTPUTS], *window.outputs(index)]
    answers = {d: found for d in candidates if (part := window.parts.get(d)) and (found := _answer(part))}
    sent = _sent(packed_count(window.details[index].input_parts), line)
    received = ", ".join(answers.values())
    if not received and line.output_tokens:
        received = f"{tokens(line.output_tokens)} tokens"
    words = " → ".join(filter(None, (sent, received)))
    images = "".join(pictures(window.parts[digest], base_url) for digest in answers)
    line_html = reference("info", f'{words} · <a class="link" href="{base_url}">open request</a>') if words else ""
    body = line_html + images + ("" if words else _bodies(window, index, base_url))
    return row(_title(line), f'<div class="single">{body}</div>') if body else "", set(answers)


def _bodies(window: Window, index: int, base_url: str) -> str:
    """The request and response of a call that has no messages, folded; what has some is printed as such."""
    documents = documents_of_call(window, index)
    if documents is None:
        return ""
    detail = window.details[index]
    request = None if detail.input_parts else documents.request
    response = None if detail.output_parts else documents.response
    named = (("request", request), ("response", response))
    return "".join(_document_fold(name, content, base_url) for name, content in named if content is not None)


def _document_fold(name: str, content: bytes, base_url: str) -> str:
    text = content.decode("utf-8", "replace")
    found = beginning(text)
    body = code_box(drawn(found.shown))
    if found.hidden_chars:
        body = f'<div class="clamp">{body}{more(f"{base_url}raw/{name}/?offset=0", found.hidden_chars)}</div>'
    peek = shown(" ".join(found.shown[:400].split())[:160])
    return fold(name.capitalize(), size(len(content)), peek, body)


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


def _embeddings(items: list[_Item]) -> str:
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


def _pictures(items: list[_Item]) -> str:
    count = sum(item.b64_json is not None for item in items)
    return f"{exact(count)} image{'' if count == 1 else 's'}" if count else ""


def pictures(part: StoredPart, base_url: str) -> str:
    """The HTML of the images that an image API's answer holds; "" for any other part."""
    payloads = media.generated_images(part.content or b"") or []
    thumbs = [_thumb(n, payload, part, base_url) for n, payload in enumerate(payloads[:MOST_PICTURES])]
    return f'<div class="thumbs">{"".join(thumbs)}</div>' if any(thumbs) else ""


def _thumb(number: int, payload: str, part: StoredPart, base_url: str) -> str:
    head = media.decode(payload[:64])
    if not head or not media.image_type(head):
        return ""
    url = f"{base_url}media/{part.digest.hex()}/{number}/"
    amount = size(len(payload) * 3 // 4)
    return (
        f'<a class="thumb" href="{url}"><img src="{url}" alt="Image {number + 1}, {amount}" loading="lazy">'
        f"<span>{amount}</span></a>"
    )


def _moderation(items: list[_Item]) -> str:
    known = [item for item in items if item.flagged is not None]
    if not known:
        return ""
    names = sorted({name for item in known for name, hit in (item.categories or {}).items() if hit})
    if not any(item.flagged for item in known):
        return "not flagged"
    return "flagged" + (f": {', '.join(map(_plain, names[:12]))}" if names else "")


def _plain(name: str) -> str:
    return "".join(letter for letter in name[:60] if letter.isalnum() or letter in " /_-")


def _ranking(items: list[_Item]) -> str:
    return f"{exact(len(items))} ranked" if any(item.relevance_score is not None for item in items) else ""
