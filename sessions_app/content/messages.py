"""Read one message or item, in whichever API's shape, as a role and blocks. Pure Python, no Django.

Shapes followed: OpenAI Chat Completions and Responses, Anthropic Messages 2023-06-01, Gemini generateContent v1beta.
What is not recognised becomes a `data` block, so nothing is left out.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable
from typing import Any

from sessions_app.content import dialects as message_dialects
from sessions_app.content import documents
from sessions_app.content.blocks import (
    AUDIO,
    DATA,
    FILE,
    IMAGE,
    REASONING,
    REFUSAL,
    TEXT,
    TOOL_CALL,
    TOOL_RESULT,
    Block,
    Message,
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
        return Message(default_role, [Block(DATA, data=value)])


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
    message = _role_message(value, default_role)
    if kind == "message":
        message.item_id = _text(value.get("id"))
    return message


def _role_message(value: dict[str, Any], default_role: str) -> Message:
    role = value.get("role")
    role = role if isinstance(role, str) and role else default_role
    role = _ROLES.get(role, role)
    if not value.keys() & _MESSAGE_MEMBERS:
        return Message(role, _unrecognised(value))
    blocks = _reasoning_blocks(value)
    content = value.get("content", value.get("parts", value.get("text")))
    if role == "tool" and not message_dialects.are_results(content):
        blocks.append(_tool_result(_text(value.get("tool_call_id")), _text(value.get("name")), content))
    else:
        blocks.extend(_content_blocks(content))
        blocks.extend(_extras(value))
    return Message(role, blocks, _text(value.get("name")))


def _unrecognised(value: dict[str, Any]) -> list[Block]:
    rest = {key: item for key, item in value.items() if key != "role" and item is not None}
    if isinstance(rest.get("b64_json"), str) or ("url" in rest and "revised_prompt" in value):
        return _generated_image(rest)
    if isinstance(rest.get("name"), str) and "arguments" in rest:
        # A call of an MCP tool (tools/call, 2025-06-18).
        return [Block(TOOL_CALL, _arguments(rest["arguments"]), id=_text(rest.get("id")), name=rest["name"])]
    return [Block(DATA, data=rest)] if rest else []


def _generated_image(image: dict[str, Any]) -> list[Block]:
    """An item of OpenAI's Images API, which names no media type: the first characters of the data tell it."""
    data, caption = _text(image.get("b64_json")), _text(image.get("revised_prompt"))
    media_type = {"/9j": "image/jpeg", "Ukl": "image/webp"}.get(data[:3], "image/png")
    url = f"data:{media_type};base64,{data}" if data else _text(image.get("url"))
    return [Block(IMAGE, url=url, media_type=media_type if data else ""), *([Block(TEXT, caption)] if caption else [])]


def _reasoning_blocks(value: dict[str, Any]) -> list[Block]:
    text = value.get("reasoning_content") or value.get("reasoning")
    if isinstance(text, str) and text:
        return [Block(REASONING, text)]
    thinking = value.get("thinking_blocks")
    if isinstance(thinking, list):
        return [block for item in thinking for block in _content_block(item)]
    return []


def _extras(value: dict[str, Any]) -> list[Block]:
    """What an OpenAI message holds beside its content."""
    blocks: list[Block] = []
    refusal = value.get("refusal")
    extra = value.get("provider_specific_fields")
    if refusal is None and isinstance(extra, dict):
        # Where LiteLLM puts it.
        refusal = extra.get("refusal")
    if isinstance(refusal, str) and refusal:
        blocks.append(Block(REFUSAL, refusal))
    audio = value.get("audio")
    if isinstance(audio, dict) and audio:
        blocks.append(Block(AUDIO, _text(audio.get("transcript")), id=_text(audio.get("id"))))
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


def _openai_call(call: Any) -> Block:
    if not isinstance(call, dict):
        return Block(DATA, data=call)
    function = call.get("function") or call.get("custom") or message_dialects.function_of(call)
    function = function if isinstance(function, dict) else {}
    arguments = function.get("arguments", function.get("input"))
    call_id = _text(message_dialects.id_of(call))
    block = Block(TOOL_CALL, _arguments(arguments), id=call_id, name=_text(function.get("name")))
    # LiteLLM gives the tools that Anthropic ran itself among the others.
    block.by_provider = call_id.startswith("srvtoolu_")
    return block


def _arguments(value: Any) -> str:
    if isinstance(value, str):
        return value
    return "" if value is None else to_json(value)


def _tool_result(call_id: str, name: str, content: Any, is_error: bool = False) -> Block:
    blocks = _content_blocks(content)
    if _is_deep(blocks):
        blocks = [Block(DATA, data=content)]
    text = "\n".join(block.text for block in blocks if block.text)
    return Block(TOOL_RESULT, text, id=call_id, name=name, is_error=is_error, blocks=blocks)


def _is_deep(blocks: list[Block]) -> bool:
    """Whether results hold results hold results: each would have all the text of those within it once more."""
    for _ in range(MOST_NESTED):
        blocks = [inner for block in blocks for inner in block.blocks]
        if not blocks:
            return False
    return True


def _content_blocks(content: Any) -> list[Block]:
    if content is None or content == "":
        return []
    if isinstance(content, str):
        return [Block(TEXT, content)]
    if isinstance(content, list):
        return [block for item in content for block in _content_block(item)]
    if isinstance(content, dict):
        return _content_block(content)
    return [Block(DATA, data=content)]


def _content_block(item: Any) -> list[Block]:
    if isinstance(item, str):
        return [Block(TEXT, item)] if item else []
    if not isinstance(item, dict):
        return [] if item is None else [Block(DATA, data=item)]
    kind = item.get("type")
    reader = _BLOCK_READERS.get(kind) if isinstance(kind, str) else None
    if reader is not None:
        return reader(item)
    if isinstance(kind, str) and kind in _ITEM_READERS:
        return _ITEM_READERS[kind](item)[1]
    known = message_dialects.known_form(item)
    return _content_block(known) if known is not None else _gemini_part(item)


def _gemini_part(item: dict[str, Any]) -> list[Block]:
    if isinstance(item.get("text"), str):
        return [Block(REASONING if item.get("thought") is True else TEXT, item["text"])] if item["text"] else []
    for key in ("inlineData", "inline_data"):
        if isinstance(item.get(key), dict):
            return [_inline(item[key])]
    for key in ("fileData", "file_data"):
        if isinstance(item.get(key), dict):
            return [_file_uri(item[key])]
    for key in ("functionCall", "function_call"):
        if isinstance(item.get(key), dict):
            call = item[key]
            return [
                Block(TOOL_CALL, _arguments(call.get("args")), id=_text(call.get("id")), name=_text(call.get("name")))
            ]
    for key in ("functionResponse", "function_response"):
        if isinstance(item.get(key), dict):
            reply = item[key]
            return [_tool_result(_text(reply.get("id")), _text(reply.get("name")), reply.get("response"))]
    if item.keys() <= {"text", "thought", "thoughtSignature", "thought_signature"}:
        # All that is left of a part whose text was empty.
        return []
    return [Block(DATA, data=item)]


def _inline(data: dict[str, Any]) -> Block:
    media_type = _text(data.get("mimeType") or data.get("mime_type") or data.get("media_type"))
    url = f"data:{media_type};base64,{_text(data.get('data'))}"
    return Block(_media(media_type), url=url, media_type=media_type)


def _file_uri(data: dict[str, Any]) -> Block:
    media_type = _text(data.get("mimeType") or data.get("mime_type"))
    return Block(_media(media_type), url=_text(data.get("fileUri") or data.get("file_uri")), media_type=media_type)


def _media(media_type: str) -> str:
    kind = media_type.partition("/")[0]
    return {"image": IMAGE, "audio": AUDIO}.get(kind, FILE)


# --- content blocks by their `type` ---------------------------------------------------------------------------------


def _read_text(item: dict[str, Any]) -> list[Block]:
    # OpenTelemetry's text parts have `content`.
    text = item.get("text", item.get("content"))
    if isinstance(text, dict):
        text = text.get("value")
    return [Block(TEXT, text)] if isinstance(text, str) and text else []


def _read_thinking(item: dict[str, Any]) -> list[Block]:
    text = _text(item.get("thinking") or item.get("text"))
    return [Block(REASONING, text)] if text else []


def _read_redacted_thinking(item: dict[str, Any]) -> list[Block]:
    return [Block(REASONING, "", data=f"encrypted by the provider, {len(_text(item.get('data')))} characters")]


def _read_refusal(item: dict[str, Any]) -> list[Block]:
    return [Block(REFUSAL, _text(item.get("refusal")))]


def _read_image(item: dict[str, Any]) -> list[Block]:
    image = item.get("image_url", item.get("image"))
    source = item.get("source")
    if isinstance(source, dict):
        if source.get("type") == "base64":
            return [_inline(source)]
        return [Block(IMAGE, url=_text(source.get("url") or source.get("file_id")))]
    if isinstance(image, dict):
        return [Block(IMAGE, url=_text(image.get("url")))]
    return [Block(IMAGE, url=_text(image or item.get("file_id")))]


def _read_file(item: dict[str, Any]) -> list[Block]:
    source = item.get("source")
    if isinstance(source, dict):
        if source.get("type") == "base64":
            block = _inline(source)
            block.name = _text(item.get("title"))
            return [block]
        if source.get("type") == "text":
            return [Block(FILE, _text(source.get("data")), name=_text(item.get("title")))]
        return [Block(FILE, name=_text(item.get("title")), url=_text(source.get("url") or source.get("file_id")))]
    file = item.get("file")
    file = file if isinstance(file, dict) else item
    url = _text(file.get("file_data") or file.get("file_url") or file.get("file_id"))
    return [Block(FILE, name=_text(file.get("filename")), url=url)]


def _read_audio(item: dict[str, Any]) -> list[Block]:
    audio = item.get("input_audio")
    audio = audio if isinstance(audio, dict) else {}
    data = _text(audio.get("data"))
    block = Block(AUDIO, _text(item.get("transcript")), name=_text(audio.get("format")), data=len(data))
    block.fingerprint = fingerprint_of(data)
    return [block]


def _read_tool_use(item: dict[str, Any]) -> list[Block]:
    return [Block(TOOL_CALL, _arguments(item.get("input")), id=_text(item.get("id")), name=_text(item.get("name")))]


def _read_server_tool_use(item: dict[str, Any]) -> list[Block]:
    (block,) = _read_tool_use(item)
    block.by_provider = True
    return [block]


def _read_tool_result(item: dict[str, Any]) -> list[Block]:
    call_id = _text(item.get("tool_use_id"))
    return [_tool_result(call_id, "", item.get("content"), item.get("is_error") is True)]


_BLOCK_READERS: dict[str, Callable[[dict[str, Any]], list[Block]]] = {
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


def _item_message(item: dict[str, Any]) -> tuple[str, list[Block]]:
    role = _text(item.get("role")) or "assistant"
    return _ROLES.get(role, role), _content_blocks(item.get("content"))


def _item_call(item: dict[str, Any]) -> tuple[str, list[Block]]:
    arguments = item.get("arguments", item.get("input", item.get("action")))
    name = _text(item.get("name")) or _text(item.get("type")).removesuffix("_call")
    call_id = _text(item.get("call_id") or item.get("id"))
    return "assistant", [Block(TOOL_CALL, _arguments(arguments), id=call_id, name=name)]


def _item_server_call(item: dict[str, Any]) -> tuple[str, list[Block]]:
    role, (block,) = _item_call(item)
    block.by_provider = True
    return role, [block]


def _item_of_provider(item: dict[str, Any]) -> tuple[str, list[Block]]:
    return "assistant", [Block(DATA, data=item, by_provider=True)]


def _item_reference(item: dict[str, Any]) -> tuple[str, list[Block]]:
    return "assistant", [Block(DATA, data=item)]


def _item_output(item: dict[str, Any]) -> tuple[str, list[Block]]:
    return "tool", [_tool_result(_text(item.get("call_id")), "", item.get("output"))]


def _item_reasoning(item: dict[str, Any]) -> tuple[str, list[Block]]:
    blocks = [b for name in ("summary", "content", "text") for b in _content_blocks(item.get(name))]
    text = "\n\n".join(block.text for block in blocks if block.text)
    if not text and item.get("encrypted_content"):
        size = len(_text(item.get("encrypted_content")))
        return "assistant", [Block(REASONING, data=f"encrypted by the provider, {size} characters")]
    return "assistant", [Block(REASONING, text)] if text else []


def _item_image(item: dict[str, Any]) -> tuple[str, list[Block]]:
    result = _text(item.get("result"))
    url = f"data:image/png;base64,{result}" if result else ""
    return "assistant", [Block(IMAGE, id=_text(item.get("id")), url=url, media_type="image/png")]


_ITEM_READERS: dict[str, Callable[[dict[str, Any]], tuple[str, list[Block]]]] = {
    "message": _item_message,
    "function_call": _item_call,
    "custom_tool_call": _item_call,
    "computer_call": _item_call,
    "local_shell_call": _item_call,
    "web_search_call": _item_server_call,
    "file_search_call": _item_server_call,
    "code_interpreter_call": _item_server_call,
    "mcp_call": _item_server_call,
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
    return "\n".join(block.text for block in message.blocks if block.type in (TEXT, REFUSAL) and block.text)


def searchable_text(message: Message) -> str:
    """All text of a message in which somebody may search, tool calls and results included; no encoded media."""
    pieces = []
    for block in message.blocks:
        if block.name:
            pieces.append(block.name)
        if block.text:
            pieces.append(block.text)
        elif block.type == DATA:
            pieces.append(to_json(block.data))
    return "\n".join(pieces)


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
