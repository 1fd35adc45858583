"""Hugging Face's inference, with the SDK `huggingface_hub`: chat completion, and text generation (TGI)."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, ClassVar

from conversations import Answer, Conversation, Turn, pieces
from huggingface_hub import InferenceClient
from replies import Reply, json_reply, sse_reply

from apis.base import Expected, Logged, called
from apis.openai_chat import OpenAIChat, message_of, sent_by, tools

MODEL = "meta-llama/Llama-3.3-70B-Instruct"


class HuggingFaceChat(OpenAIChat):
    name: ClassVar[str] = "huggingface chat"
    can: ClassVar[frozenset[str]] = frozenset({"tools", "image", "error", "break"})
    remembers: ClassVar[bool] = True
    model: ClassVar[str] = MODEL

    def talk(self, conversation: Conversation, url: str, stream: bool) -> Iterator[tuple[Turn, Logged]]:
        client = InferenceClient(base_url=f"{url}/v1", api_key="none")
        messages: list[Any] = []
        if conversation.system:
            messages.append({"role": "system", "content": conversation.system})
        for turn in conversation.turns:
            messages += sent_by(conversation, turn)
            asked: dict[str, Any] = {"model": MODEL, "messages": list(messages)}
            if conversation.has_tools:
                asked["tools"] = tools()
            if stream:
                asked |= {"stream": True, "stream_options": {"include_usage": True}}
            yield turn, called(client.chat_completion, asked, stream)
            messages.append(message_of(turn.answer))


class HuggingFaceGenerate:
    name: ClassVar[str] = "huggingface generate"
    can: ClassVar[frozenset[str]] = frozenset({"error", "break", "cached"})
    remembers: ClassVar[bool] = False

    def reply(self, answer: Answer, number: int, stream: bool) -> Reply:
        if answer.status != 200:
            return json_reply({"error": answer.text, "error_type": "overloaded"}, answer.status)
        reason = "length" if answer.finish == "length" else "eos_token"
        details = {"finish_reason": reason, "generated_tokens": answer.counts.output, "seed": None}
        if not stream:
            return json_reply([{"generated_text": answer.text, "details": {**details, "prefill": [], "tokens": []}}])
        small = pieces(answer.text)
        events: list[dict[str, Any]] = []
        for index, piece in enumerate(small, 1):
            is_last = index == len(small)
            token = {"id": 1000 + index, "text": piece, "logprob": -0.1, "special": False}
            events.append(
                {
                    "index": index,
                    "token": token,
                    "generated_text": answer.text if is_last else None,
                    "details": {**details, "input_length": answer.counts.input} if is_last else None,
                }
            )
        return sse_reply(events, breaks=answer.breaks)

    def expected(self, answer: Answer, stream: bool) -> Expected:
        return Expected(answer.counts.input if stream else None, answer.counts.output)

    def talk(self, conversation: Conversation, url: str, stream: bool) -> Iterator[tuple[Turn, Logged]]:
        client = InferenceClient(model=f"{url}/generate", api_key="none")
        for turn in conversation.turns:
            asked: dict[str, Any] = {"prompt": turn.user, "details": True, "max_new_tokens": 50, "stream": stream}
            logged = called(client.text_generation, asked, stream)
            logged.request = {"inputs": turn.user, "parameters": {"details": True, "max_new_tokens": 50}}
            yield turn, logged
