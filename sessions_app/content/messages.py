"""Read one message or item, in whichever API's shape, as a role and blocks. Pure Python, no Django.

Shapes followed: OpenAI Chat Completions and Responses, Anthropic Messages 2023-06-01, Gemini generateContent v1beta.
What is not recognised becomes a `data` block, so nothing is left out.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Sequence
from typing import Any, assert_never

from sessions_app.content import dialects as message_dialects
from sessions_app.content import documents
from sessions_app.content.blocks import (
    ContentBlock,
    MediaBlock,
    Message,
    Modality,
    OtherBlock,
    ReasoningBlock,
    RefusalBlock,
    TextBlock,
    ToolCallBlock,
    ToolResultBlock,
    joined_text,
    text_of,
)
from sessions_app.content.canonical import CanonicalForm, canonical_form

MOST_REMEMBERED = 50_000
# Results of tools within results of tools are read up to this depth.
MOST_NESTED = 4
_ROLES = {"model": "assistant", "developer": "system", "function": "tool", "human": "user", "ai": "assistant"}


_MESSAGE_MEMBERS = frozenset(
    {
        *("content", "parts", "text", "tool_calls", "function_call", "refusal", "audio", "images"),
        *("reasoning_content", "reasoning", "thinking_blocks"),
    }
)


def read_message(raw: documents.JsonBytes, default_role: str = "user") -> Message:
    """Read the exact JSON bytes of one message. Never raises: what cannot be read is one `data` block."""
    try:
        value = documents.loads(raw)
    except documents.DocumentError:
        value = bytes(raw).decode("utf-8", "replace")
    try:
        return message_of(value, default_role)
    except RecursionError:
        return Message(default_role, [OtherBlock(value)])


def message_of(value: Any, default_role: str = "user") -> Message:
    """Read one decoded message, item, text or list of content blocks."""
    if not isinstance(value, dict):
        return Message(default_role, _content_blocks(value))
    value = message_dialects.known_message(value)
    kind = value.get("type")
    reader = _ITEM_READERS.get(kind) if isinstance(kind, str) else None
    if reader is not None and not ("role" in value and "content" in value):
        role, blocks = reader(value)
        return Message(role, blocks, item_id=_text(value.get("id")))
    return _role_message(value, default_role, _text(value.get("id")) if kind == "message" else "")


def _role_message(value: dict[str, Any], default_role: str, item_id: str) -> Message:
    role = value.get("role")
    role = role if isinstance(role, str) and role else default_role
    role = _ROLES.get(role, role)
    if not value.keys() & _MESSAGE_MEMBERS:
        return Message(role, _unrecognised(value), item_id=item_id)
    blocks = _reasoning_blocks(value)
    content = value.get("content", value.get("parts", value.get("text")))
    if role == "tool" and not message_dialects.are_results(content):
        blocks.append(_tool_result(_text(value.get("tool_call_id")), _text(value.get("name")), content))
    else:
        blocks.extend(_content_blocks(content))
        blocks.extend(_extras(value))
    return Message(role, blocks, _text(value.get("name")), item_id)


def _unrecognised(value: dict[str, Any]) -> list[ContentBlock]:
    rest = {key: item for key, item in value.items() if key != "role" and item is not None}
    if isinstance(rest.get("b64_json"), str) or ("url" in rest and "revised_prompt" in value):
        return _generated_image(rest)
    if isinstance(rest.get("name"), str) and "arguments" in rest:
        # A call of an MCP tool (tools/call, 2025-06-18).
        return [ToolCallBlock(rest["name"], _arguments(rest["arguments"]), _text(rest.get("id")))]
    return [OtherBlock(rest)] if rest else []


def _generated_image(image: dict[str, Any]) -> list[ContentBlock]:
    """An item of OpenAI's Images API, which names no media type: the first characters of the data tell it."""
    data, caption = _text(image.get("b64_json")), _text(image.get("revised_prompt"))
    media_type = {"/9j": "image/jpeg", "Ukl": "image/webp"}.get(data[:3], "image/png")
    url = f"data:{media_type};base64,{data}" if data else _text(image.get("url"))
    picture = MediaBlock("image", url, media_type if data else "")
    return [picture, TextBlock(caption)] if caption else [picture]


def _reasoning_blocks(value: dict[str, Any]) -> list[ContentBlock]:
    text = value.get("reasoning_content") or value.get("reasoning")
    if isinstance(text, str) and text:
        return [ReasoningBlock(text)]
    thinking = value.get("thinking_blocks")
    if isinstance(thinking, list):
        return [block for item in thinking for block in _content_block(item)]
    return []


def _extras(value: dict[str, Any]) -> list[ContentBlock]:
    """What an OpenAI message holds beside its content."""
    blocks: list[ContentBlock] = []
    refusal = value.get("refusal")
    extra = value.get("provider_specific_fields")
    if refusal is None and isinstance(extra, dict):
        # Where LiteLLM puts it.
        refusal = extra.get("refusal")
    if isinstance(refusal, str) and refusal:
        blocks.append(RefusalBlock(refusal))
    audio = value.get("audio")
    if isinstance(audio, dict) and audio:
        blocks.append(MediaBlock("audio", text=_text(audio.get("transcript")), id=_text(audio.get("id"))))
    images = value.get("images")
    if isinstance(images, list):
        blocks.extend(block for item in images for block in _content_block(item))
    calls = value.get("tool_calls")
    if isinstance(calls, list):
        blocks.extend(_openai_call(call) for call in calls)
    call = value.get("function_call")
    if isinstance(call, dict) and call:
        blocks.append(_openai_call({"function": call}))
    return blocks


def _openai_call(call: Any) -> ContentBlock:
    if not isinstance(call, dict):
        return OtherBlock(call)
    function = call.get("function") or call.get("custom") or message_dialects.function_of(call)
    function = function if isinstance(function, dict) else {}
    arguments = function.get("arguments", function.get("input"))
    call_id = _text(message_dialects.id_of(call))
    # LiteLLM lists the tools that Anthropic ran itself among the others.
    by_provider = call_id.startswith("srvtoolu_")
    return ToolCallBlock(_text(function.get("name")), _arguments(arguments), call_id, by_provider)


def _arguments(value: Any) -> str:
    if isinstance(value, str):
        return value
    return "" if value is None else to_json(value)


def _tool_result(call_id: str, name: str, content: Any, is_error: bool = False) -> ToolResultBlock:
    blocks = _content_blocks(content)
    if _is_deep(blocks):
        blocks = [OtherBlock(content)]
    return ToolResultBlock(call_id, joined_text(blocks, "\n"), name, is_error, blocks)


def _is_deep(blocks: Sequence[ContentBlock]) -> bool:
    """Whether tool results are nested deeply: each would hold a copy of all the text inside it."""
    for _ in range(MOST_NESTED):
        blocks = [inner for block in blocks if isinstance(block, ToolResultBlock) for inner in block.blocks]
        if not blocks:
            return False
    return True


def _content_blocks(content: Any) -> list[ContentBlock]:
    if content is None or content == "":
        return []
    if isinstance(content, str):
        return [TextBlock(content)]
    if isinstance(content, list):
        return [block for item in content for block in _content_block(item)]
    if isinstance(content, dict):
        return _content_block(content)
    return [OtherBlock(content)]


def _content_block(item: Any) -> list[ContentBlock]:
    if isinstance(item, str):
        return [TextBlock(item)] if item else []
    if not isinstance(item, dict):
        return [] if item is None else [OtherBlock(item)]
    kind = item.get("type")
    reader = _BLOCK_READERS.get(kind) if isinstance(kind, str) else None
    if reader is not None:
        return reader(item)
    if isinstance(kind, str) and kind in _ITEM_READERS:
        return _ITEM_READERS[kind](item)[1]
    known = message_dialects.known_form(item)
    return _content_block(known) if known is not None else _gemini_part(item)


def _gemini_part(item: dict[str, Any]) -> list[ContentBlock]:
    if isinstance(item.get("text"), str):
        if not item["text"]:
            return []
        return [ReasoningBlock(item["text"]) if item.get("thought") is True else TextBlock(item["text"])]
    for key in ("inlineData", "inline_data"):
        if isinstance(item.get(key), dict):
            return [_inline(item[key])]
    for key in ("fileData", "file_data"):
        if isinstance(item.get(key), dict):
            return [_file_uri(item[key])]
    for key in ("functionCall", "function_call"):
        if isinstance(item.get(key), dict):
            call = item[key]
            return [ToolCallBlock(_text(call.get("name")), _arguments(call.get("args")), _text(call.get("id")))]
    for key in ("functionResponse", "function_response"):
        if isinstance(item.get(key), dict):
            reply = item[key]
            return [_tool_result(_text(reply.get("id")), _text(reply.get("name")), reply.get("response"))]
    if item.keys() <= {"text", "thought", "thoughtSignature", "thought_signature"}:
        # All that is left of a part whose text was empty.
        return []
    return [OtherBlock(item)]


def _inline(data: dict[str, Any], name: str = "") -> MediaBlock:
    media_type = _text(data.get("mimeType") or data.get("mime_type") or data.get("media_type"))
    url = f"data:{media_type};base64,{_text(data.get('data'))}"
    return MediaBlock(_modality(media_type), url, media_type, name)


def _file_uri(data: dict[str, Any]) -> MediaBlock:
    media_type = _text(data.get("mimeType") or data.get("mime_type"))
    return MediaBlock(_modality(media_type), _text(data.get("fileUri") or data.get("file_uri")), media_type)


_MODALITIES: dict[str, Modality] = {"image": "image", "audio": "audio"}


def _modality(media_type: str) -> Modality:
    return _MODALITIES.get(media_type.partition("/")[0], "file")


# --- content blocks by their `type` ---------------------------------------------------------------------------------


def _read_text(item: dict[str, Any]) -> list[ContentBlock]:
    # OpenTelemetry's text parts have `content`.
    text = item.get("text", item.get("content"))
    if isinstance(text, dict):
        text = text.get("value")
    return [TextBlock(text)] if isinstance(text, str) and text else []


def _read_thinking(item: dict[str, Any]) -> list[ContentBlock]:
    text = _text(item.get("thinking") or item.get("text"))
    return [ReasoningBlock(text)] if text else []


def _read_redacted_thinking(item: dict[str, Any]) -> list[ContentBlock]:
    return [ReasoningBlock(encrypted_chars=len(_text(item.get("data"))))]


def _read_refusal(item: dict[str, Any]) -> list[ContentBlock]:
    return [RefusalBlock(_text(item.get("refusal")))]


def _read_image(item: dict[str, Any]) -> list[ContentBlock]:
    image = item.get("image_url", item.get("image"))
    source = item.get("source")
    if isinstance(source, dict):
        if source.get("type") == "base64":
            return [_inline(source)]
        return [MediaBlock("image", _text(source.get("url") or source.get("file_id")))]
    if isinstance(image, dict):
        return [MediaBlock("image", _text(image.get("url")))]
    return [MediaBlock("image", _text(image or item.get("file_id")))]


def _read_file(item: dict[str, Any]) -> list[ContentBlock]:
    source = item.get("source")
    if isinstance(source, dict):
        if source.get("type") == "base64":
            return [_inline(source, _text(item.get("title")))]
        if source.get("type") == "text":
            return [MediaBlock("file", text=_text(source.get("data")), name=_text(item.get("title")))]
        url = _text(source.get("url") or source.get("file_id"))
        return [MediaBlock("file", url, name=_text(item.get("title")))]
    file = item.get("file")
    file = file if isinstance(file, dict) else item
    url = _text(file.get("file_data") or file.get("file_url") or file.get("file_id"))
    return [MediaBlock("file", url, name=_text(file.get("filename")))]


def _read_audio(item: dict[str, Any]) -> list[ContentBlock]:
    audio = item.get("input_audio")
    audio = audio if isinstance(audio, dict) else {}
    data = _text(audio.get("data"))
    return [
        MediaBlock(
            "audio",
            name=_text(audio.get("format")),
            text=_text(item.get("transcript")),
            byte_size=len(data) * 3 // 4,
            fingerprint=fingerprint_of(data),
        )
    ]


def _read_tool_use(item: dict[str, Any]) -> list[ContentBlock]:
    return [_tool_use(item)]


def _read_server_tool_use(item: dict[str, Any]) -> list[ContentBlock]:
    return [_tool_use(item, by_provider=True)]


def _tool_use(item: dict[str, Any], by_provider: bool = False) -> ToolCallBlock:
    return ToolCallBlock(
        _text(item.get("name")), _arguments(item.get("input")), _text(item.get("id")), by_provider=by_provider
    )


def _read_tool_result(item: dict[str, Any]) -> list[ContentBlock]:
    call_id = _text(item.get("tool_use_id"))
    return [_tool_result(call_id, "", item.get("content"), item.get("is_error") is True)]


_BLOCK_READERS: dict[str, Callable[[dict[str, Any]], list[ContentBlock]]] = {
    "text": _read_text,
    "input_text": _read_text,
    "output_text": _read_text,
    "summary_text": _read_text,
    "reasoning_text": _read_text,
    "thinking": _read_thinking,
    "redacted_thinking": _read_redacted_thinking,
    "refusal": _read_refusal,
    "image_url": _read_image,
    "input_image": _read_image,
    "image": _read_image,
    "document": _read_file,
    "file": _read_file,
    "input_file": _read_file,
    "input_audio": _read_audio,
    "tool_use": _read_tool_use,
    "server_tool_use": _read_server_tool_use,
    "mcp_tool_use": _read_server_tool_use,
    "tool_result": _read_tool_result,
    "mcp_tool_result": _read_tool_result,
    "web_search_tool_result": _read_tool_result,
    "code_execution_tool_result": _read_tool_result,
}


# --- items of the Responses API -------------------------------------------------------------------------------------


def _item_message(item: dict[str, Any]) -> tuple[str, list[ContentBlock]]:
    role = _text(item.get("role")) or "assistant"
    return _ROLES.get(role, role), _content_blocks(item.get("content"))


def _item_call(item: dict[str, Any]) -> tuple[str, list[ContentBlock]]:
    arguments = item.get("arguments", item.get("input", item.get("action")))
    name = _text(item.get("name")) or _text(item.get("type")).removesuffix("_call")
    call_id = _text(item.get("call_id") or item.get("id"))
    by_provider = item.get("type") in _PROVIDER_CALLS
    return "assistant", [ToolCallBlock(name, _arguments(arguments), call_id, by_provider)]


def _item_of_provider(item: dict[str, Any]) -> tuple[str, list[ContentBlock]]:
    return "assistant", [OtherBlock(item, by_provider=True)]


def _item_reference(item: dict[str, Any]) -> tuple[str, list[ContentBlock]]:
    return "assistant", [OtherBlock(item)]


def _item_output(item: dict[str, Any]) -> tuple[str, list[ContentBlock]]:
    return "tool", [_tool_result(_text(item.get("call_id")), "", item.get("output"))]


def _item_reasoning(item: dict[str, Any]) -> tuple[str, list[ContentBlock]]:
    blocks = [b for name in ("summary", "content", "text") for b in _content_blocks(item.get(name))]
    text = joined_text(blocks, "\n\n")
    if not text and item.get("encrypted_content"):
        return "assistant", [ReasoningBlock(encrypted_chars=len(_text(item.get("encrypted_content"))))]
    return "assistant", [ReasoningBlock(text)] if text else []


def _item_image(item: dict[str, Any]) -> tuple[str, list[ContentBlock]]:
    result = _text(item.get("result"))
    url = f"data:image/png;base64,{result}" if result else ""
    return "assistant", [MediaBlock("image", url, "image/png", id=_text(item.get("id")))]


# Calls of tools that the provider runs itself while it answers.
_PROVIDER_CALLS = ("web_search_call", "file_search_call", "code_interpreter_call", "mcp_call")

_ITEM_READERS: dict[str, Callable[[dict[str, Any]], tuple[str, list[ContentBlock]]]] = {
    "message": _item_message,
    "function_call": _item_call,
    "custom_tool_call": _item_call,
    "computer_call": _item_call,
    "local_shell_call": _item_call,
    **dict.fromkeys(_PROVIDER_CALLS, _item_call),
    "mcp_list_tools": _item_of_provider,
    "mcp_approval_request": _item_of_provider,
    "compaction": _item_of_provider,
    "item_reference": _item_reference,
    "function_call_output": _item_output,
    "custom_tool_call_output": _item_output,
    "computer_call_output": _item_output,
    "local_shell_call_output": _item_output,
    "reasoning": _item_reasoning,
    "image_generation_call": _item_image,
}


# --- what is derived from a message ---------------------------------------------------------------------------------


def plain_text(message: Message) -> str:
    """The text of a message as a person would copy it: texts and refusals, without reasoning and tool traffic."""
    said = [block.text for block in message.blocks if isinstance(block, (TextBlock, RefusalBlock)) and block.text]
    return "\n".join(said)


def searchable_text(message: Message) -> str:
    """All text of a message in which somebody may search, tool calls and results included; no encoded media."""
    pieces = []
    for block in message.blocks:
        match block:
            case ToolCallBlock() | ToolResultBlock() | MediaBlock():
                pieces += [block.name, text_of(block)]
            case TextBlock() | ReasoningBlock() | RefusalBlock():
                pieces.append(block.text)
            case OtherBlock():
                pieces.append(to_json(block.value))
            case _:
                assert_never(block)
    return "\n".join(filter(None, pieces))


def to_json(value: Any) -> str:
    """JSON text of a decoded value for showing and searching; what cannot be written so is shown as Python does, and
    of what is nested too deeply only that it is.
    """
    try:
        return json.dumps(value, ensure_ascii=False)
    except (ValueError, TypeError):
        return repr(value)
    except RecursionError:
        return "(nested too deeply to be written here)"


def fingerprint_of(data: str) -> str:
    """Some characters that tell large data apart; "" for none."""
    return hashlib.sha256(data.encode("utf-8", "surrogatepass")).hexdigest()[:16] if data else ""


def _text(value: Any) -> str:
    if isinstance(value, str):
        return value
    return "" if value is None else to_json(value)


CanonicalForms = dict[tuple[bytes, str], CanonicalForm]


class MessageReader:
    """Reads messages once: what it learnt of one is remembered by digest, the message itself for the batch.

    `known` is what readers in several threads learnt together.
    """

    def __init__(self, known: CanonicalForms | None = None) -> None:
        self._known: CanonicalForms = {} if known is None else known
        self._messages: dict[tuple[bytes, str], Message] = {}
        self._outlines: dict[bytes, bytes] = {}

    def start_batch(self) -> None:
        self._messages.clear()
        if len(self._outlines) > MOST_REMEMBERED:
            self._outlines.clear()
        if len(self._known) > MOST_REMEMBERED:
            self._known.clear()

    def canonical_form(self, digest: bytes, raw: documents.JsonBytes, default_role: str) -> CanonicalForm:
        """What a message says, apart from its form."""
        key = (digest, default_role)
        known = self._known.get(key)
        if known is None:
            message = self.message(digest, raw, default_role)
            known = self._known[key] = canonical_form(message, is_output=default_role == "assistant")
        return known

    def outline(self, digest: bytes, raw: documents.JsonBytes) -> bytes:
        """A digest (8 bytes) of a system prompt without its digits: with another time of day it is still the same."""
        known = self._outlines.get(digest)
        if known is None:
            letters = bytes(raw).translate(None, b"0123456789")
            known = self._outlines[digest] = documents.digest(letters)
        return known

    def message(self, digest: bytes, raw: documents.JsonBytes, default_role: str) -> Message:
        key = (digest, default_role)
        message = self._messages.get(key)
        if message is None:
            message = self._messages[key] = read_message(raw, default_role)
        return message
