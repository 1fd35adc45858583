"""Images, recordings, videos and files, however an API or a framework writes them.

Followed are OpenAI, Anthropic, Gemini, Bedrock Converse, Mistral, Cohere, OpenRouter, Ollama, OpenTelemetry's parts,
Vercel AI SDK and LangChain. They differ in where they put the address or the data, its type and its name.
"""

from __future__ import annotations

import hashlib
import mimetypes
import re
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

from sessions_app.content import base64_text
from sessions_app.content.apis.tool_results import ReadContent
from sessions_app.content.blocks import ContentBlock, MediaBlock, Modality, TextBlock, joined_text
from sessions_app.content.json_values import JsonObject, as_text

# The words of types that name a kind of media.
_KINDS = {
    **dict.fromkeys(("image", "img", "screenshot", "picture"), "image"),
    **dict.fromkeys(("audio", "recording"), "audio"),
    "video": "video",
    **dict.fromkeys(("document", "file", "pdf", "media", "blob", "uri", "upload", "attachment", "resource"), "file"),
}
_WORD = re.compile(r"[a-z]+")
# Objects that hold the rest of it.
_INNER = (
    *("source", "image_url", "video_url", "audio_url", "document_url", "file_url", "input_audio", "inlineData"),
    *("inline_data", "fileData", "file_data", "s3Location", "image", "audio", "video", "document", "file", "data"),
    "resource",
)
MOST_INNER = 3
_DATA = ("data", "bytes", "base64", "b64_json", "image_bytes", "imageBytes", "file_data", "blob")
_ADDRESSES = (
    *("url", "uri", "file_uri", "fileUri", "file_url", "image_url", "video_url", "audio_url", "document_url"),
    *("image", "audio", "video", "document", "file", "input_audio", "source", "path"),
)
_IDS = ("file_id", "fileId", "container_file_id")
_TYPES = ("media_type", "mime_type", "mimeType", "mediaType", "contentType", "content_type", "image_mimetype")
_NAMES = (
    *("filename", "fileName", "file_name", "name", "title", "display_name", "displayName", "document_name"),
    "documentName",
)
_DEFAULTS = {"image": "image/png", "audio": "audio/wav", "video": "video/mp4", "file": "application/octet-stream"}
_MODALITIES: dict[str, Modality] = {"image": "image", "audio": "audio"}
# A longer text is no address, unless it says so.
MOST_ADDRESS = 4_000
# An address is shorter than data, and has something that base64 does not have.
_ADDRESS = re.compile(r"[A-Za-z][A-Za-z0-9+.-]{0,30}:|file[-_]|[./~]{1,2}[\w-]+/|[^/]*\.\w{1,5}\Z")


def kind_of_media(item: JsonObject) -> str:
    """image, audio, video or file, told by the type of a block; "" if its type is none of media."""
    kind = item.get("type")
    if not isinstance(kind, str):
        return ""
    return next((_KINDS[word] for word in _WORD.findall(kind.lower()[:60]) if word in _KINDS), "")


def is_plain(kind: str) -> bool:
    """Whether the type of a block names a kind of media, and nothing else that could be a tool's."""
    words = set(_WORD.findall(kind.lower()[:60]))
    return bool(words & _KINDS.keys()) and words <= _KINDS.keys() | {"input", "url", "container"}


def medium(item: JsonObject, kind: str, read: ReadContent) -> MediaBlock | None:
    """The image, recording or file in a block; None if there is none."""
    levels = list(_levels(item))
    name = _first(levels, _NAMES)
    text = _plain_text(levels, read)
    if text:
        return MediaBlock("file", text=text, name=name, url=_first(levels, ("url", "uri")))
    media_type = _first(levels, _TYPES) or _type_of_format(levels, kind)
    data, address = _first(levels, _DATA), _first(levels, _ADDRESSES)
    url = data or address
    if not url and (file_id := _first(levels, _IDS)):
        return MediaBlock(_modality(media_type, kind), file_id, media_type, name)
    if not url and not name:
        return None
    # A resource of MCP has data and its address.
    name = name or (_first(levels, ("uri",)) if data else "")
    url, media_type = _as_url(url, media_type, kind, name, is_data=bool(data))
    return MediaBlock(_modality(media_type, kind), url, media_type, name)


def _levels(item: JsonObject, depth: int = 0) -> Iterator[JsonObject]:
    """The object and those inside it that hold the rest, from the inside out."""
    if depth < MOST_INNER:
        for name in _INNER:
            inner = item.get(name)
            if isinstance(inner, dict):
                yield from _levels(inner, depth + 1)
    yield item


def _first(levels: list[JsonObject], names: tuple[str, ...]) -> str:
    found = (level[name] for name in names for level in levels if isinstance(level.get(name), str))
    return next(filter(None, found), "")


def _plain_text(levels: list[JsonObject], read: ReadContent) -> str:
    """The text of a document that is sent as text (Anthropic, Bedrock, Cohere)."""
    for level in levels:
        if isinstance(level.get("text"), str) and isinstance(level.get("uri"), str):
            # A resource of MCP.
            return str(level["text"])
        if level.get("type") == "text":
            return as_text(level.get("data", level.get("text")))
        if level.get("type") == "content" or (isinstance(level.get("content"), list) and len(level) == 1):
            return joined_text(read(level.get("content")), "\n")
    source, inner = levels[-1].get("source"), levels[-1].get("document")
    if isinstance(source, dict) and isinstance(source.get("text"), str):
        return str(source["text"])
    if isinstance(inner, dict) and "data" in inner and not inner.keys() & {"format", "source", *_TYPES}:
        data = inner["data"]
        if not isinstance(data, dict):
            return as_text(data)
        return "\n".join(f"{name}: {as_text(value)}" for name, value in data.items())
    return ""


def _type_of_format(levels: list[JsonObject], kind: str) -> str:
    """The media type that a format stands for: Bedrock has `png`, `pdf`, `mp4`."""
    form = _first(levels, ("format",)).lower()
    if not form:
        return ""
    if "/" in form:
        return form
    if kind in ("image", "audio", "video"):
        return f"{kind}/{form}"
    return mimetypes.guess_type(f"x.{form[:20]}")[0] or ""


def _is_address(text: str) -> bool:
    return (len(text) <= MOST_ADDRESS and _ADDRESS.match(text) is not None) or text.startswith(("http:", "https:"))


def _as_url(url: str, media_type: str, kind: str, name: str, is_data: bool) -> tuple[str, str]:
    """Data as a data URL, everything else as it is; and the media type as far as it is known."""
    if url.startswith("data:"):
        return url, media_type or _type_of_data_url(url)
    known = base64_text.media_type_of(url)
    # Data stand under a name of their own, or beside their type, or look like it.
    is_data = is_data or (bool(media_type) and base64_text.is_base64(url))
    if not known and (_is_address(url) or not (is_data or _is_data(url))):
        return url, media_type
    guessed = known or mimetypes.guess_type(name[:200])[0] or _DEFAULTS.get(kind, _DEFAULTS["file"])
    media_type = media_type or guessed
    return (f"data:{media_type};base64,{url}" if url else ""), media_type


def _type_of_data_url(url: str) -> str:
    kind = url[5:80].partition(";")[0].partition(",")[0]
    return kind if "/" in kind else ""


def _is_data(text: str) -> bool:
    return len(text) >= 64 and not _is_address(text) and base64_text.is_base64(text)


def _modality(media_type: str, kind: str) -> Modality:
    main = media_type.partition("/")[0]
    return _MODALITIES.get(main if main in ("image", "audio", "video") or kind == "file" else kind, "file")


def inline_media(data: JsonObject) -> MediaBlock:
    """Base64 data with its media type: Gemini's `inlineData`."""
    media_type = as_text(next((data[member] for member in _TYPES if data.get(member)), ""))
    name = as_text(data.get("displayName") or data.get("display_name"))
    payload = as_text(data.get("data"))
    url = payload if payload.startswith("data:") else f"data:{media_type};base64,{payload}"
    return MediaBlock(_modality(media_type, "file"), url, media_type, name)


def media_by_uri(data: JsonObject) -> MediaBlock:
    """Gemini's `fileData`."""
    media_type = as_text(data.get("mimeType") or data.get("mime_type"))
    name = as_text(data.get("displayName") or data.get("display_name"))
    url = as_text(data.get("fileUri") or data.get("file_uri"))
    return MediaBlock(_modality(media_type, "file"), url, media_type, name)


_GEMINIS = frozenset({"inlineData", "inline_data", "fileData", "file_data"})


def gemini_media(item: JsonObject) -> list[ContentBlock]:
    """The media of a part of Gemini, with which part of a video is meant."""
    if _GEMINIS.isdisjoint(item):
        return []
    extent = _extent(item)
    for name in ("inlineData", "inline_data"):
        if isinstance(item.get(name), dict):
            return [replace(inline_media(item[name]), extent=extent)]
    for name in ("fileData", "file_data"):
        if isinstance(item.get(name), dict):
            return [replace(media_by_uri(item[name]), extent=extent)]
    return []


def _extent(part: JsonObject) -> str:
    """The piece of a video that the model sees, and how many of its pictures (Gemini's `videoMetadata`)."""
    found: JsonObject = {}
    for name in ("videoMetadata", "video_metadata"):
        found = part[name] if isinstance(part.get(name), dict) else found
    words = (
        (("startOffset", "start_offset"), "from {}"),
        (("endOffset", "end_offset"), "to {}"),
        (("fps",), "{} frames a second"),
    )
    told = ((_words_of(found, names), pattern) for names, pattern in words)
    return " ".join(pattern.format(value) for value, pattern in told if value)


def _words_of(item: JsonObject, names: tuple[str, ...]) -> str:
    return next((as_text(item[name])[:_MOST_EXTENT] for name in names if item.get(name) not in (None, "")), "")


_MOST_EXTENT = 40


def audio(item: JsonObject) -> MediaBlock | None:
    """OpenAI's `input_audio`. Nothing plays the data, so only its size and fingerprint are kept."""
    sent = item.get("input_audio")
    if isinstance(sent, str):
        sent = {"data": sent}
    if not isinstance(sent, dict) or not isinstance(sent.get("data"), str) or _is_address(sent["data"]):
        return None
    data = as_text(sent.get("data"))
    return MediaBlock(
        "audio",
        name=as_text(sent.get("format")),
        text=as_text(item.get("transcript")),
        byte_size=len(data) * 3 // 4 - data[-2:].count("="),
        fingerprint=_fingerprint(data),
    )


def spoken(item: JsonObject) -> MediaBlock | None:
    """A recording beside the words that were heard in it, as OpenAI's Realtime API writes both sides."""
    words, data = item.get("transcript"), item.get("audio", item.get("data"))
    if not isinstance(words, str) or not words or not (data is None or isinstance(data, str)):
        return None
    size = len(data) * 3 // 4 - data[-2:].count("=") if data else 0
    return MediaBlock(
        "audio", name=as_text(item.get("format")), text=words, byte_size=size, fingerprint=_fingerprint(data or "")
    )


def _fingerprint(data: str) -> str:
    return hashlib.sha256(data.encode("utf-8", "surrogatepass")).hexdigest()[:16] if data else ""


def bare_image(value: Any) -> list[ContentBlock]:
    """An image of Ollama's `images`: base64 without anything around it."""
    if not isinstance(value, str):
        return []
    found = medium({"type": "image", "data": value}, "image", lambda _: [])
    return [found] if found else []


def bare_file(text: str) -> MediaBlock | None:
    """A text that is nothing but the base64 of a well-known kind of file."""
    media_type = base64_text.media_type_of(text) if len(text) >= _SMALLEST_FILE else ""
    if not media_type or not base64_text.is_base64(text):
        return None
    return MediaBlock(_modality(media_type, "file"), f"data:{media_type};base64,{text.strip()}", media_type)


# In characters of base64.
_SMALLEST_FILE = 48
# How image APIs call the data of an image (OpenAI, Vertex AI, google-genai, Stability), and the prompt that was used.
_PICTURES = ("b64_json", "bytesBase64Encoded", "imageBytes", "image_bytes", "base64")
_PROMPTS = ("revised_prompt", "enhancedPrompt", "enhanced_prompt", "prompt")


def generated_image(value: JsonObject) -> list[ContentBlock]:
    """An item of an image API's answer, with the prompt that was used; empty for anything else.

    OpenAI names no media type: the first characters of the base64 text tell it.
    """
    inner = value["image"] if isinstance(value.get("image"), dict) else value
    data = _first([inner], _PICTURES)
    if not data and not ("url" in inner and "revised_prompt" in value):
        return []
    caption = _first([value], _PROMPTS)
    media_type = base64_text.media_type_of(data) or _first([inner], _TYPES) or "image/png"
    url = f"data:{media_type};base64,{data}" if data else as_text(inner.get("url"))
    picture = MediaBlock("image", url, media_type if data else "")
    return [picture, TextBlock(caption)] if caption else [picture]
