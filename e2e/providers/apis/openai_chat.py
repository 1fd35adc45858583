"""OpenAI Chat Completions, with the SDK `openai`; and the servers of others that speak it."""

from __future__ import annotations

import base64
import json
from collections.abc import Iterator
from typing import Any, ClassVar

import openai
from conversations import TOOLS, Answer, Conversation, Turn, pieces
from replies import Reply, json_reply, sse_reply

from apis.base import Expected, Logged, called

ALL = frozenset({"tools", "image", "filter", "error", "break", "cached"})
CREATED = 1_790_000_000
FINISH = {"stop": "stop", "tools": "tool_calls", "length": "length", "filter": "content_filter"}


def usage_of(answer: Answer) -> dict[str, Any]:
    counts = answer.counts
    return {
        "prompt_tokens": counts.input,
        "completion_tokens": counts.output,
        "total_tokens": counts.input + counts.output,
        "prompt_tokens_details": {"cached_tokens": counts.cached, "audio_tokens": 0},
        "completion_tokens_details": {"reasoning_tokens": counts.thought, "audio_tokens": 0},
    }


def tools() -> list[dict[str, Any]]:
    return [
        {
            "type": "function",
            "function": {"name": name, "description": words, "parameters": schema(members)},
        }
        for name, (words, members) in TOOLS.items()
    ]


def schema(members: dict[str, str]) -> dict[str, Any]:
    properties = {name: {"type": kind} for name, kind in members.items()}
    return {"type": "object", "properties": properties, "required": list(members)}


def message_of(answer: Answer) -> dict[str, Any]:
    """An answer as a message."""
    message: dict[str, Any] = {"role": "assistant", "content": answer.text or None}
    if answer.calls:
        message["tool_calls"] = [
            {
                "id": call.id,
                "type": "function",
                "function": {"name": call.name, "arguments": json.dumps(call.arguments, ensure_ascii=False)},
            }
            for call in answer.calls
        ]
    return message


def sent_by(conversation: Conversation, turn: Turn) -> list[dict[str, Any]]:
    """What a turn adds to the messages."""
    if turn.results:
        return [{"role": "tool", "tool_call_id": result.call.id, "content": result.text} for result in turn.results]
    if conversation.image:
        url = "data:image/png;base64," + base64.b64encode(conversation.image).decode()
        parts = [{"type": "text", "text": turn.user}, {"type": "image_url", "image_url": {"url": url}}]
        return [{"role": "user", "content": parts}]
    return [{"role": "user", "content": turn.user}]


class OpenAIChat:
    name: ClassVar[str] = "openai chat"
    can: ClassVar[frozenset[str]] = ALL | {"thought"}
    remembers: ClassVar[bool] = True
    # Where other servers of this API put what the model thought.
    thought_member: ClassVar[str] = "reasoning_content"
    model: ClassVar[str] = "gpt-5.1"

    def reply(self, answer: Answer, number: int, stream: bool) -> Reply:
        if answer.status != 200:
            error = {"message": answer.text, "type": "requests", "param": None, "code": "rate_limit_exceeded"}
            return json_reply({"error": error}, answer.status)
        head = {"id": f"chatcmpl-{number:029d}", "created": CREATED, "model": self.model}
        if not stream:
            message = message_of(answer) | {"refusal": None}
            if answer.thought:
                message[self.thought_member] = answer.thought
            choice = {"index": 0, "message": message, "logprobs": None, "finish_reason": FINISH[answer.finish]}
            return json_reply({**head, "object": "chat.completion", "choices": [choice], "usage": usage_of(answer)})
        head["object"] = "chat.completion.chunk"
        chunks = [{**head, "choices": [self._choice(delta)], "usage": None} for delta in self._deltas(answer)]
        chunks.append({**head, "choices": [self._choice({}, FINISH[answer.finish])], "usage": None})
        chunks.append({**head, "choices": [], "usage": usage_of(answer)})
        return sse_reply(chunks, done=True, breaks=answer.breaks)

    @staticmethod
    def _choice(delta: dict[str, Any], finish: str | None = None) -> dict[str, Any]:
        return {"index": 0, "delta": delta, "logprobs": None, "finish_reason": finish}

    def _deltas(self, answer: Answer) -> Iterator[dict[str, Any]]:
        yield {"role": "assistant", "content": "", "refusal": None}
        for piece in pieces(answer.thought):
            yield {self.thought_member: piece}
        for piece in pieces(answer.text):
            yield {"content": piece}
        for index, call in enumerate(answer.calls):
            function = {"name": call.name, "arguments": ""}
            yield {"tool_calls": [{"index": index, "id": call.id, "type": "function", "function": function}]}
            for piece in pieces(json.dumps(call.arguments, ensure_ascii=False)):
                yield {"tool_calls": [{"index": index, "function": {"arguments": piece}}]}

    def expected(self, answer: Answer, stream: bool) -> Expected:
        counts = answer.counts
        return Expected(counts.input, counts.output, counts.cached or None, counts.thought or None)

    def talk(self, conversation: Conversation, url: str, stream: bool) -> Iterator[tuple[Turn, Logged]]:
        client = openai.OpenAI(api_key="none", base_url=f"{url}/v1", max_retries=0)
        messages: list[Any] = []
        if conversation.system:
            messages.append({"role": "system", "content": conversation.system})
        for turn in conversation.turns:
            messages += sent_by(conversation, turn)
            asked: dict[str, Any] = {"model": self.model, "messages": list(messages)}
            if conversation.has_tools:
                asked["tools"] = tools()
            if stream:
                asked |= {"stream": True, "stream_options": {"include_usage": True}}
            yield turn, called(client.chat.completions.create, asked, stream)
            messages.append(message_of(turn.answer))
