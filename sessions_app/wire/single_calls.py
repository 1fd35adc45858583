"""Answers of calls that are no conversation: vectors, images, verdicts of moderation, rankings, recordings, jobs.

Followed: OpenAI (embeddings, images, moderations, audio, batches, files, fine-tuning), Cohere, Voyage and Jina, Ollama,
Gemini and Imagen, Vertex AI's predict, Bedrock's Titan and Stability, text-embeddings-inference, Anthropic's batches.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from sessions_app.content import base64_text
from sessions_app.content.documents import PartKind
from sessions_app.content.json_bytes import JsonBytes, kind_of
from sessions_app.content.splitting import Splitter, WriteMember
from sessions_app.wire.members import Fields, text_member

# What the API is called, of which an answer is.
EMBEDDINGS, IMAGES, MODERATIONS, RERANK = "embeddings", "images.generations", "moderations", "rerank"
TRANSCRIPTIONS, SPEECH, BATCHES, FILES = "audio.transcriptions", "audio.speech", "batches", "files"
FINE_TUNING, VIDEOS = "fine_tuning.jobs", "videos"
# The kinds of call (`records.KINDS`) that these are, if they are none of models.
KINDS = {EMBEDDINGS: "embedding", RERANK: "retrieval"}
KINDS |= dict.fromkeys((IMAGES, MODERATIONS, TRANSCRIPTIONS, SPEECH, BATCHES, FILES, FINE_TUNING, VIDEOS), "other")
# They answer with numbers, which are no tokens.
WITHOUT_OUTPUT = (EMBEDDINGS, RERANK)

_HEAD_BYTES = 2_000
_VECTOR = re.compile(rb'[\[{\s]*(?:(?:"(?:values|float_?|u?int8|u?binary)"\s*:[\s\[]*)?-?\d|"base64"\s*:)')


@dataclass(frozen=True, slots=True)
class ResultShape:
    """A member that holds the result of such a call, if one of the members `marks` stands near its beginning.

    `part`: what becomes of it: each `item` of a list or the `whole` is said by the model, or it stands `beside`.
    """

    call_type: str
    member: str
    marks: re.Pattern[bytes]
    part: str


def _members(*names: str) -> re.Pattern[bytes]:
    return re.compile(rb'"(?:%s)"\s*:' % "|".join(names).encode())


_RANKED = _members("relevance_score", "relevanceScore")
_PICTURES = _members("b64_json", "bytesBase64Encoded", "imageBytes", "image_bytes", "revised_prompt")

SHAPES = (
    ResultShape(IMAGES, "data", _PICTURES, "item"),
    ResultShape(EMBEDDINGS, "data", _members("embedding"), "beside"),
    ResultShape(RERANK, "data", _RANKED, "whole"),
    ResultShape(MODERATIONS, "results", _members("flagged", "category_scores"), "whole"),
    ResultShape(RERANK, "results", _RANKED, "whole"),
    ResultShape(EMBEDDINGS, "predictions", _members("embeddings"), "beside"),
    ResultShape(IMAGES, "predictions", _PICTURES, "item"),
    ResultShape(IMAGES, "generatedImages", _PICTURES, "item"),
    ResultShape(IMAGES, "generated_images", _PICTURES, "item"),
    ResultShape(IMAGES, "artifacts", _members("base64"), "item"),
)
_VECTORS = ("embedding", "embeddings", "embeddingsByType")
_RECORDINGS = ("audio", "audioContent", "audio_content")
_TIMED = frozenset({"segments", "duration", "words", "task"})
_JOBS = {
    **dict.fromkeys(("batch", "message_batch"), BATCHES),
    **dict.fromkeys(("file", "upload", "upload.part", "file.deleted"), FILES),
    "fine_tuning.job": FINE_TUNING,
    "video": VIDEOS,
}
_MEMBERS = frozenset({*(shape.member for shape in SHAPES), *_VECTORS, *_RECORDINGS, "images", "object", "type", "text"})


def result_of(splitter: Splitter, fields: Fields) -> tuple[str, dict[str, WriteMember]]:
    """The API that answers so, and for each member with a result the function that cuts it; "" for any other answer."""
    if _MEMBERS.isdisjoint(fields):
        return "", {}
    found = next(
        (shape for shape in SHAPES if shape.member in fields and _is_marked(fields[shape.member], shape)), None
    )
    if found:
        return found.call_type, {found.member: _writer(splitter, found.part)}
    vectors = [name for name in _VECTORS if name in fields and _may_be_vectors(fields[name])]
    if vectors:
        return EMBEDDINGS, dict.fromkeys(vectors, _writer(splitter, "beside"))
    if "images" in fields and _holds_data(fields["images"], "array"):
        return IMAGES, {"images": _writer(splitter, "item")}
    recording = next((name for name in _RECORDINGS if name in fields and _holds_data(fields[name], "string")), None)
    if recording:
        return SPEECH, {recording: _writer(splitter, "whole")}
    return _described_by_type(fields), {}


def _described_by_type(fields: Fields) -> str:
    """What has no result: the state of a job, the name of a file; a text with its times is a message."""
    job = _JOBS.get(text_member(fields, "object")) or _JOBS.get(text_member(fields, "type"), "")
    if job and "id" in fields:
        return job
    return TRANSCRIPTIONS if "text" in fields and not _TIMED.isdisjoint(fields) and "choices" not in fields else ""


def _is_marked(raw: JsonBytes, shape: ResultShape) -> bool:
    return kind_of(raw) == "array" and shape.marks.search(_head(raw)) is not None


def _may_be_vectors(raw: JsonBytes) -> bool:
    """Whether a list or object begins with numbers, or with the base64 of some."""
    return kind_of(raw) in ("array", "object") and _VECTOR.match(_head(raw)) is not None


def _holds_data(raw: JsonBytes, kind: str) -> bool:
    """Whether a text, or the first of a list, is a known kind of file in base64."""
    head = _head(raw).lstrip(b'[ \n\r\t"')[:64].decode("ascii", "replace").replace("\\/", "/")
    return kind_of(raw) == kind and base64_text.media_type_of(head) != ""


def _head(raw: JsonBytes) -> bytes:
    return bytes(memoryview(raw)[:_HEAD_BYTES])


def _writer(splitter: Splitter, part: str) -> WriteMember:
    def items(value: JsonBytes) -> bytes:
        return splitter.items("o", value, PartKind.MESSAGE)

    def whole(value: JsonBytes) -> bytes:
        return splitter.item("o", value, PartKind.MESSAGE)

    def beside(value: JsonBytes) -> bytes:
        return splitter.item("c", value, PartKind.OTHER)

    return {"item": items, "whole": whole, "beside": beside}[part]
