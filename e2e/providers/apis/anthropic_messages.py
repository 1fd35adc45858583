"""Anthropic Messages, with the SDK `anthropic`."""

from __future__ import annotations

import base64
import json
from collections.abc import Iterator
from typing import Any, ClassVar

import anthropic
from conversations import TOOLS, Answer, Conversation, Turn, pieces
from replies import Reply, json_reply, sse_reply

from apis.base import Expected, Logged, called
from apis.openai_chat import schema

STOP = {"stop": "end_turn", "tools": "tool_use", "length": "max_tokens", "filter": "refusal"}
MODEL = "claude-sonnet-4-5"


def blocks_of(answer: Answer) -> list[dict[str, Any]]:
    """An answer's content blocks."""
    blocks: list[dict[str, Any]] = []
    if answer.thought:
        blocks.append({"type": "thinking", "thinking": answer.thought, "signature": "ErUBCkYIBBgCIkA"})
    for done in answer.ran:
        server = f"srvtoolu_{done.call.id[5:]}"
        use = {"type": "server_tool_use", "id": server, "name": "bash_code_execution"}
        output = {
            "type": "bash_code_execution_result",
            "stdout": done.text,
            "stderr": "",
            "return_code": 0,
            "content": [],
        }
        blocks.append({**use, "input": {"command": done.call.arguments["code"]}})
        blocks.append({"type": "bash_code_execution_tool_result", "tool_use_id": server, "content": output})
    if answer.text:
        blocks.append({"type": "text", "text": answer.text})
    blocks += [{"type": "tool_use", "id": call.id, "name": call.name, "input": call.arguments} for call in answer.calls]
    return blocks


def body_of(answer: Answer, number: int) -> dict[str, Any]:
    counts = answer.counts
    return {
        "id": f"msg_{number:024d}",
        "type": "message",
        "role": "assistant",
        "model": MODEL,
        "content": blocks_of(answer),
        "stop_reason": STOP[answer.finish],
        "stop_sequence": None,
        "usage": {
            "input_tokens": counts.input - counts.cached,
            "cache_creation_input_tokens": 0,
            "cache_read_input_tokens": counts.cached,
            "output_tokens": counts.output,
        },
    }


def events_of(body: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """The events by which a message is streamed."""
    begun = {**body, "content": [], "stop_reason": None, "usage": {**body["usage"], "output_tokens": 1}}
    yield {"type": "message_start", "message": begun}
    yield {"type": "ping"}
    for index, block in enumerate(body["content"]):
        yield {"type": "content_block_start", "index": index, "content_block": _empty(block)}
        for delta in _deltas(block):
            yield {"type": "content_block_delta", "index": index, "delta": delta}
        yield {"type": "content_block_stop", "index": index}
    delta = {"stop_reason": body["stop_reason"], "stop_sequence": None}
    yield {"type": "message_delta", "delta": delta, "usage": {"output_tokens": body["usage"]["output_tokens"]}}
    yield {"type": "message_stop"}


def _empty(block: dict[str, Any]) -> dict[str, Any]:
    emptied: dict[str, Any] = {"text": "", "thinking": "", "signature": "", "input": {}}
    return {**block, **{name: value for name, value in emptied.items() if name in block}}


def _deltas(block: dict[str, Any]) -> Iterator[dict[str, Any]]:
    if block["type"] == "text":
        for piece in pieces(block["text"]):
            yield {"type": "text_delta", "text": piece}
    elif block["type"] == "thinking":
        for piece in pieces(block["thinking"]):
            yield {"type": "thinking_delta", "thinking": piece}
        yield {"type": "signature_delta", "signature": block["signature"]}
    elif "input" in block:
        for piece in pieces(json.dumps(block["input"], ensure_ascii=False)):
            yield {"type": "input_json_delta", "partial_json": piece}


def error_body(answer: Answer) -> dict[str, Any]:
    return {"type": "error", "error": {"type": "rate_limit_error", "message": answer.text}, "request_id": "req_1"}


def sent_by(conversation: Conversation, turn: Turn) -> dict[str, Any]:
    """The user message of a turn."""
    if turn.results:
        content: Any = [
            {"type": "tool_result", "tool_use_id": result.call.id, "content": result.text}
            | ({"is_error": True} if result.failed else {})
            for result in turn.results
        ]
    elif conversation.image:
        data = base64.b64encode(conversation.image).decode()
        source = {"type": "base64", "media_type": "image/png", "data": data}
        content = [{"type": "image", "source": source}, {"type": "text", "text": turn.user}]
    else:
        content = turn.user
    return {"role": "user", "content": content}


def tools() -> list[dict[str, Any]]:
    return [
        {"name": name, "description": words, "input_schema": schema(members)}
        for name, (words, members) in TOOLS.items()
    ]


class AnthropicMessages:
    name: ClassVar[str] = "anthropic messages"
    can: ClassVar[frozenset[str]] = frozenset(
        {"tools", "image", "thought", "filter", "error", "break", "cached", "ran"}
    )
    remembers: ClassVar[bool] = True

    def reply(self, answer: Answer, number: int, stream: bool) -> Reply:
        if answer.status != 200:
            return json_reply(error_body(answer), answer.status)
        body = body_of(answer, number)
        return sse_reply(list(events_of(body)), named=True, breaks=answer.breaks) if stream else json_reply(body)

    def expected(self, answer: Answer, stream: bool) -> Expected:
        return Expected(answer.counts.input, answer.counts.output, answer.counts.cached or None)

    def talk(self, conversation: Conversation, url: str, stream: bool) -> Iterator[tuple[Turn, Logged]]:
        client = anthropic.Anthropic(api_key="none", base_url=url, max_retries=0)
        messages: list[Any] = []
        for turn in conversation.turns:
            messages.append(sent_by(conversation, turn))
            asked: dict[str, Any] = {"model": MODEL, "max_tokens": 1024, "messages": list(messages)}
            if conversation.system:
                asked["system"] = conversation.system
            if conversation.has_tools:
                asked["tools"] = tools()
            if stream:
                asked["stream"] = True
            yield turn, called(client.messages.create, asked, stream)
            messages.append({"role": "assistant", "content": blocks_of(turn.answer)})
