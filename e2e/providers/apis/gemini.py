"""Gemini generateContent (v1beta), with the SDK `google-genai`. Answers have no ids of calls, as Gemini sends them."""

from __future__ import annotations

import base64
from collections.abc import Iterator
from typing import Any, ClassVar

from conversations import TOOLS, Answer, Conversation, Turn, pieces
from google import genai
from google.genai import errors, types
from replies import Reply, json_reply, sse_reply

from apis.base import Expected, Logged, plain
from apis.openai_chat import schema

FINISH = {"stop": "STOP", "tools": "STOP", "length": "MAX_TOKENS", "filter": "SAFETY"}
MODEL = "gemini-2.5-pro"


class Gemini:
    name: ClassVar[str] = "gemini generateContent"
    can: ClassVar[frozenset[str]] = frozenset(
        {"tools", "image", "thought", "filter", "error", "break", "cached", "ran"}
    )
    remembers: ClassVar[bool] = True

    def reply(self, answer: Answer, number: int, stream: bool) -> Reply:
        if answer.status != 200:
            error = {"code": answer.status, "message": answer.text, "status": "RESOURCE_EXHAUSTED"}
            return json_reply({"error": error}, answer.status)
        parts = self._parts(answer)
        if not stream:
            return json_reply(self._body(answer, number, parts, FINISH[answer.finish]))
        small: list[dict[str, Any]] = []
        for part in parts:
            if "text" in part:
                small += [{**part, "text": piece} for piece in pieces(part["text"])]
            else:
                small.append(part)
        events = [self._body(answer, number, [part], None) for part in small[:-1]]
        events.append(self._body(answer, number, small[-1:], FINISH[answer.finish]))
        return sse_reply(events, breaks=answer.breaks)

    @staticmethod
    def _parts(answer: Answer) -> list[dict[str, Any]]:
        parts: list[dict[str, Any]] = [{"text": answer.thought, "thought": True}] if answer.thought else []
        for done in answer.ran:
            parts.append({"executableCode": {"language": "PYTHON", "code": done.call.arguments["code"]}})
            parts.append({"codeExecutionResult": {"outcome": "OUTCOME_OK", "output": done.text}})
        parts += [{"text": answer.text}] if answer.text else []
        return parts + [{"functionCall": {"name": call.name, "args": call.arguments}} for call in answer.calls]

    @staticmethod
    def _body(answer: Answer, number: int, parts: list[dict[str, Any]], finish: str | None) -> dict[str, Any]:
        counts = answer.counts
        candidate: dict[str, Any] = {"index": 0}
        if parts:
            candidate["content"] = {"role": "model", "parts": parts}
        if finish:
            candidate["finishReason"] = finish
        usage = {
            "promptTokenCount": counts.input,
            "candidatesTokenCount": counts.output - counts.thought,
            "totalTokenCount": counts.input + counts.output,
        }
        if counts.thought:
            usage["thoughtsTokenCount"] = counts.thought
        if counts.cached:
            usage["cachedContentTokenCount"] = counts.cached
        head = {"modelVersion": MODEL, "responseId": f"rsp{number:020d}"}
        return {"candidates": [candidate], "usageMetadata": usage, **head}

    def expected(self, answer: Answer, stream: bool) -> Expected:
        counts = answer.counts
        return Expected(counts.input, counts.output, counts.cached or None, counts.thought or None)

    def talk(self, conversation: Conversation, url: str, stream: bool) -> Iterator[tuple[Turn, Logged]]:
        options = types.HttpOptions(base_url=url, retry_options=types.HttpRetryOptions(attempts=1))
        client = genai.Client(api_key="none", http_options=options)
        contents: list[Any] = []
        for turn in conversation.turns:
            contents.append(self._sent(conversation, turn))
            config: dict[str, Any] = {}
            if conversation.system:
                config["system_instruction"] = conversation.system
            if conversation.has_tools:
                declared = [
                    {"name": name, "description": words, "parameters_json_schema": schema(members)}
                    for name, (words, members) in TOOLS.items()
                ]
                config["tools"] = [{"function_declarations": declared}]
            typed = [types.Content.model_validate(content) for content in contents]
            logged = Logged(
                {"model": MODEL, "contents": [item.model_dump(mode="json", exclude_none=True) for item in typed]}
                | ({"config": config} if config else {})
            )
            try:
                if stream:
                    logged.response = []
                    for chunk in client.models.generate_content_stream(model=MODEL, contents=typed, config=config):
                        logged.response.append(plain(chunk))
                else:
                    got = client.models.generate_content(model=MODEL, contents=typed, config=config)
                    logged.response = plain(got)
            except (errors.APIError, OSError, ValueError) as error:
                logged.error = str(error)
            yield turn, logged
            contents.append({"role": "model", "parts": self._parts(turn.answer)})

    def _sent(self, conversation: Conversation, turn: Turn) -> dict[str, Any]:
        if turn.results:
            parts: list[dict[str, Any]] = [
                {
                    "functionResponse": {
                        "name": result.call.name,
                        "response": {"error" if result.failed else "result": result.text},
                    }
                }
                for result in turn.results
            ]
        else:
            parts = [{"text": turn.user}]
        if conversation.image:
            data = base64.b64encode(conversation.image).decode()
            parts.append({"inlineData": {"mimeType": "image/png", "data": data}})
        return {"role": "user", "parts": parts}
