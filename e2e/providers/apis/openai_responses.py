"""OpenAI Responses, with the SDK `openai`: with the whole input each time, or with the id of the response before."""

from __future__ import annotations

import base64
import json
from collections.abc import Iterator
from typing import Any, ClassVar

import openai
from conversations import TOOLS, Answer, Conversation, Turn, pieces
from replies import Reply, json_reply, sse_reply

from apis.base import Expected, Logged, called
from apis.openai_chat import CREATED, schema


def response_id(number: int) -> str:
    return f"resp_{number:048x}"


class OpenAIResponses:
    name: ClassVar[str] = "openai responses"
    can: ClassVar[frozenset[str]] = frozenset(
        {"tools", "image", "thought", "filter", "error", "break", "cached", "ran"}
    )
    remembers: ClassVar[bool] = True
    by_id: ClassVar[bool] = False

    def output(self, answer: Answer, number: int) -> list[dict[str, Any]]:
        items: list[dict[str, Any]] = []
        if answer.thought:
            summary = [{"type": "summary_text", "text": answer.thought}]
            items.append({"type": "reasoning", "id": f"rs_{number:048x}", "summary": summary})
        for index, done in enumerate(answer.ran):
            items.append(
                {
                    "type": "code_interpreter_call",
                    "id": f"ci_{number:047x}{index}",
                    "status": "completed",
                    "code": done.call.arguments["code"],
                    "container_id": "cntr_1",
                    "outputs": [{"type": "logs", "logs": done.text}],
                }
            )
        if answer.text:
            part = {"type": "output_text", "text": answer.text, "annotations": [], "logprobs": []}
            status = "incomplete" if answer.finish == "length" else "completed"
            items.append(
                {
                    "type": "message",
                    "id": f"msg_{number:048x}",
                    "role": "assistant",
                    "status": status,
                    "content": [part],
                }
            )
        for index, call in enumerate(answer.calls):
            items.append(
                {
                    "type": "function_call",
                    "id": f"fc_{number:047x}{index}",
                    "call_id": call.id,
                    "name": call.name,
                    "arguments": json.dumps(call.arguments, ensure_ascii=False),
                    "status": "completed",
                }
            )
        return items

    def body(self, answer: Answer, number: int) -> dict[str, Any]:
        counts = answer.counts
        reason = {"length": "max_output_tokens", "filter": "content_filter"}.get(answer.finish)
        return {
            "id": response_id(number),
            "object": "response",
            "created_at": CREATED,
            "status": "incomplete" if reason else "completed",
            "error": None,
            "incomplete_details": {"reason": reason} if reason else None,
            "instructions": None,
            "metadata": {},
            "model": "gpt-5.1",
            "output": self.output(answer, number),
            "parallel_tool_calls": True,
            "temperature": 1.0,
            "tool_choice": "auto",
            "tools": [],
            "top_p": 1.0,
            "usage": {
                "input_tokens": counts.input,
                "input_tokens_details": {"cached_tokens": counts.cached},
                "output_tokens": counts.output,
                "output_tokens_details": {"reasoning_tokens": counts.thought},
                "total_tokens": counts.input + counts.output,
            },
        }

    def reply(self, answer: Answer, number: int, stream: bool) -> Reply:
        if answer.status != 200:
            error = {"message": answer.text, "type": "requests", "param": None, "code": "rate_limit_exceeded"}
            return json_reply({"error": error}, answer.status)
        body = self.body(answer, number)
        if not stream:
            return json_reply(body)
        events = list(self._events(body))
        for sequence, event in enumerate(events):
            event["sequence_number"] = sequence
        return sse_reply(events, named=True, breaks=answer.breaks)

    def _events(self, body: dict[str, Any]) -> Iterator[dict[str, Any]]:
        begun = {**body, "status": "in_progress", "output": [], "usage": None, "incomplete_details": None}
        yield {"type": "response.created", "response": begun}
        yield {"type": "response.in_progress", "response": begun}
        for index, item in enumerate(body["output"]):
            yield {"type": "response.output_item.added", "output_index": index, "item": self._empty(item)}
            yield from self._item_events(index, item)
            yield {"type": "response.output_item.done", "output_index": index, "item": item}
        yield {"type": f"response.{body['status']}", "response": body}

    @staticmethod
    def _empty(item: dict[str, Any]) -> dict[str, Any]:
        emptied = {"arguments": "", "content": [], "summary": []}
        return {**item, **{name: value for name, value in emptied.items() if name in item}}

    @staticmethod
    def _item_events(index: int, item: dict[str, Any]) -> Iterator[dict[str, Any]]:
        place = {"item_id": item["id"], "output_index": index}
        if item["type"] == "function_call":
            for piece in pieces(item["arguments"]):
                yield {"type": "response.function_call_arguments.delta", **place, "delta": piece}
            yield {"type": "response.function_call_arguments.done", **place, "arguments": item["arguments"]}
            return
        if item["type"] == "code_interpreter_call":
            yield {"type": "response.code_interpreter_call_code.delta", **place, "delta": item["code"]}
            yield {"type": "response.code_interpreter_call_code.done", **place, "code": item["code"]}
            yield {"type": "response.code_interpreter_call.completed", **place}
            return
        if item["type"] == "reasoning":
            part = item["summary"][0]
            kind, member, of = "response.reasoning_summary_text", "summary_index", "response.reasoning_summary_part"
        else:
            part = item["content"][0]
            kind, member, of = "response.output_text", "content_index", "response.content_part"
        place[member] = 0
        more = {"logprobs": []} if item["type"] == "message" else {}
        yield {"type": f"{of}.added", **place, "part": {**part, "text": ""}}
        for piece in pieces(part["text"]):
            yield {"type": f"{kind}.delta", **place, "delta": piece, **more}
        yield {"type": f"{kind}.done", **place, "text": part["text"], **more}
        yield {"type": f"{of}.done", **place, "part": part}

    def expected(self, answer: Answer, stream: bool) -> Expected:
        counts = answer.counts
        return Expected(counts.input, counts.output, counts.cached or None, counts.thought or None)

    def talk(self, conversation: Conversation, url: str, stream: bool) -> Iterator[tuple[Turn, Logged]]:
        client = openai.OpenAI(api_key="none", base_url=f"{url}/v1", max_retries=0)
        items: list[Any] = []
        previous = None
        for turn in conversation.turns:
            items += self._sent(conversation, turn)
            asked: dict[str, Any] = {"model": "gpt-5.1", "input": list(items)}
            if self.by_id and previous:
                asked["previous_response_id"] = previous
            if conversation.system:
                asked["instructions"] = conversation.system
            if conversation.has_tools:
                asked["tools"] = [
                    {"type": "function", "name": name, "description": words, "parameters": schema(members)}
                    for name, (words, members) in TOOLS.items()
                ]
            if stream:
                asked["stream"] = True
            logged = called(client.responses.create, asked, stream)
            yield turn, logged
            body = logged.response[-1].get("response") if stream and logged.response else logged.response
            previous = body["id"] if body else None
            items = [] if self.by_id else items + (body["output"] if body else [])

    def _sent(self, conversation: Conversation, turn: Turn) -> list[dict[str, Any]]:
        if turn.results:
            return [
                {"type": "function_call_output", "call_id": result.call.id, "output": result.text}
                for result in turn.results
            ]
        if conversation.image:
            url = "data:image/png;base64," + base64.b64encode(conversation.image).decode()
            parts = [{"type": "input_text", "text": turn.user}, {"type": "input_image", "image_url": url}]
            return [{"role": "user", "content": parts}]
        return [{"role": "user", "content": turn.user}]


class OpenAIResponsesById(OpenAIResponses):
    name: ClassVar[str] = "openai responses by id"
    by_id: ClassVar[bool] = True
