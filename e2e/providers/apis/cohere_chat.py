"""Cohere Chat v2, with the SDK `cohere`."""

from __future__ import annotations

import base64
import json
from collections.abc import Iterator
from typing import Any, ClassVar

import cohere
from cohere.core.api_error import ApiError
from conversations import Answer, Conversation, Turn, pieces
from replies import Reply, json_reply, sse_reply

from apis.base import Expected, Logged, plain
from apis.openai_chat import tools

FINISH = {"stop": "COMPLETE", "tools": "TOOL_CALL", "length": "MAX_TOKENS", "filter": "ERROR"}
MODEL = "command-a-03-2025"


class CohereChat:
    name: ClassVar[str] = "cohere chat"
    can: ClassVar[frozenset[str]] = frozenset({"tools", "image", "thought", "error", "break"})
    remembers: ClassVar[bool] = True

    @staticmethod
    def message(answer: Answer) -> dict[str, Any]:
        """An answer as a message."""
        message: dict[str, Any] = {"role": "assistant"}
        content: list[dict[str, Any]] = []
        if answer.thought:
            content.append({"type": "thinking", "thinking": answer.thought})
        if answer.text and not answer.calls:
            content.append({"type": "text", "text": answer.text})
        if content:
            message["content"] = content
        if answer.calls:
            # Cohere's plan is what other providers put into the text beside a call.
            message["tool_plan"] = answer.text or "I will use a tool."
            message["tool_calls"] = [
                {
                    "id": call.id,
                    "type": "function",
                    "function": {"name": call.name, "arguments": json.dumps(call.arguments, ensure_ascii=False)},
                }
                for call in answer.calls
            ]
        return message

    @staticmethod
    def _usage(answer: Answer) -> dict[str, Any]:
        tokens = {"input_tokens": answer.counts.input, "output_tokens": answer.counts.output}
        return {"billed_units": {"input_tokens": 3, "output_tokens": 2}, "tokens": tokens}

    def reply(self, answer: Answer, number: int, stream: bool) -> Reply:
        if answer.status != 200:
            return json_reply({"message": answer.text}, answer.status)
        head = {"id": f"c14c80c3-18eb-4519-9460-{number:012d}"}
        if not stream:
            usage = self._usage(answer)
            finish = FINISH[answer.finish]
            return json_reply({**head, "message": self.message(answer), "finish_reason": finish, "usage": usage})
        return sse_reply(list(self._events(answer, head)), named=True, breaks=answer.breaks)

    def _events(self, answer: Answer, head: dict[str, Any]) -> Iterator[dict[str, Any]]:
        message = self.message(answer)
        start = {"role": "assistant", "content": [], "tool_plan": "", "tool_calls": [], "citations": []}
        yield {"type": "message-start", **head, "delta": {"message": start}}
        for piece in pieces(message.get("tool_plan", "")):
            yield {"type": "tool-plan-delta", "delta": {"message": {"tool_plan": piece}}}
        for index, block in enumerate(message.get("content", [])):
            member = block["type"]
            content = {"type": member, member: ""}
            yield {"type": "content-start", "index": index, "delta": {"message": {"content": content}}}
            for piece in pieces(block[member]):
                yield {"type": "content-delta", "index": index, "delta": {"message": {"content": {member: piece}}}}
            yield {"type": "content-end", "index": index}
        for index, call in enumerate(message.get("tool_calls", [])):
            begun = {**call, "function": {"name": call["function"]["name"], "arguments": ""}}
            yield {"type": "tool-call-start", "index": index, "delta": {"message": {"tool_calls": begun}}}
            for piece in pieces(call["function"]["arguments"]):
                delta = {"message": {"tool_calls": {"function": {"arguments": piece}}}}
                yield {"type": "tool-call-delta", "index": index, "delta": delta}
            yield {"type": "tool-call-end", "index": index}
        end = {"finish_reason": FINISH[answer.finish], "usage": self._usage(answer)}
        yield {"type": "message-end", "id": head["id"], "delta": end}

    def expected(self, answer: Answer, stream: bool) -> Expected:
        return Expected(answer.counts.input, answer.counts.output)

    def talk(self, conversation: Conversation, url: str, stream: bool) -> Iterator[tuple[Turn, Logged]]:
        client = cohere.ClientV2(api_key="none", base_url=url)
        messages: list[Any] = []
        if conversation.system:
            messages.append({"role": "system", "content": conversation.system})
        for turn in conversation.turns:
            messages += self._sent(conversation, turn)
            asked: dict[str, Any] = {"model": MODEL, "messages": list(messages)}
            if conversation.has_tools:
                asked["tools"] = tools()
            logged = Logged(asked)
            try:
                if stream:
                    logged.response = []
                    for event in client.chat_stream(**asked, request_options={"max_retries": 0}):
                        logged.response.append(plain(event))
                else:
                    logged.response = plain(client.chat(**asked, request_options={"max_retries": 0}))
            except ApiError as error:
                logged.response, logged.error = plain(error.body), str(error)
            except Exception as error:  # its transport raises errors of its own kinds when a stream breaks off
                logged.error = str(error)
            yield turn, logged
            messages.append(self.message(turn.answer))

    def _sent(self, conversation: Conversation, turn: Turn) -> list[dict[str, Any]]:
        if turn.results:
            return [
                {
                    "role": "tool",
                    "tool_call_id": result.call.id,
                    "content": [{"type": "document", "document": {"data": json.dumps({"result": result.text})}}],
                }
                for result in turn.results
            ]
        if conversation.image:
            url = "data:image/png;base64," + base64.b64encode(conversation.image).decode()
            parts = [{"type": "text", "text": turn.user}, {"type": "image_url", "image_url": {"url": url}}]
            return [{"role": "user", "content": parts}]
        return [{"role": "user", "content": turn.user}]
