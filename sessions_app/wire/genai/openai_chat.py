"""Write messages and tool definitions of any form as OpenAI's chat API takes them."""

from __future__ import annotations

import json
from typing import Any

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


def chat_message(message: Message) -> list[dict[str, Any]]:
    """One message; several if it has tool results beside other content."""
    results = [block for block in message.blocks if block.type == TOOL_RESULT]
    others = [block for block in message.blocks if block.type not in (TOOL_RESULT, TOOL_CALL, REASONING, REFUSAL)]
    calls = [block for block in message.blocks if block.type == TOOL_CALL]
    found = [_tool_message(block) for block in results]
    if results and not (others or calls):
        return found
    written: dict[str, Any] = {"role": message.role, "content": _content(others)}
    reasoning = "\n\n".join(block.text for block in message.blocks if block.type == REASONING and block.text)
    refusal = "\n".join(block.text for block in message.blocks if block.type == REFUSAL)
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


def _content(blocks: list[Block]) -> Any:
    if not blocks:
        return None
    if all(block.type == TEXT for block in blocks) and len(blocks) == 1:
        return blocks[0].text
    return [_part(block) for block in blocks]


def _part(block: Block) -> dict[str, Any]:
    if block.type == TEXT:
        return {"type": "text", "text": block.text}
    if block.type == IMAGE:
        return {"type": "image_url", "image_url": {"url": block.url}}
    if block.type == FILE:
        return {"type": "file", "file": {"filename": block.name, "file_data": block.url or block.text}}
    if block.type == AUDIO:
        return {"type": "input_audio", "input_audio": {"format": block.name}, "transcript": block.text}
    return {"type": "data", "data": block.data} if block.type == DATA else {"type": "text", "text": block.text}


def _tool_message(block: Block) -> dict[str, Any]:
    content = block.text or _content([inner for inner in block.blocks if inner.type != TEXT]) or ""
    return {"role": "tool", "tool_call_id": block.id, "content": content}


def _call(block: Block) -> dict[str, Any]:
    return {"id": block.id, "type": "function", "function": {"name": block.name, "arguments": block.text}}


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
