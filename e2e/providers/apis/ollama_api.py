"""Ollama's chat and generate, with the SDK `ollama`. Its calls have no ids."""

from __future__ import annotations

import base64
from collections.abc import Iterator
from typing import Any, ClassVar

import ollama
from conversations import Answer, Conversation, Turn, pieces
from replies import Reply, json_reply, lines_reply

from apis.base import Expected, Logged, called
from apis.openai_chat import tools

MODEL = "qwen3:8b"
DONE = {"stop": "stop", "tools": "stop", "length": "length"}


class OllamaChat:
    name: ClassVar[str] = "ollama chat"
    can: ClassVar[frozenset[str]] = frozenset({"tools", "image", "thought", "error", "break"})
    remembers: ClassVar[bool] = True

    def reply(self, answer: Answer, number: int, stream: bool) -> Reply:
        if answer.status != 200:
            return json_reply({"error": answer.text}, answer.status)
        head = {"model": MODEL, "created_at": f"2026-11-20T10:00:{number % 60:02d}.123456Z"}
        end = {
            "done": True,
            "done_reason": DONE[answer.finish],
            "total_duration": 5_000_000,
            "load_duration": 1_000_000,
            "prompt_eval_count": answer.counts.input,
            "prompt_eval_duration": 1_000_000,
            "eval_count": answer.counts.output,
            "eval_duration": 3_000_000,
        }
        if not stream:
            return json_reply({**head, **self.said(answer), **end})
        events = [{**head, **said, "done": False} for said in self.parts(answer)]
        return lines_reply([*events, {**head, **self.said(Answer()), **end}], breaks=answer.breaks)

    @staticmethod
    def message(answer: Answer) -> dict[str, Any]:
        message: dict[str, Any] = {"role": "assistant", "content": answer.text}
        if answer.thought:
            message["thinking"] = answer.thought
        if answer.calls:
            message["tool_calls"] = [
                {"function": {"name": call.name, "arguments": call.arguments}} for call in answer.calls
            ]
        return message

    def said(self, answer: Answer) -> dict[str, Any]:
        return {"message": self.message(answer)}

    def parts(self, answer: Answer) -> Iterator[dict[str, Any]]:
        for piece in pieces(answer.thought):
            yield self.said(Answer(thought=piece))
        for piece in pieces(answer.text):
            yield self.said(Answer(piece))
        for call in answer.calls:
            yield self.said(Answer(calls=(call,)))

    def expected(self, answer: Answer, stream: bool) -> Expected:
        return Expected(answer.counts.input, answer.counts.output)

    def talk(self, conversation: Conversation, url: str, stream: bool) -> Iterator[tuple[Turn, Logged]]:
        client = ollama.Client(host=url)
        messages: list[Any] = []
        if conversation.system:
            messages.append({"role": "system", "content": conversation.system})
        for turn in conversation.turns:
            messages += self._sent(conversation, turn)
            asked: dict[str, Any] = {"model": MODEL, "messages": list(messages), "stream": stream}
            if conversation.has_tools:
                asked["tools"] = tools()
            yield turn, logged_call(client.chat, asked, stream)
            messages.append(self.message(turn.answer))

    @staticmethod
    def _sent(conversation: Conversation, turn: Turn) -> list[dict[str, Any]]:
        if turn.results:
            return [{"role": "tool", "tool_name": result.call.name, "content": result.text} for result in turn.results]
        message: dict[str, Any] = {"role": "user", "content": turn.user}
        if conversation.image:
            message["images"] = [base64.b64encode(conversation.image).decode()]
        return [message]


def logged_call(call: Any, asked: dict[str, Any], stream: bool) -> Logged:
    """A call of Ollama's client, as it would be logged: its errors hold only the message."""
    logged = called(call, asked, stream)
    if logged.response is None and logged.error:
        logged.response = {"error": logged.error}
    return logged


class OllamaGenerate(OllamaChat):
    name: ClassVar[str] = "ollama generate"
    can: ClassVar[frozenset[str]] = frozenset({"image", "thought", "error", "break"})
    remembers: ClassVar[bool] = False

    def said(self, answer: Answer) -> dict[str, Any]:
        return {"response": answer.text} | ({"thinking": answer.thought} if answer.thought else {})

    def talk(self, conversation: Conversation, url: str, stream: bool) -> Iterator[tuple[Turn, Logged]]:
        client = ollama.Client(host=url)
        # What was said before comes back as numbers (`context`): nothing tells which call it was.
        for turn in conversation.turns:
            asked: dict[str, Any] = {"model": MODEL, "prompt": turn.user, "stream": stream}
            if conversation.system:
                asked["system"] = conversation.system
            if conversation.image:
                asked["images"] = [base64.b64encode(conversation.image).decode()]
            yield turn, logged_call(client.generate, asked, stream)
