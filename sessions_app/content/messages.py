"""Read one message or item, in whichever API's shape, as a role and blocks. Pure Python, no Django.

Shapes followed: OpenAI Chat Completions and Responses, Anthropic Messages 2023-06-01, Gemini generateContent v1beta.
What is not recognised becomes a `data` block, so nothing is left out.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Sequence
from typing import Any

from sessions_app.content import dialects as message_dialects
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
)
from sessions_app.content.json_bytes import DocumentError, JsonBytes, loads
from sessions_app.content.json_values import as_text, to_json

# Results of tools within results of tools are read up to this depth.
MOST_NESTED = 4
_ROLES = {"model": "assistant", "developer": "system", "function": "tool", "human": "user", "ai": "assistant"}


_MESSAGE_MEMBERS = frozenset(
    {
        *("content", "parts", "text", "tool_calls", "function_call", "refusal", "audio", "images"),
        *("reasoning_content", "reasoning", "thinking_blocks"),
    }
)


def read_message(raw: JsonBytes, default_role: str = "user") -> Message:
    """Read the exact JSON bytes of one message. Never raises: what cannot be read is one `data` block."""
    try:
        value = loads(raw)
    except DocumentError:
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
        return Message(role, blocks, item_id=as_text(value.get("id")))
    return _role_message(value, default_role, as_text(value.get("id")) if kind == "message" else "")


def _role_message(value: dict[str, Any], default_role: str, item_id: str) -> Message:
    role = value.get("role")
    role = role if isinstance(role, str) and role else default_role
    role = _ROLES.get(role, role)
    if not value.keys() & _MESSAGE_MEMBERS:
        return Message(role, _unrecognised(value), item_id=item_id)
    blocks = _reasoning_blocks(value)
    content = value.get("content", value.get("parts", value.get("text")))
    if role == "tool" and not message_dialects.are_results(content):
        blocks.append(_tool_result(as_text(value.get("tool_call_id")), as_text(value.get("name")), content))
    else:
        blocks.extend(_content_blocks(content))
        blocks.extend(_extras(value))
    return Message(role, blocks, as_text(value.get("name")), item_id)


def _unrecognised(value: dict[str, Any]) -> list[ContentBlock]:
    rest = {key: item for key, item in value.items() if key != "role" and item is not None}
    if isinstance(rest.get("b64_json"), str) or ("url" in rest and "revised_prompt" in value):
        return _generated_image(rest)
    if isinstance(rest.get("name"), str) and "arguments" in rest:
        # A call of an MCP tool (tools/call, 2025-06-18).
        return [ToolCallBlock(rest["name"], _arguments(rest["arguments"]), as_text(rest.get("id")))]
    return [OtherBlock(rest)] if rest else []


def _generated_image(image: dict[str, Any]) -> list[ContentBlock]:
    """An item of OpenAI's Images API, which names no media type: the first characters of the data tell it."""
    data, caption = as_text(image.get("b64_json")), as_text(image.get("revised_prompt"))
    media_type = {"/9j": "image/jpeg", "Ukl": "image/webp"}.get(data[:3], "image/png")
    url = f"data:{media_type};base64,{data}" if data else as_text(image.get("url"))
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
        blocks.append(MediaBlock("audio", text=as_text(audio.get("transcript")), id=as_text(audio.get("id"))))
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
    call_id = as_text(message_dialects.id_of(call))
    # LiteLLM lists the tools that Anthropic ran itself among the others.
    by_provider = call_id.startswith("srvtoolu_")
    return ToolCallBlock(as_text(function.get("name")), _arguments(arguments), call_id, by_provider)


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
            return [ToolCallBlock(as_text(call.get("name")), _arguments(call.get("args")), as_text(call.get("id")))]
    for key in ("functionResponse", "function_response"):
        if isinstance(item.get(key), dict):
            reply = item[key]
            return [_tool_result(as_text(reply.get("id")), as_text(reply.get("name")), reply.get("response"))]
    if item.keys() <= {"text", "thought", "thoughtSignature", "thought_signature"}:
        # All that is left of a part whose text was empty.
        return []
    return [OtherBlock(item)]


def _inline(data: dict[str, Any], name: str = "") -> MediaBlock:
    media_type = as_text(data.get("mimeType") or data.get("mime_type") or data.get("media_type"))
    url = f"data:{media_type};base64,{as_text(data.get('data'))}"
    return MediaBlock(_modality(media_type), url, media_type, name)


def _file_uri(data: dict[str, Any]) -> MediaBlock:
    media_type = as_text(data.get("mimeType") or data.get("mime_type"))
    return MediaBlock(_modality(media_type), as_text(data.get("fileUri") or data.get("file_uri")), media_type)


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
    text = as_text(item.get("thinking") or item.get("text"))
    return [ReasoningBlock(text)] if text else []


def _read_redacted_thinking(item: dict[str, Any]) -> list[ContentBlock]:
    return [ReasoningBlock(encrypted_chars=len(as_text(item.get("data"))))]


def _read_refusal(item: dict[str, Any]) -> list[ContentBlock]:
    return [RefusalBlock(as_text(item.get("refusal")))]


def _read_image(item: dict[str, Any]) -> list[ContentBlock]:
    image = item.get("image_url", item.get("image"))
    source = item.get("source")
    if isinstance(source, dict):
        if source.get("type") == "base64":
            return [_inline(source)]
        return [MediaBlock("image", as_text(source.get("url") or source.get("file_id")))]
    if isinstance(image, dict):
        return [MediaBlock("image", as_text(image.get("url")))]
    return [MediaBlock("image", as_text(image or item.get("file_id")))]


def _read_file(item: dict[str, Any]) -> list[ContentBlock]:
    source = item.get("source")
    if isinstance(source, dict):
        if source.get("type") == "base64":
            return [_inline(source, as_text(item.get("title")))]
        if source.get("type") == "text":
            return [MediaBlock("file", text=as_text(source.get("data")), name=as_text(item.get("title")))]
        url = as_text(source.get("url") or source.get("file_id"))
        return [MediaBlock("file", url, name=as_text(item.get("title")))]
    file = item.get("file")
    file = file if isinstance(file, dict) else item
    url = as_text(file.get("file_data") or file.get("file_url") or file.get("file_id"))
    return [MediaBlock("file", url, name=as_text(file.get("filename")))]


def _read_audio(item: dict[str, Any]) -> list[ContentBlock]:
    audio = item.get("input_audio")
    audio = audio if isinstance(audio, dict) else {}
    data = as_text(audio.get("data"))
    return [
        MediaBlock(
            "audio",
            name=as_text(audio.get("format")),
            text=as_text(item.get("transcript")),
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
        as_text(item.get("name")), _arguments(item.get("input")), as_text(item.get("id")), by_provider=by_provider
    )


def _read_tool_result(item: dict[str, Any]) -> list[ContentBlock]:
    call_id = as_text(item.get("tool_use_id"))
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
    role = as_text(item.get("role")) or "assistant"
    return _ROLES.get(role, role), _content_blocks(item.get("content"))


def _item_call(item: dict[str, Any]) -> tuple[str, list[ContentBlock]]:
    arguments = item.get("arguments", item.get("input", item.get("action")))
    name = as_text(item.get("name")) or as_text(item.get("type")).removesuffix("_call")
    call_id = as_text(item.get("call_id") or item.get("id"))
    by_provider = item.get("type") in _PROVIDER_CALLS
    return "assistant", [ToolCallBlock(name, _arguments(arguments), call_id, by_provider)]


def _item_of_provider(item: dict[str, Any]) -> tuple[str, list[ContentBlock]]:
    return "assistant", [OtherBlock(item, by_provider=True)]


def _item_reference(item: dict[str, Any]) -> tuple[str, list[ContentBlock]]:
    return "assistant", [OtherBlock(item)]


def _item_output(item: dict[str, Any]) -> tuple[str, list[ContentBlock]]:
    return "tool", [_tool_result(as_text(item.get("call_id")), "", item.get("output"))]


def _item_reasoning(item: dict[str, Any]) -> tuple[str, list[ContentBlock]]:
    blocks = [b for name in ("summary", "content", "text") for b in _content_blocks(item.get(name))]
    text = joined_text(blocks, "\n\n")
    if not text and item.get("encrypted_content"):
        return "assistant", [ReasoningBlock(encrypted_chars=len(as_text(item.get("encrypted_content"))))]
    return "assistant", [ReasoningBlock(text)] if text else []


def _item_image(item: dict[str, Any]) -> tuple[str, list[ContentBlock]]:
    result = as_text(item.get("result"))
    url = f"data:image/png;base64,{result}" if result else ""
    return "assistant", [MediaBlock("image", url, "image/png", id=as_text(item.get("id")))]


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


def fingerprint_of(data: str) -> str:
    """Some characters that tell large data apart; "" for none."""
    return hashlib.sha256(data.encode("utf-8", "surrogatepass")).hexdigest()[:16] if data else ""
