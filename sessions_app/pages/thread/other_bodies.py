"""One line for calls that are no conversation: embeddings, images, moderation, reranking, speech and others."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

from markupsafe import Markup

from sessions_app.content.blocks import joined_text
from sessions_app.content.documents import PartKind
from sessions_app.content.json_bytes import DocumentError, loads
from sessions_app.content.messages import read_message
from sessions_app.content.packed_digests import packed_count
from sessions_app.pages.html.components import NOTHING, component, joined
from sessions_app.pages.html.formats import size, tokens
from sessions_app.pages.html.json_text import beginning, drawn
from sessions_app.pages.html.pieces import clamped, code_box, fold, reference, row
from sessions_app.pages.thread.documents import Document, documents_in, drawn_documents
from sessions_app.pages.thread.single_answers import Told, told, told_of_job
from sessions_app.pages.thread.wording import counted
from sessions_app.queries.session import SINGLE_CALLS, RequestLine
from sessions_app.queries.window import MOST_OUTPUTS, Window, documents_of_call
from sessions_app.records import ERROR

# A larger answer is not searched for the state of a job.
MOST_JOB_BYTES = 1_000_000
# What is shown like a message, and not folded, though it is no conversation.
_SHOWN_INPUTS = ("image", "speech", "transcription")


def folds_inputs(line: RequestLine) -> bool:
    """Whether what was sent is folded: texts to embed are; a prompt for an image is shown like a message."""
    return not line.is_conversation and not any(name in line.call_type for name in _SHOWN_INPUTS)


def summary(line: RequestLine, window: Window, index: int, base_url: str) -> tuple[Markup, set[bytes]]:
    """The line, and the digests of the parts that it describes; nothing for a conversation or a failure."""
    if line.is_conversation or line.status == ERROR:
        return NOTHING, set()
    candidates = [*window.context(index, PartKind.OTHER)[:MOST_OUTPUTS], *window.outputs(index)]
    answers = {d: found for d in candidates if (found := _told(window, d))}
    sent = _sent(packed_count(window.details[index].input_parts), line)
    received = ", ".join(answer.words for answer in answers.values()) or _received(line, window, index)
    described = component("other_bodies", "line")(sent, received, base_url)
    details = joined(_details(window, index, digest, answer, base_url) for digest, answer in answers.items())
    content = joined((described, details, NOTHING if described else _bodies(window, index, base_url)))
    return row(_title(line), component("other_bodies", "single")(content)) if content else NOTHING, set(answers)


def _told(window: Window, digest: bytes) -> Told | None:
    part = window.parts.get(digest)
    return told(part.content) if part and part.content is not None else None


def _received(line: RequestLine, window: Window, index: int) -> str:
    """What came back, where no part of it tells: images, the state of a job, tokens."""
    count = window.output_count(index)
    if "image" in line.call_type and count:
        return counted(count, "image")
    if not count and (job := _job(window, index)):
        return job
    return f"{tokens(line.output_tokens)} tokens" if line.output_tokens else ""


def _job(window: Window, index: int) -> str:
    documents = documents_of_call(window, index, only_response=True)
    if documents is None or documents.response is None or len(documents.response) > MOST_JOB_BYTES:
        return ""
    try:
        return told_of_job(loads(documents.response))
    except DocumentError:
        return ""


def _details(window: Window, index: int, digest: bytes, answer: Told, base_url: str) -> Markup:
    """What is told below the line: verdicts with their scores, documents in their new order."""
    content = window.parts[digest].content
    lines = joined(reference("info", line) for line in answer.lines)
    if not answer.ranking or content is None:
        return lines
    value = loads(content)
    documents = _with_texts(documents_in(value), value if isinstance(value, list) else [], window, index)
    return lines + drawn_documents(documents, f"{base_url}text/{digest.hex()}/raw/")


def _with_texts(documents: list[Document], items: list[object], window: Window, index: int) -> Iterable[Document]:
    """Documents that a reranker only numbers, with the texts that it was sent. The query is the first input."""
    for document, item in zip(documents, items, strict=False):
        number = item.get("index") if isinstance(item, dict) else None
        if (
            document.text
            or type(number) is not int
            or not 0 <= number < packed_count(window.details[index].input_parts) - 1
        ):
            yield document
            continue
        ((_, digest),) = window.inputs(index, [number + 1])
        part = window.parts.get(digest)
        message = read_message(part.content) if part and part.content is not None else None
        yield replace(document, text=joined_text(message.blocks, "\n")) if message else document


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
    words = counted(count, "input") if count else ""
    used = f"{tokens(line.input_tokens)} tokens" if line.input_tokens else ""
    return ", ".join(filter(None, (words, used)))
