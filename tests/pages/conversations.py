"""Logs of conversations for the tests of the session and request pages."""

from __future__ import annotations

import base64
import struct
import zlib
from datetime import timedelta
from typing import Any

from tests.factories import START, make_log

Message = dict[str, Any]


def user(text: Any) -> Message:
    return {"role": "user", "content": text}


def assistant(text: str | None, **members: Any) -> Message:
    return {"role": "assistant", "content": text} | members


def call(call_id: str, name: str, arguments: str = "{}") -> Message:
    return {"id": call_id, "type": "function", "function": {"name": name, "arguments": arguments}}


def result(call_id: str, text: str) -> Message:
    return {"role": "tool", "tool_call_id": call_id, "content": text}


def chat(messages: list[Message], answer: Message | str, at: float = 0, seconds: float = 2, **members: Any) -> Any:
    """A chat completion that starts `at` seconds after START."""
    message = assistant(answer) if isinstance(answer, str) else answer
    body = members.pop("body", {})
    return make_log(
        started_at=START + timedelta(seconds=at),
        seconds=seconds,
        request={"model": "gpt-4o", "messages": messages} | body,
        response={"choices": [{"index": 0, "message": message, "finish_reason": members.pop("finish", "stop")}]},
        **members,
    )


def turns(texts: list[str], system: str = "Be brief.", every: float = 10, **members: Any) -> list[Any]:
    """A conversation: each request sends everything before it again, and gets `Answer <n>`."""
    messages: list[Message] = [{"role": "system", "content": system}]
    logs = []
    for number, text in enumerate(texts, start=1):
        messages = [*messages, user(text)]
        logs.append(chat(messages, f"Answer {number}", at=every * (number - 1), **members))
        messages = [*messages, assistant(f"Answer {number}")]
    return logs


def agent() -> list[Any]:
    """Two requests: the first calls two tools, the second sends their results back."""
    tools = [{"type": "function", "function": {"name": "read_file", "parameters": {"type": "object"}}}]
    first = [{"role": "system", "content": "You fix code."}, user("Fix it")]
    calls = [call("c1", "read_file", '{"path": "a.py"}'), call("c2", "run_tests")]
    second = [*first, assistant("Looking.", tool_calls=calls), result("c1", "x = 1\ny = 2"), result("c2", "2 failed")]
    return [
        chat(first, assistant("Looking.", tool_calls=calls), finish="tool_calls", body={"tools": tools}),
        chat(second, "Fixed.", at=5, body={"tools": tools}),
    ]


def png(width: int = 3, height: int = 2) -> str:
    """The data URL of a PNG image."""

    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    rows = b"".join(b"\x00" + b"\x7f" * 3 * width for _ in range(height))
    header = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    parts = [chunk(b"IHDR", header), chunk(b"IDAT", zlib.compress(rows)), chunk(b"IEND", b"")]
    return "data:image/png;base64," + base64.b64encode(b"\x89PNG\r\n\x1a\n" + b"".join(parts)).decode()
