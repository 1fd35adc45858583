"""Events of Anthropic's Messages API (2023-06-01, anthropic 0.75)."""

from __future__ import annotations

from sessions_app.content.json_values import JsonObject
from sessions_app.wire.streams.assembly import Assembly, in_order, index_in, object_in, read_json, text_in

_EVENTS = frozenset(
    {
        *("message_start", "message_delta", "message_stop"),
        *("content_block_start", "content_block_delta", "content_block_stop"),
    }
)
# Deltas with a text of another name than their own.
_MEMBERS = {"partial_json": "input", "text": "text", "thinking": "thinking", "signature": "signature"}


def recognises(event: JsonObject) -> bool:
    """Whether this is an event of the Messages API."""
    return text_in(event, "type") in _EVENTS


class MessageAssembly(Assembly):
    """A message from its events."""

    def __init__(self) -> None:
        super().__init__()
        self._blocks: dict[int, JsonObject] = {}
        self._usage: JsonObject = {}
        # Whether the output was counted at its end. At the start it is what one token would be.
        self._is_counted = True

    def add(self, event: JsonObject) -> None:
        match event.get("type"):
            case "message_start":
                message = object_in(event, "message")
                self.keep(message, frozenset({"content", "usage"}))
                self._add_usage(message)
                self._is_counted = False
            case "content_block_start":
                self._blocks[index_in(event) or 0] = dict(object_in(event, "content_block"))
            case "content_block_delta":
                self._add_delta(index_in(event) or 0, object_in(event, "delta"))
            case "message_delta":
                self.keep(object_in(event, "delta"))
                self.keep(event, frozenset({"type", "delta", "usage"}))
                self._add_usage(event)
                self._is_counted = True
            case "message_stop":
                self.is_ended = True
            case "error":
                self.fail(event.get("error"))
            case _:
                pass

    def body(self) -> JsonObject:
        self.texts.settle()
        for block in self._blocks.values():
            read_json(block, "input")
        self.is_ended = self.is_ended or bool(self.kept.get("stop_reason"))
        if not self._is_counted:
            self._usage.pop("output_tokens", None)
        beginning = {"type": "message", "role": "assistant"} | self.kept | {"content": in_order(self._blocks)}
        return beginning | ({"usage": self._usage} if self._usage else {})

    def _add_delta(self, index: int, delta: JsonObject) -> None:
        kind = text_in(delta, "type").removesuffix("_delta")
        block = self._blocks.setdefault(index, {"type": _BLOCKS.get(kind, kind or "text")})
        for name, value in delta.items():
            if name == "type" or value is None:
                continue
            if name == "citation":
                if not isinstance(block.get("citations"), list):
                    block["citations"] = []
                block["citations"].append(value)
            else:
                # The input begins as {}; its text comes in pieces.
                self.texts.add(block, _MEMBERS.get(name, name), value)

    def _add_usage(self, holder: JsonObject) -> None:
        self._usage |= {name: value for name, value in object_in(holder, "usage").items() if value is not None}


_BLOCKS = {"input_json": "tool_use", "signature": "thinking", "citations": "text"}
