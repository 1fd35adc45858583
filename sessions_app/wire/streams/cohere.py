"""Events of Cohere's chat, v2 and v1 (cohere 5.20)."""

from __future__ import annotations

from typing import Any

from sessions_app.content.json_values import JsonObject
from sessions_app.wire.streams.assembly import Assembly, in_order, index_in, list_at, object_in, text_in

_EVENTS = frozenset(
    {
        *("message-start", "message-end", "content-start", "content-delta", "content-end", "tool-plan-delta"),
        *("tool-call-start", "tool-call-delta", "tool-call-end", "citation-start", "citation-end"),
    }
)
_OLD_EVENTS = frozenset(
    {
        *("stream-start", "stream-end", "text-generation", "tool-calls-chunk", "tool-calls-generation"),
        *("search-results", "search-queries-generation", "citation-generation"),
    }
)


def recognises(event: JsonObject) -> bool:
    """Whether this is an event of chat v2."""
    return text_in(event, "type") in _EVENTS


def is_old(event: JsonObject) -> bool:
    """Whether this is an event of chat v1."""
    return text_in(event, "event_type") in _OLD_EVENTS


class CohereAssembly(Assembly):
    """An answer of chat v2 from its events."""

    def __init__(self) -> None:
        super().__init__()
        self._message: JsonObject = {"role": "assistant"}
        self._content: dict[int, JsonObject] = {}
        self._calls: dict[int, JsonObject] = {}

    def add(self, event: JsonObject) -> None:
        kind, delta, index = text_in(event, "type"), object_in(event, "delta"), index_in(event) or 0
        message = object_in(delta, "message")
        if kind in ("message-start", "message-end"):
            self.keep({"id": event.get("id")})
        if kind == "message-end":
            self.keep(delta, frozenset({"message", "error"}))
            self.is_ended = True
            if delta.get("error"):
                self.fail(delta["error"])
        elif kind.startswith("content-"):
            self._add_content(index, object_in(message, "content"))
        elif kind == "tool-plan-delta":
            self.texts.add(self._message, "tool_plan", message.get("tool_plan"))
        elif kind.startswith("tool-call-"):
            self._add_call(index, object_in(message, "tool_calls"))
        elif kind == "citation-start" and message.get("citations"):
            list_at(self._message, "citations").append(message["citations"])

    def body(self) -> JsonObject:
        self.texts.settle()
        message = dict(self._message)
        if self._content:
            message["content"] = in_order(self._content)
        if self._calls:
            message["tool_calls"] = in_order(self._calls)
        return self.kept | {"message": message}

    def _add_content(self, index: int, content: JsonObject) -> None:
        if not content:
            return
        block = self._content.setdefault(index, {"type": "thinking" if "thinking" in content else "text"})
        for name, value in content.items():
            if name in ("text", "thinking"):
                self.texts.add(block, name, value)
            elif value is not None:
                block[name] = value

    def _add_call(self, index: int, call: JsonObject) -> None:
        if not call:
            return
        mine = self._calls.setdefault(index, {"type": "function", "function": {}})
        for name, value in object_in(call, "function").items():
            if name == "arguments":
                self.texts.add(mine["function"], name, value)
            elif value is not None:
                mine["function"][name] = value
        mine.update({k: v for k, v in call.items() if k != "function" and v is not None})


class OldCohereAssembly(Assembly):
    """An answer of chat v1 from its events. The last one has all of it again."""

    def __init__(self) -> None:
        super().__init__()
        self._answer: JsonObject = {}

    def add(self, event: JsonObject) -> None:
        kind = text_in(event, "event_type")
        if kind == "stream-end":
            self.is_ended = True
            self.keep(object_in(event, "response"))
            self.keep({"finish_reason": event.get("finish_reason")})
            if event.get("error"):
                self.fail(event["error"])
        elif kind == "text-generation" or kind == "tool-calls-chunk":
            self.texts.add(self._answer, "text", event.get("text"))
        elif kind != "stream-start":
            self._add_lists(event)
        self.keep({"generation_id": event.get("generation_id")})

    def body(self) -> JsonObject:
        self.texts.settle()
        return self._answer | self.kept

    def _add_lists(self, event: dict[str, Any]) -> None:
        for name, value in event.items():
            if isinstance(value, list):
                mine = self._answer.setdefault(name, [])
                if isinstance(mine, list):
                    mine.extend(value)
