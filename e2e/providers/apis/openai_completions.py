"""OpenAI Completions, with the SDK `openai`."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, ClassVar

import openai
from conversations import Answer, Conversation, Turn, pieces
from replies import Reply, json_reply, sse_reply

from apis.base import Expected, Logged, called
from apis.openai_chat import CREATED, FINISH, OpenAIChat, usage_of


class OpenAICompletions:
    name: ClassVar[str] = "openai completions"
    can: ClassVar[frozenset[str]] = frozenset({"error", "break", "cached"})
    remembers: ClassVar[bool] = False

    def reply(self, answer: Answer, number: int, stream: bool) -> Reply:
        if answer.status != 200:
            return OpenAIChat().reply(answer, number, stream)
        head = {
            "id": f"cmpl-{number:029d}",
            "object": "text_completion",
            "created": CREATED,
            "model": "gpt-3.5-turbo-instruct",
        }
        finish = FINISH[answer.finish]
        if not stream:
            choice = {"index": 0, "text": answer.text, "logprobs": None, "finish_reason": finish}
            return json_reply({**head, "choices": [choice], "usage": usage_of(answer)})
        choices = [
            {"index": 0, "text": piece, "logprobs": None, "finish_reason": None} for piece in pieces(answer.text)
        ]
        choices.append({"index": 0, "text": "", "logprobs": None, "finish_reason": finish})
        chunks: list[dict[str, Any]] = [{**head, "choices": [choice], "usage": None} for choice in choices]
        chunks.append({**head, "choices": [], "usage": usage_of(answer)})
        return sse_reply(chunks, done=True, breaks=answer.breaks)

    def expected(self, answer: Answer, stream: bool) -> Expected:
        return Expected(answer.counts.input, answer.counts.output, answer.counts.cached or None)

    def talk(self, conversation: Conversation, url: str, stream: bool) -> Iterator[tuple[Turn, Logged]]:
        client = openai.OpenAI(api_key="none", base_url=f"{url}/v1", max_retries=0)
        for turn in conversation.turns:
            asked: dict[str, Any] = {"model": "gpt-3.5-turbo-instruct", "prompt": turn.user}
            if stream:
                asked |= {"stream": True, "stream_options": {"include_usage": True}}
            yield turn, called(client.completions.create, asked, stream)
