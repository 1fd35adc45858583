"""Images, recordings, videos and files in the spelling of each API and framework."""

from __future__ import annotations

import base64
from typing import Any

import pytest

from sessions_app.content import base64_text
from sessions_app.content.blocks import MediaBlock, OtherBlock, TextBlock, ToolResultBlock
from sessions_app.content.message_texts import searchable_text
from sessions_app.content.messages import message_of
from sessions_app.content.search_text import words_of

PNG = "iVBORw0KGgoAAAANSUhEUg=="
NOISE = base64.b64encode(bytes((n * 89 + n * n * 7) % 251 for n in range(3_000))).decode()


def media(item: Any, **members: Any) -> MediaBlock:
    (block,) = message_of({"role": "user", "content": [item]} | members).blocks
    assert isinstance(block, MediaBlock)
    return block


@pytest.mark.parametrize(
    ("item", "expected"),
    [
        # Mistral, OpenRouter, vLLM
        ({"type": "image_url", "image_url": f"data:image/png;base64,{PNG}"}, ("image", "image/png", "")),
        ({"type": "document_url", "document_url": "https://a/b.pdf", "document_name": "B"}, ("file", "", "B")),
        ({"type": "video_url", "video_url": {"url": "data:video/mp4;base64,AAAA"}}, ("file", "video/mp4", "")),
        ({"type": "image_url", "image_url": {"url": PNG}}, ("image", "image/png", "")),
        ({"type": "audio_url", "audio_url": {"url": "https://a/b.mp3"}}, ("audio", "", "")),
        # OpenAI
        ({"type": "input_file", "filename": "b.pdf", "file_data": "JVBERi0x"}, ("file", "application/pdf", "b.pdf")),
        ({"type": "input_file", "filename": "b.csv", "file_data": "YSxiCg=="}, ("file", "text/csv", "b.csv")),
        ({"type": "file", "file": {"file_id": "file-1"}}, ("file", "", "")),
        # Anthropic
        ({"type": "image", "source": {"type": "file", "file_id": "file_1"}}, ("image", "", "")),
        ({"type": "container_upload", "file_id": "file_1"}, ("file", "", "")),
        # Bedrock
        ({"image": {"format": "webp", "source": {"bytes": "UklGRg=="}}}, ("image", "image/webp", "")),
        ({"video": {"format": "mov", "source": {"s3Location": {"uri": "s3://a/b"}}}}, ("file", "video/mov", "")),
        ({"document": {"format": "pdf", "name": "n", "source": {"bytes": "aGk="}}}, ("file", "application/pdf", "n")),
        # Gemini
        ({"inline_data": {"mime_type": "image/png", "data": PNG, "display_name": "a"}}, ("image", "image/png", "a")),
        ({"fileData": {"mimeType": "audio/mp3", "fileUri": "gs://a/b"}}, ("audio", "audio/mp3", "")),
        # Frameworks
        ({"type": "image", "image": "aGk=", "mediaType": "image/jpeg"}, ("image", "image/jpeg", "")),
        ({"type": "file", "data": "aGk=", "mediaType": "audio/mpeg", "filename": "a"}, ("audio", "audio/mpeg", "a")),
        (
            {"type": "image", "data": "aGk=", "mime_type": "image/gif"},
            ("image", "image/gif", ""),
        ),
        (
            {"type": "uri", "modality": "video", "uri": "https://a/b", "mime_type": "video/mp4"},
            ("file", "video/mp4", ""),
        ),
    ],
)
def test_kind_type_and_name(item: dict[str, Any], expected: tuple[str, str, str]) -> None:
    block = media(item)
    assert (block.modality, block.media_type, block.name) == expected
    assert block.url
    assert block.url.startswith("data:") == (";base64," in block.url)


def test_ollamas_images_have_nothing_around_them() -> None:
    message = message_of({"role": "user", "content": "What is it?", "images": [PNG, {"type": "hologram"}, 3]})
    assert message.blocks[1] == MediaBlock("image", f"data:image/png;base64,{PNG}", "image/png")


@pytest.mark.parametrize(
    ("item", "text", "name"),
    [
        ({"document": {"format": "txt", "name": "n", "source": {"text": "words"}}}, "words", "n"),
        ({"searchResult": {"source": "https://a", "title": "n", "content": [{"text": "words"}]}}, "words", "n"),
        ({"type": "resource", "resource": {"uri": "file:///a", "text": "words"}}, "words", ""),
        ({"document": {"format": "txt", "source": {"content": [{"text": "words"}]}}}, "words", ""),
        ({"type": "document", "source": {"type": "content", "content": "words"}, "title": "n"}, "words", "n"),
        (
            {"type": "document", "document": {"data": {"title": "T", "a": "S"}}},
            "title: T\na: S",
            "T",
        ),
        (
            {
                "type": "search_result",
                "title": "n",
                "source": "https://a",
                "content": [{"type": "text", "text": "words"}],
            },
            "words",
            "n",
        ),
    ],
)
def test_a_document_that_is_sent_as_text(item: dict[str, Any], text: str, name: str) -> None:
    block = media(item)
    assert (block.text, block.name) == (text, name)


# --- base64 where nobody says that it is ----------------------------------------------------------------------------


def test_base64_is_named_by_its_size() -> None:
    assert base64_text.shortened(f'{{"a": "{NOISE}", "b": "{PNG}"}}') == (
        '{"a": "(3.0 kB of base64 data)", "b": "(16 bytes of base64 data)"}'
    )
    for text in ("x" * 5_000, "a/b" * 200, "Only words here, and a path: /usr/lib/python3.11/site-packages"):
        assert base64_text.shortened(text) == text


def test_base64_is_no_text_to_search_for() -> None:
    assert words_of(f"before {NOISE} after") == ["before", "after"]
    assert words_of("x" * 70 + " after") == ["after"]
    unknown = message_of({"role": "user", "content": [{"type": "hologram", "shape": {"raw": NOISE, "name": "fox"}}]})
    assert isinstance(unknown.blocks[0], OtherBlock)
    assert words_of(searchable_text(unknown)) == [
        *("type", "hologram", "shape", "raw", "3", "0", "kb", "of", "base64", "data", "name", "fox")
    ]


def test_base64_in_what_a_tool_returned() -> None:
    (block,) = message_of({"role": "tool", "tool_call_id": "c", "content": {"chart": NOISE, "rows": 3}}).blocks
    assert isinstance(block, ToolResultBlock)
    assert block.text == '{"chart": "(3.0 kB of base64 data)", "rows": 3}'


def test_a_piece_of_a_video_is_told_by_its_times() -> None:
    by_name = {"fileData": {"fileUri": "https://a/b", "mimeType": "video/mp4"}}
    clip = media({**by_name, "videoMetadata": {"startOffset": "10s", "endOffset": "20s", "fps": 2}})
    assert clip.extent == "from 10s to 20s 2 frames a second"
    snake = media({"inline_data": {"mime_type": "video/mp4", "data": "AAAA"}, "video_metadata": {"fps": 0.5}})
    assert snake.extent == "0.5 frames a second"
    assert not media({**by_name, "videoMetadata": "x"}).extent


def test_what_is_said_of_a_document_stands_beside_it() -> None:
    source = {"type": "base64", "media_type": "application/pdf", "data": "JVBERi0x"}
    document = {"type": "document", "source": source, "title": "P.pdf", "context": "From the harbour"}
    file, words = message_of({"role": "user", "content": [document]}).blocks
    assert isinstance(file, MediaBlock)
    assert words == TextBlock("From the harbour")
