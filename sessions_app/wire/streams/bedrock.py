"""Events of Bedrock's ConverseStream (Runtime API 2023-09-30, boto3 1.42)."""

from __future__ import annotations

from sessions_app.content.json_values import JsonObject
from sessions_app.wire.errors import STREAM_EXCEPTIONS
from sessions_app.wire.streams.assembly import Assembly, in_order, index_in, list_at, object_at, object_in, read_json

EVENTS = ("messageStart", "contentBlockStart", "contentBlockDelta", "contentBlockStop", "messageStop", "metadata")


def recognises(event: JsonObject) -> bool:
    """Whether this is an event of ConverseStream."""
    return any(isinstance(event.get(name), dict) for name in EVENTS if name != "metadata")


class ConverseAssembly(Assembly):
    """The output of Converse from the events of ConverseStream."""

    def __init__(self) -> None:
        super().__init__()
        self._role = "assistant"
        self._blocks: dict[int, JsonObject] = {}

    def add(self, event: JsonObject) -> None:
        for name, value in event.items():
            if not isinstance(value, dict):
                continue
            index = index_in(value, "contentBlockIndex") or 0
            if name == "messageStart" and isinstance(value.get("role"), str):
                self._role = value["role"]
            elif name == "contentBlockStart":
                self._start(index, object_in(value, "start"))
            elif name == "contentBlockDelta":
                self._add_delta(index, object_in(value, "delta"))
            elif name in ("messageStop", "metadata"):
                self.keep(value)
                self.is_ended = self.is_ended or name == "messageStop"
            elif name in STREAM_EXCEPTIONS:
                self.kept[name] = value
                self.is_ended = True

    def body(self) -> JsonObject:
        self.texts.settle()
        for block in self._blocks.values():
            read_json(object_in(block, "toolUse"), "input")
        return {"output": {"message": {"role": self._role, "content": in_order(self._blocks)}}} | self.kept

    def _start(self, index: int, start: JsonObject) -> None:
        block = self._blocks.setdefault(index, {})
        for name, value in start.items():
            block[name] = dict(value) if isinstance(value, dict) else value

    def _add_delta(self, index: int, delta: JsonObject) -> None:
        block = self._blocks.setdefault(index, {})
        for name, value in delta.items():
            if name == "text":
                self.texts.add(block, name, value)
            elif name == "reasoningContent" and isinstance(value, dict):
                self._add_reasoning(object_at(block, name), value)
            elif name == "citation":
                list_at(object_at(block, "citationsContent"), "citations").append(value)
            elif isinstance(value, dict):
                for member, piece in value.items():
                    self.texts.add(object_at(block, name), member, piece)
            elif isinstance(value, list):
                list_at(object_at(block, name), "content").extend(value)

    def _add_reasoning(self, mine: JsonObject, piece: JsonObject) -> None:
        for name, value in piece.items():
            if name in ("text", "signature"):
                self.texts.add(object_at(mine, "reasoningText"), name, value)
            else:
                self.texts.add(mine, name, value)
