"""Images, recordings and files, as OpenAI, Anthropic and Gemini write them."""

from __future__ import annotations

import hashlib
from typing import Any

from sessions_app.content.blocks import ContentBlock, MediaBlock, Modality, TextBlock
from sessions_app.content.json_values import JsonObject, as_text

_MODALITIES: dict[str, Modality] = {"image": "image", "audio": "audio"}


def inline_media(data: JsonObject, name: str = "") -> MediaBlock:
    """Base64 data with its media type: Anthropic's `source`, Gemini's `inlineData`."""
    media_type = as_text(data.get("mimeType") or data.get("mime_type") or data.get("media_type"))
    url = f"data:{media_type};base64,{as_text(data.get('data'))}"
    return MediaBlock(_modality(media_type), url, media_type, name)


def media_by_uri(data: JsonObject) -> MediaBlock:
    """Gemini's `fileData`."""
    media_type = as_text(data.get("mimeType") or data.get("mime_type"))
    return MediaBlock(_modality(media_type), as_text(data.get("fileUri") or data.get("file_uri")), media_type)


def _modality(media_type: str) -> Modality:
    return _MODALITIES.get(media_type.partition("/")[0], "file")


def image(item: JsonObject) -> MediaBlock:
    """OpenAI's `image_url` and `input_image`, Anthropic's `image`."""
    source = item.get("source")
    if isinstance(source, dict):
        if source.get("type") == "base64":
            return inline_media(source)
        return MediaBlock("image", as_text(source.get("url") or source.get("file_id")))
    found = item.get("image_url", item.get("image"))
    return MediaBlock("image", as_text(found.get("url") if isinstance(found, dict) else found or item.get("file_id")))


def file(item: JsonObject) -> MediaBlock:
    """OpenAI's `file` and `input_file`, Anthropic's `document`."""
    source = item.get("source")
    if isinstance(source, dict):
        return _document(source, as_text(item.get("title")))
    inner = item.get("file")
    inner = inner if isinstance(inner, dict) else item
    url = as_text(inner.get("file_data") or inner.get("file_url") or inner.get("file_id"))
    return MediaBlock("file", url, name=as_text(inner.get("filename")))


def _document(source: JsonObject, title: str) -> MediaBlock:
    if source.get("type") == "base64":
        return inline_media(source, title)
    if source.get("type") == "text":
        return MediaBlock("file", text=as_text(source.get("data")), name=title)
    return MediaBlock("file", as_text(source.get("url") or source.get("file_id")), name=title)


def audio(item: JsonObject) -> MediaBlock:
    """OpenAI's `input_audio`. Nothing plays the data, so only its size and fingerprint are kept."""
    sent = item.get("input_audio")
    sent = sent if isinstance(sent, dict) else {}
    data = as_text(sent.get("data"))
    return MediaBlock(
        "audio",
        name=as_text(sent.get("format")),
        text=as_text(item.get("transcript")),
        byte_size=len(data) * 3 // 4,
        fingerprint=_fingerprint(data),
    )


def _fingerprint(data: str) -> str:
    return hashlib.sha256(data.encode("utf-8", "surrogatepass")).hexdigest()[:16] if data else ""


def generated_image(value: dict[str, Any]) -> list[ContentBlock]:
    """An item of OpenAI's Images API. It names no media type: the first characters of the base64 text tell it."""
    data, caption = as_text(value.get("b64_json")), as_text(value.get("revised_prompt"))
    media_type = {"/9j": "image/jpeg", "Ukl": "image/webp"}.get(data[:3], "image/png")
    url = f"data:{media_type};base64,{data}" if data else as_text(value.get("url"))
    picture = MediaBlock("image", url, media_type if data else "")
    return [picture, TextBlock(caption)] if caption else [picture]
