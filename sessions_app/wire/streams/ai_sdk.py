"""Streams of Vercel's AI SDK: the parts of `fullStream` (4 to 6), of its UI message stream (5 and 6), of a provider's
`doStream`, and the lines of its data stream (4): `0:"text"`.

An answer may consist of several steps. What the tools of the application returned divides it into messages.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Any

from sessions_app.content.json_bytes import DocumentError, loads
from sessions_app.content.json_values import JsonObject
from sessions_app.wire.streams.assembly import Assembly, object_in, text_in

# Data parts and what begins or ends a text say nothing by themselves.
_KINDS = frozenset(
    {
        *("start", "start-step", "step-start", "stream-start", "text-start", "text-delta", "reasoning-start"),
        *("reasoning-delta", "tool-input-start", "tool-input-available", "tool-call", "tool-call-streaming-start"),
        *("tool-call-delta", "tool-result", "finish-step", "step-finish", "finish", "response-metadata", "reasoning"),
    }
)
# What parts of these kinds have. Other APIs have kinds of the same names.
_MEMBERS = frozenset(
    {
        *("messageId", "textDelta", "toolCallId", "toolName", "finishReason", "totalUsage", "providerMetadata"),
        *("warnings", "inputTextDelta", "argsTextDelta", "modelId", "isContinued"),
    }
)
_TEXTS = {"text-delta": "text", "reasoning-delta": "reasoning", "reasoning": "reasoning", "text": "text"}
_PIECES = ("delta", "text", "textDelta")
_STARTS = frozenset({"tool-input-start", "tool-call-streaming-start"})
_CALLS = frozenset({"tool-input-available", "tool-input-error", "tool-call"})
_INPUT_PIECES = frozenset({"tool-input-delta", "tool-call-delta"})
_INPUTS = ("input", "args")
_RESULTS = {"tool-result": None, "tool-output-available": None, "tool-output-error": "errorText", "tool-error": "error"}
_OUTPUTS = ("output", "result")
_FINISHES = frozenset({"finish-step", "step-finish", "finish"})
_SOURCES = frozenset({"source", "source-url", "source-document"})

# The lines of the data stream by their first letter.
_LINE_KINDS = {
    "0": "text-delta",
    "g": "reasoning-delta",
    "3": "error",
    "9": "tool-call",
    "a": "tool-result",
    "h": "source",
    "b": "tool-call-streaming-start",
    "c": "tool-call-delta",
    "d": "finish",
    "e": "finish-step",
    "f": "start-step",
    "2": "data",
    "8": "data",
    "i": "data",
    "j": "data",
    "k": "file",
}
_LINE = re.compile(r"[0-9a-k]:[\"\[{]")
_AROUND = frozenset({"start-step", "finish-step", "finish"})


def recognises(event: JsonObject) -> bool:
    """Whether this is a part of a stream of the AI SDK."""
    kind = event.get("type")
    if not isinstance(kind, str) or kind not in _KINDS:
        return False
    if kind in ("text-delta", "reasoning-delta"):
        return any(isinstance(event.get(name), str) for name in _PIECES)
    return not _MEMBERS.isdisjoint(event)


def parts_of_lines(lines: Iterable[str]) -> list[JsonObject] | None:
    """The parts that the lines of a data stream stand for; None for any other text.

    A model may well write such lines. So they count only with one that begins or ends a step or the message.
    """
    found: list[JsonObject] = []
    for line in filter(str.strip, lines):
        try:
            value = loads(line[2:].encode("utf-8", "surrogatepass")) if _LINE.match(line) else None
        except DocumentError:
            value = None
        if value is None and found:
            # The stream broke off within this line.
            break
        if value is None:
            return None
        found.append(_part_of_line(line[0], value))
    return found if any(part["type"] in _AROUND for part in found) else None


def _part_of_line(letter: str, value: Any) -> JsonObject:
    """The part that a line of the data stream stands for."""
    kind = _LINE_KINDS.get(letter, "data")
    if isinstance(value, dict):
        return value | {"type": kind}
    return {"type": kind, "error" if kind == "error" else "textDelta": value}


class PartsAssembly(Assembly):
    """The messages of an answer from their parts: what the model said and called, and what tools returned."""

    def __init__(self) -> None:
        super().__init__()
        self._messages: list[JsonObject] = []
        self._texts: dict[tuple[str, Any], JsonObject] = {}
        self._calls: dict[str, JsonObject] = {}

    def add(self, event: JsonObject) -> None:
        kind = text_in(event, "type")
        if kind in _TEXTS:
            self._add_text(_TEXTS[kind], event)
        elif kind in ("text-start", "reasoning-start"):
            self._texts.pop((kind.removesuffix("-start"), _hashable(event.get("id"))), None)
        elif kind in _STARTS or kind in _CALLS or kind in _INPUT_PIECES:
            self._add_call(event, kind in _INPUT_PIECES)
        elif kind in _RESULTS:
            self._add_result(event, _RESULTS[kind])
        elif kind in _SOURCES or kind == "file":
            self._said().append(_medium(event) if kind == "file" else event)
        elif kind in _FINISHES:
            self._finish(event, kind == "finish")
        elif kind == "error":
            self.fail(event.get("errorText") or event.get("error"))
        elif kind in ("start", "start-step", "step-start", "response-metadata"):
            self._texts.clear()
            self.keep({"id": event.get("messageId") or text_in(event, "id"), "model": event.get("modelId")})

    def body(self) -> JsonObject:
        self.texts.settle()
        return self.kept | {"output": self._messages}

    def _said(self, role: str = "assistant") -> list[JsonObject]:
        """The content of the last message, of a new one if another role spoke last."""
        if not self._messages or self._messages[-1]["role"] != role:
            self._messages.append({"role": role, "content": []})
            self._texts.clear()
        content: list[JsonObject] = self._messages[-1]["content"]
        return content

    def _add_text(self, kind: str, event: JsonObject) -> None:
        piece = next((event[name] for name in _PIECES if isinstance(event.get(name), str)), "")
        if not piece:
            return
        content, key = self._said(), (kind, _hashable(event.get("id")))
        block = self._texts.get(key)
        if block is None or (block is not content[-1] and key[1] is None):
            block = self._texts[key] = {"type": kind, "text": ""}
            content.append(block)
        self.texts.add(block, "text", piece)

    def _add_call(self, event: JsonObject, is_piece: bool) -> None:
        call_id = text_in(event, "toolCallId") or text_in(event, "id")
        call = self._calls.get(call_id) if call_id else None
        if call is None:
            call = {"type": "tool-call", "toolCallId": call_id, "toolName": "", "input": ""}
            self._said().append(call)
            self._calls[call_id] = call
        call["toolName"] = text_in(event, "toolName") or call["toolName"]
        if event.get("providerExecuted") is True:
            call["providerExecuted"] = True
        if is_piece:
            pieces = (event.get(name) for name in ("inputTextDelta", "argsTextDelta", "delta"))
            self.texts.add(call, "input", next((piece for piece in pieces if isinstance(piece, str)), None))
            return
        whole = next((event[name] for name in _INPUTS if event.get(name) is not None), None)
        if whole is not None:
            self.texts.take(call, "input")
            call["input"] = whole

    def _add_result(self, event: JsonObject, error: str | None) -> None:
        if event.get("preliminary") is True:
            return
        call = self._calls.get(text_in(event, "toolCallId"), {})
        by_provider = event.get("providerExecuted") is True or "providerExecuted" in call
        result: JsonObject = {"type": "tool-result", "toolCallId": event.get("toolCallId")}
        result["toolName"] = event.get("toolName") or call.get("toolName")
        if error is None:
            result["output"] = next((event[name] for name in _OUTPUTS if name in event), None)
        else:
            result |= {"output": event.get(error), "isError": True}
        self._said("assistant" if by_provider else "tool").append(result)

    def _finish(self, event: JsonObject, is_last: bool) -> None:
        self.is_ended = self.is_ended or is_last
        reason = event.get("finishReason")
        reason = reason.get("unified") if isinstance(reason, dict) else reason
        response = object_in(event, "response")
        usage = object_in(event, "totalUsage") or object_in(event, "usage")
        metadata = object_in(event, "messageMetadata")
        usage = usage or object_in(metadata, "totalUsage") or object_in(metadata, "usage")
        self.keep({"finishReason": reason, "usage": usage, "id": response.get("id"), "model": response.get("modelId")})


def _hashable(value: Any) -> str | int | None:
    return value if isinstance(value, (str, int)) else None


def _medium(event: JsonObject) -> JsonObject:
    """A file that the model made, by its address or with its data."""
    held = object_in(event, "file") or event
    data = held.get("url") or held.get("base64") or held.get("base64Data") or held.get("data")
    return {"type": "file", "data": data, "mediaType": held.get("mediaType") or held.get("mimeType")}
