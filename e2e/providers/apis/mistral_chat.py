"""Mistral's chat completions, with the SDK `mistralai`."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, ClassVar

from conversations import Answer, Conversation, Turn, pieces
from mistralai.client import Mistral
from replies import Reply, json_reply, sse_reply

from apis.base import Expected, Logged, plain
from apis.openai_chat import CREATED, OpenAIChat, message_of, sent_by, tools

MODEL = "magistral-medium-latest"
FINISH = {"stop": "stop", "tools": "tool_calls", "length": "length", "filter": "error"}


class MistralChat:
    name: ClassVar[str] = "mistral chat"
    can: ClassVar[frozenset[str]] = frozenset({"tools", "image", "thought", "error", "break"})
    remembers: ClassVar[bool] = True

    @staticmethod
    def _content(answer: Answer) -> Any:
        if not answer.thought:
            return answer.text
        return [
            {"type": "thinking", "thinking": [{"type": "text", "text": answer.thought}]},
            {"type": "text", "text": answer.text},
        ]

    def _usage(self, answer: Answer) -> dict[str, int]:
        counts = answer.counts
        total = counts.input + counts.output
        return {"prompt_tokens": counts.input, "completion_tokens": counts.output, "total_tokens": total}

    def reply(self, answer: Answer, number: int, stream: bool) -> Reply:
        if answer.status != 200:
            error = {"object": "error", "message": answer.text, "type": "rate_limited", "param": None, "code": "1300"}
            return json_reply(error, answer.status)
        head = {"id": f"{number:032x}", "created": CREATED, "model": MODEL}
        finish = FINISH[answer.finish]
        if not stream:
            message = message_of(answer) | {"content": self._content(answer)}
            choice = {"index": 0, "message": message, "finish_reason": finish}
            usage = self._usage(answer)
            return json_reply({**head, "object": "chat.completion", "choices": [choice], "usage": usage})
        head["object"] = "chat.completion.chunk"
        deltas: list[dict[str, Any]] = [{"role": "assistant", "content": ""}]
        for piece in pieces(answer.thought):
            thinking = {"type": "thinking", "thinking": [{"type": "text", "text": piece}]}
            deltas.append({"content": [thinking]})
        deltas += [{"content": piece} for piece in pieces(answer.text)]
        if answer.calls:
            # Mistral sends each call whole.
            calls = message_of(answer)["tool_calls"]
            deltas.append({"tool_calls": [{**call, "index": index} for index, call in enumerate(calls)]})
        chunks: list[dict[str, Any]] = [
            {**head, "choices": [{"index": 0, "delta": delta, "finish_reason": None}]} for delta in deltas
        ]
        last = {"index": 0, "delta": {"content": ""}, "finish_reason": finish}
        chunks.append({**head, "choices": [last], "usage": self._usage(answer)})
        return sse_reply(chunks, done=True, breaks=answer.breaks)

    def expected(self, answer: Answer, stream: bool) -> Expected:
        return Expected(answer.counts.input, answer.counts.output)

    def talk(self, conversation: Conversation, url: str, stream: bool) -> Iterator[tuple[Turn, Logged]]:
        client = Mistral(api_key="none", server_url=url)
        messages: list[Any] = []
        if conversation.system:
            messages.append({"role": "system", "content": conversation.system})
        for turn in conversation.turns:
            added = sent_by(conversation, turn)
            for message, result in zip(added, turn.results, strict=False):
                message["name"] = result.call.name
            messages += added
            asked: dict[str, Any] = {"model": MODEL, "messages": list(messages)}
            if conversation.has_tools:
                asked["tools"] = tools()
            logged = Logged(asked)
            try:
                if stream:
                    logged.response = []
                    for event in client.chat.stream(**asked):
                        logged.response.append(plain(event.data))
                else:
                    logged.response = plain(client.chat.complete(**asked))
            except Exception as error:  # the SDK has no common base class of its errors
                logged.error = str(error)
            yield turn, logged
            messages.append(message_of(turn.answer) | {"content": self._content(turn.answer)})


class OpenRouterChat(OpenAIChat):
    """OpenRouter: OpenAI's API, with reasoning in a member of its own."""

    name: ClassVar[str] = "openrouter chat"
    thought_member: ClassVar[str] = "reasoning"
    model: ClassVar[str] = "deepseek/deepseek-r1"
