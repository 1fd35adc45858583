"""Write messages and tool definitions of any form as OpenAI's chat API takes them."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any, assert_never

from sessions_app.content.blocks import (
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


def chat_message(message: Message) -> list[dict[str, Any]]:
    """One message, or several where tool results stand beside other content."""
    results = [block for block in message.blocks if isinstance(block, ToolResultBlock)]
    others = [block for block in message.blocks if isinstance(block, (TextBlock, MediaBlock, OtherBlock))]
    calls = [block for block in message.blocks if isinstance(block, ToolCallBlock)]
    found = [_tool_message(block) for block in results]
    if results and not (others or calls):
        return found
    written: dict[str, Any] = {"role": message.role, "content": _content(others)}
    reasoning = "\n\n".join(block.text for block in message.blocks if isinstance(block, ReasoningBlock) and block.text)
    refusal = "\n".join(block.text for block in message.blocks if isinstance(block, RefusalBlock))
    extras = {
        "name": message.name,
        "reasoning_content": reasoning,
        "refusal": refusal,
        "tool_calls": [_call(block) for block in calls],
    }
    return [*found, written | {name: value for name, value in extras.items() if value}]


def content_of(message: Message) -> Any:
    """The content of a message."""
    return _content(message.blocks)


def _content(blocks: Sequence[ContentBlock]) -> Any:
    if not blocks:
        return None
    if len(blocks) == 1 and isinstance(blocks[0], TextBlock):
        return blocks[0].text
    return [_part(block) for block in blocks]


def _part(block: ContentBlock) -> dict[str, Any]:
    match block:
        case MediaBlock(modality="image"):
            return {"type": "image_url", "image_url": {"url": block.url}}
        case MediaBlock(modality="audio"):
            return {"type": "input_audio", "input_audio": {"format": block.name}, "transcript": block.text}
        case MediaBlock():
            return {"type": "file", "file": {"filename": block.name, "file_data": block.url or block.text}}
        case OtherBlock():
            return {"type": "data", "data": block.value}
        case TextBlock() | ReasoningBlock() | RefusalBlock() | CitationsBlock() | ToolCallBlock() | ToolResultBlock():
            return {"type": "text", "text": text_of(block)}
    assert_never(block)


def _tool_message(block: ToolResultBlock) -> dict[str, Any]:
    content = block.text or _content([inner for inner in block.blocks if not isinstance(inner, TextBlock)]) or ""
    return {"role": "tool", "tool_call_id": block.call_id, "content": content}


def _call(block: ToolCallBlock) -> dict[str, Any]:
    return {"id": block.id, "type": "function", "function": {"name": block.name, "arguments": block.arguments}}


_PARAMETERS = ("parameters", "inputSchema", "input_schema", "parameters_json_schema")


def tool_definition(tool: Any) -> Any:
    """A tool definition in OpenAI's form. Anything else is returned as it is."""
    if isinstance(tool, str):
        try:
            tool = json.loads(tool)
        except ValueError:
            return tool
    if isinstance(tool, dict) and tool.get("role") == "tool" and isinstance(tool.get("content"), dict):
        return tool["content"]
    if not isinstance(tool, dict) or isinstance(tool.get("function"), dict) or not isinstance(tool.get("name"), str):
        return tool
    schema = next((tool[name] for name in _PARAMETERS if isinstance(tool.get(name), dict)), None)
    # Strands and Bedrock nest the schema one level deeper.
    schema = schema["json"] if isinstance(schema, dict) and isinstance(schema.get("json"), dict) else schema
    function = {"name": tool["name"], "description": tool.get("description"), "parameters": schema}
    return {"type": "function", "function": {name: value for name, value in function.items() if value is not None}}
