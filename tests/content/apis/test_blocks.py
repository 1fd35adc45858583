"""Each API's way to write a block ends as the same block."""

from __future__ import annotations

from typing import Any, get_args

import pytest

from sessions_app.content.blocks import (
    Citation,
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
    text_of,
)
from sessions_app.content.canonical import canonical_form
from sessions_app.content.message_texts import searchable_text
from sessions_app.content.messages import message_of
from sessions_app.wire.genai.openai_chat import chat_message, content_of

ONE_OF_EACH: list[ContentBlock] = [
    TextBlock("a"),
    ReasoningBlock("a"),
    ToolCallBlock("f", "{}", "call"),
    ToolResultBlock("call", "a"),
    MediaBlock("image", "data:image/png;base64,aGk="),
    MediaBlock("audio", text="a"),
    MediaBlock("file", text="a"),
    RefusalBlock("a"),
    CitationsBlock([Citation("a", "https://a/b", "c")]),
    OtherBlock({"a": 1}),
]


@pytest.mark.parametrize(
    ("item", "block"),
    [
        # OpenAI
        ({"type": "image_url", "image_url": {"url": "https://a/b.png"}}, MediaBlock("image", "https://a/b.png")),
        ({"type": "input_image", "image_url": "https://a/b.png"}, MediaBlock("image", "https://a/b.png")),
        ({"type": "input_image", "file_id": "file-1"}, MediaBlock("image", "file-1")),
        (
            {"type": "file", "file": {"filename": "a.pdf", "file_data": "data:x"}},
            MediaBlock("file", "data:x", name="a.pdf"),
        ),
        (
            {"type": "input_file", "filename": "a.pdf", "file_url": "https://a/b"},
            MediaBlock("file", "https://a/b", name="a.pdf"),
        ),
        (
            {"type": "input_audio", "input_audio": {"format": "wav", "data": "aGk="}},
            MediaBlock("audio", name="wav", byte_size=2, fingerprint="96e3186af2815065"),
        ),
        ({"type": "refusal", "refusal": "No"}, RefusalBlock("No")),
        (
            {"type": "function_call", "call_id": "c", "name": "f", "arguments": "{}"},
            ToolCallBlock("f", "{}", "c"),
        ),
        (
            {"type": "web_search_call", "id": "ws_1", "action": {"query": "a"}},
            ToolCallBlock("web_search", '{"query": "a"}', "ws_1", by_provider=True),
        ),
        ({"type": "compaction", "id": "c"}, OtherBlock({"type": "compaction", "id": "c"}, by_provider=True)),
        # Anthropic
        ({"type": "thinking", "thinking": "hm", "signature": "s"}, ReasoningBlock("hm")),
        ({"type": "redacted_thinking", "data": "x" * 90}, ReasoningBlock(encrypted_chars=90)),
        (
            {"type": "image", "source": {"type": "base64", "media_type": "image/png", "data": "aGk="}},
            MediaBlock("image", "data:image/png;base64,aGk=", "image/png"),
        ),
        (
            {"type": "document", "title": "T", "source": {"type": "text", "data": "words"}},
            MediaBlock("file", text="words", name="T"),
        ),
        (
            {"type": "document", "title": "T", "source": {"type": "url", "url": "https://a/b"}},
            MediaBlock("file", "https://a/b", name="T"),
        ),
        ({"type": "tool_use", "id": "c", "name": "f", "input": {"a": 1}}, ToolCallBlock("f", '{"a": 1}', "c")),
        (
            {"type": "server_tool_use", "id": "c", "name": "f", "input": {}},
            ToolCallBlock("f", "{}", "c", by_provider=True),
        ),
        (
            {"type": "tool_result", "tool_use_id": "c", "content": "no", "is_error": True},
            ToolResultBlock("c", "no", is_error=True, blocks=[TextBlock("no")]),
        ),
        # Gemini
        ({"text": "hm", "thought": True}, ReasoningBlock("hm")),
        (
            {"inlineData": {"mimeType": "audio/mp3", "data": "aGk="}},
            MediaBlock("audio", "data:audio/mp3;base64,aGk=", "audio/mp3"),
        ),
        ({"file_data": {"mime_type": "video/mp4", "file_uri": "gs://a"}}, MediaBlock("file", "gs://a", "video/mp4")),
        ({"functionCall": {"name": "f", "args": {"a": 1}}}, ToolCallBlock("f", '{"a": 1}')),
        ({"functionCall": {}}, ToolCallBlock()),
        (
            {"functionResponse": {"name": "f", "response": {"text": "ok"}}},
            ToolResultBlock(text="ok", name="f", blocks=[TextBlock("ok")]),
        ),
        # Nobody's
        ({"type": "hologram", "a": 1}, OtherBlock({"type": "hologram", "a": 1})),
    ],
)
def test_a_block_is_read(item: dict[str, Any], block: ContentBlock) -> None:
    assert message_of({"role": "user", "content": [item]}).blocks == [block]


def test_what_an_openai_message_holds_beside_its_content() -> None:
    message = message_of(
        {
            "role": "assistant",
            "reasoning_content": "hm",
            "content": "Yes",
            "refusal": "No",
            "audio": {"id": "audio_1", "transcript": "Yes"},
            "images": [{"type": "image_url", "image_url": {"url": "https://a/b"}}],
            "tool_calls": [{"id": "srvtoolu_1", "function": {"name": "f", "arguments": "{}"}}, "odd"],
            "function_call": {"name": "g", "arguments": ""},
        }
    )
    assert message.blocks == [
        ReasoningBlock("hm"),
        TextBlock("Yes"),
        RefusalBlock("No"),
        MediaBlock("audio", text="Yes", id="audio_1"),
        MediaBlock("image", "https://a/b"),
        ToolCallBlock("f", "{}", "srvtoolu_1", by_provider=True),
        OtherBlock("odd"),
        ToolCallBlock("g"),
    ]


def test_every_kind_of_block_has_a_text_a_form_and_a_chat_message() -> None:
    assert {type(block) for block in ONE_OF_EACH} == set(get_args(ContentBlock))
    for block in ONE_OF_EACH:
        for role in ("user", "assistant"):
            message = Message(role, [block])
            assert isinstance(text_of(block), str)
            assert canonical_form(message, role == "assistant").role == role
            assert isinstance(searchable_text(message), str)
            assert chat_message(message)
            assert content_of(message)
