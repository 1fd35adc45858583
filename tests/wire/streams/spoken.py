"""An answer, and the events with which each API would stream it."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

Event = dict[str, Any]


@dataclass
class Call:
    name: str
    arguments: list[str]
    id: str


@dataclass
class Spoken:
    """What a model said, each text in the pieces in which it came."""

    reasoning: list[str] = field(default_factory=list)
    text: list[str] = field(default_factory=list)
    calls: list[Call] = field(default_factory=list)


def chat(said: Spoken) -> list[Event]:
    deltas: list[Event] = [{"role": "assistant", "content": ""}]
    deltas += [{"reasoning_content": piece} for piece in said.reasoning]
    deltas += [{"content": piece} for piece in said.text]
    for index, call in enumerate(said.calls):
        head = {"index": index, "id": call.id, "type": "function", "function": {"name": call.name, "arguments": ""}}
        deltas.append({"tool_calls": [head]})
        deltas += [{"tool_calls": [{"index": index, "function": {"arguments": piece}}]} for piece in call.arguments]
    common = {"id": "chatcmpl-7", "object": "chat.completion.chunk", "model": "m-1"}
    events = [common | {"choices": [{"index": 0, "delta": d, "finish_reason": None}]} for d in deltas]
    events.append(common | {"choices": [{"index": 0, "delta": {}, "finish_reason": "stop"}], "usage": None})
    return [*events, common | {"choices": [], "usage": {"prompt_tokens": 11, "completion_tokens": 7}}]


def responses(said: Spoken) -> list[Event]:
    events: list[Event] = [_response("created", {"status": "in_progress", "output": []})]
    index = 0
    if said.reasoning:
        events.append(_item("added", index, {"type": "reasoning", "id": "rs_1", "summary": []}))
        part = {"output_index": index, "summary_index": 0}
        events += [{"type": "response.reasoning_summary_text.delta", "delta": p} | part for p in said.reasoning]
        index += 1
    if said.text:
        events.append(_item("added", index, {"type": "message", "id": "msg_1", "role": "assistant", "content": []}))
        part = {"output_index": index, "content_index": 0}
        events += [{"type": "response.output_text.delta", "delta": p} | part for p in said.text]
        index += 1
    for call in said.calls:
        item = {"type": "function_call", "call_id": call.id, "name": call.name, "arguments": ""}
        events.append(_item("added", index, item))
        kind = "response.function_call_arguments.delta"
        events += [{"type": kind, "delta": p, "output_index": index} for p in call.arguments]
        index += 1
    usage = {"input_tokens": 11, "output_tokens": 7}
    return [*events, _response("completed", {"status": "completed", "output": [], "usage": usage})]


def _response(kind: str, members: Event) -> Event:
    return {"type": f"response.{kind}", "response": {"id": "resp_7", "object": "response", "model": "m-1"} | members}


def _item(kind: str, index: int, item: Event) -> Event:
    return {"type": f"response.output_item.{kind}", "output_index": index, "item": item}


def anthropic(said: Spoken) -> list[Event]:
    message = {"id": "msg_7", "type": "message", "role": "assistant", "model": "m-1", "content": []}
    message |= {"stop_reason": None, "usage": {"input_tokens": 11, "output_tokens": 1}}
    events: list[Event] = [{"type": "message_start", "message": message}, {"type": "ping"}]
    blocks: list[tuple[Event, list[Event]]] = []
    if said.reasoning:
        deltas = [{"type": "thinking_delta", "thinking": piece} for piece in said.reasoning]
        deltas.append({"type": "signature_delta", "signature": "c2ln"})
        blocks.append(({"type": "thinking", "thinking": "", "signature": ""}, deltas))
    if said.text:
        blocks.append(({"type": "text", "text": ""}, [{"type": "text_delta", "text": p} for p in said.text]))
    for call in said.calls:
        head = {"type": "tool_use", "id": call.id, "name": call.name, "input": {}}
        blocks.append((head, [{"type": "input_json_delta", "partial_json": p} for p in call.arguments]))
    for index, (head, deltas) in enumerate(blocks):
        events.append({"type": "content_block_start", "index": index, "content_block": head})
        events += [{"type": "content_block_delta", "index": index, "delta": delta} for delta in deltas]
        events.append({"type": "content_block_stop", "index": index})
    events.append({"type": "message_delta", "delta": {"stop_reason": "end_turn"}, "usage": {"output_tokens": 7}})
    return [*events, {"type": "message_stop"}]


def gemini(said: Spoken) -> list[Event]:
    parts: list[Event] = [{"text": piece, "thought": True} for piece in said.reasoning]
    parts += [{"text": piece} for piece in said.text]
    parts += [
        {"functionCall": {"name": c.name, "id": c.id, "args": json.loads("".join(c.arguments))}} for c in said.calls
    ]
    common = {"modelVersion": "m-1", "responseId": "r-7"}
    events = [common | {"candidates": [{"content": {"parts": [part], "role": "model"}, "index": 0}]} for part in parts]
    end = {"content": {"parts": [{"text": ""}], "role": "model"}, "finishReason": "STOP", "index": 0}
    return [
        *events,
        common | {"candidates": [end], "usageMetadata": {"promptTokenCount": 11, "candidatesTokenCount": 7}},
    ]


def bedrock(said: Spoken) -> list[Event]:
    blocks: list[tuple[Event, list[Event]]] = []
    if said.reasoning:
        blocks.append(({}, [{"reasoningContent": {"text": p}} for p in said.reasoning]))
    if said.text:
        blocks.append(({}, [{"text": p} for p in said.text]))
    for call in said.calls:
        head = {"start": {"toolUse": {"toolUseId": call.id, "name": call.name}}}
        blocks.append((head, [{"toolUse": {"input": p}} for p in call.arguments]))
    events: list[Event] = [{"messageStart": {"role": "assistant"}}]
    for index, (head, deltas) in enumerate(blocks):
        if head:
            events.append({"contentBlockStart": head | {"contentBlockIndex": index}})
        events += [{"contentBlockDelta": {"delta": d, "contentBlockIndex": index}} for d in deltas]
        events.append({"contentBlockStop": {"contentBlockIndex": index}})
    events.append({"messageStop": {"stopReason": "end_turn"}})
    return [*events, {"metadata": {"usage": {"inputTokens": 11, "outputTokens": 7, "totalTokens": 18}}}]


def cohere(said: Spoken) -> list[Event]:
    events: list[Event] = [{"type": "message-start", "id": "co-7", "delta": {"message": {"role": "assistant"}}}]
    blocks = [(kind, pieces) for kind, pieces in (("thinking", said.reasoning), ("text", said.text)) if pieces]
    for index, (kind, pieces) in enumerate(blocks):
        events.append(_cohere("content-start", index, {"content": {"type": kind, kind: ""}}))
        events += [_cohere("content-delta", index, {"content": {kind: p}}) for p in pieces]
        events.append({"type": "content-end", "index": index})
    for index, call in enumerate(said.calls):
        head = {"id": call.id, "type": "function", "function": {"name": call.name, "arguments": ""}}
        events.append(_cohere("tool-call-start", index, {"tool_calls": head}))
        pieces = [{"tool_calls": {"function": {"arguments": p}}} for p in call.arguments]
        events += [_cohere("tool-call-delta", index, piece) for piece in pieces]
    end = {"finish_reason": "COMPLETE", "usage": {"tokens": {"input_tokens": 11, "output_tokens": 7}}}
    return [*events, {"type": "message-end", "id": "co-7", "delta": end}]


def _cohere(kind: str, index: int, message: Event) -> Event:
    return {"type": kind, "index": index, "delta": {"message": message}}


def ollama(said: Spoken) -> list[Event]:
    messages: list[Event] = [{"content": "", "thinking": piece} for piece in said.reasoning]
    messages += [{"content": piece} for piece in said.text]
    calls = [{"function": {"name": c.name, "arguments": json.loads("".join(c.arguments))}} for c in said.calls]
    messages += [{"content": "", "tool_calls": [call]} for call in calls]
    events = [{"model": "m-1", "message": {"role": "assistant"} | m, "done": False} for m in messages]
    counts = {"prompt_eval_count": 11, "eval_count": 7}
    end = {"model": "m-1", "message": {"role": "assistant", "content": ""}, "done": True, "done_reason": "stop"}
    return [*events, end | counts]


def ui_messages(said: Spoken) -> list[Event]:
    """The AI SDK's UI message stream, with the counts as metadata."""
    events: list[Event] = [{"type": "start", "messageId": "ui-7"}, {"type": "start-step"}]
    for kind, pieces in (("reasoning", said.reasoning), ("text", said.text)):
        if pieces:
            deltas = [{"type": f"{kind}-delta", "id": "0", "delta": piece} for piece in pieces]
            events += [{"type": f"{kind}-start", "id": "0"}, *deltas, {"type": f"{kind}-end", "id": "0"}]
    for call in said.calls:
        named = {"toolCallId": call.id, "toolName": call.name}
        events.append({"type": "tool-input-start"} | named)
        events += [{"type": "tool-input-delta", "toolCallId": call.id, "inputTextDelta": p} for p in call.arguments]
        events.append({"type": "tool-input-available", "input": json.loads("".join(call.arguments))} | named)
    metadata = {"totalUsage": {"inputTokens": 11, "outputTokens": 7}}
    end = {"type": "finish", "finishReason": "stop", "messageMetadata": metadata}
    return [*events, {"type": "finish-step"}, end]


def full_stream(said: Spoken) -> list[Event]:
    """The parts of the AI SDK's `fullStream`. The calls come in pieces only."""
    events: list[Event] = [{"type": "start"}, {"type": "start-step", "request": {}, "warnings": []}]
    events += [{"type": "reasoning-delta", "id": "r", "text": piece} for piece in said.reasoning]
    events += [{"type": "text-delta", "id": "t", "text": piece} for piece in said.text]
    for call in said.calls:
        events.append({"type": "tool-input-start", "id": call.id, "toolName": call.name})
        events += [{"type": "tool-input-delta", "id": call.id, "delta": piece} for piece in call.arguments]
        events.append({"type": "tool-input-end", "id": call.id})
    usage = {"inputTokens": 11, "outputTokens": 7, "totalTokens": 18}
    step = {"type": "finish-step", "finishReason": "stop", "usage": usage, "response": {"id": "fs-7", "modelId": "m-1"}}
    return [*events, step, {"type": "finish", "finishReason": "stop", "totalUsage": usage}]


STREAMS: dict[str, Callable[[Spoken], list[Event]]] = {
    "chat": chat,
    "responses": responses,
    "anthropic": anthropic,
    "gemini": gemini,
    "bedrock": bedrock,
    "cohere": cohere,
    "ollama": ollama,
    "ui messages": ui_messages,
    "full stream": full_stream,
}
