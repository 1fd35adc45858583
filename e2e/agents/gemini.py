"""Gemini's generateContent, streamed and not, beside OpenAI's API."""

from __future__ import annotations

import json
from typing import Any

from models import Call, Handler


class GeminiHandler(Handler):
    def do_POST(self) -> None:
        path = self.path.partition("?")[0]
        if not path.endswith("enerateContent"):
            super().do_POST()
            return
        body = json.loads(self._body() or b"{}")
        body.setdefault("model", path.rpartition("/")[2].partition(":")[0])
        number = self.models.number()
        call = self.models.answer(body, [], number)
        call.path, call.response_id = "gemini", f"gemini-response-{number}"
        call.is_streamed = ":stream" in path
        self.models.note(self.path.split("/", 2)[1], call)
        document = gemini_document(call)
        if not call.is_streamed:
            self._send(200, document)
            return
        self._begin_stream()
        for chunk in gemini_chunks(document):
            self._chunk(f"data: {json.dumps(chunk)}\r\n\r\n".encode())
        self.wfile.write(b"0\r\n\r\n")


def gemini_document(call: Call) -> dict[str, Any]:
    """A response. Its calls have no ids, as the API leaves them out."""
    parts: list[dict[str, Any]] = [{"text": call.output}] if call.output else []
    parts += [{"functionCall": {"name": name, "args": arguments}} for _, name, arguments in call.tool_calls]
    prompt, output = call.input_tokens or 0, call.output_tokens or 0
    return {
        "candidates": [{"content": {"parts": parts, "role": "model"}, "finishReason": "STOP", "index": 0}],
        "usageMetadata": {
            "promptTokenCount": prompt,
            "candidatesTokenCount": output,
            "totalTokenCount": prompt + output,
        },
        "modelVersion": call.model,
        "responseId": call.response_id,
    }


def gemini_chunks(document: dict[str, Any]) -> list[dict[str, Any]]:
    """One part in each."""
    (candidate,) = document["candidates"]
    parts = candidate["content"]["parts"]
    chunks = []
    for at, part in enumerate(parts):
        content = {"parts": [part], "role": "model"}
        one = {"content": content, "index": 0} | ({"finishReason": "STOP"} if at == len(parts) - 1 else {})
        chunks.append(document | {"candidates": [one]})
    return chunks
