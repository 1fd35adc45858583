"""Events of OpenAI's Responses API (openai 2.9), and of a conversation of its Realtime API."""

from __future__ import annotations

from typing import Any

from sessions_app.content.json_values import JsonObject
from sessions_app.wire.streams.assembly import Assembly, in_order, index_in, object_in, objects_in, text_in

# The end of one of the answers in a conversation.
_DONE = "response.done"
_ENDS = frozenset({_DONE, "response.completed", "response.failed", "response.incomplete", "response.cancelled"})
# Events with a piece of a text: the member of the item that it belongs to.
_ITEM_TEXTS = {
    "response.function_call_arguments": "arguments",
    "response.mcp_call_arguments": "arguments",
    "response.custom_tool_call_input": "input",
    "response.code_interpreter_call_code": "code",
}
# The list of the item, the kind of the part in it and its member.
_PART_TEXTS = {
    "response.output_text": ("content", "output_text", "text", "content_index"),
    "response.refusal": ("content", "refusal", "refusal", "content_index"),
    "response.reasoning_text": ("content", "reasoning_text", "text", "content_index"),
    "response.reasoning_summary_text": ("summary", "summary_text", "text", "summary_index"),
}
_ANNOTATION = "response.output_text.annotation.added"
_ITEM, _HEARD = "conversation.item.", "conversation.item.input_audio_transcription.completed"
_COUNTS = ("input_tokens", "output_tokens", "total_tokens")
_ITEM_IDS = (("id", "item_id"), ("name", "name"))


def recognises(event: JsonObject) -> bool:
    """Whether this is an event of the Responses API."""
    return text_in(event, "type").startswith("response.")


def _added(one: JsonObject, other: JsonObject) -> JsonObject:
    """The usage of several answers."""
    both = (name for name in _COUNTS if type(one.get(name)) is type(other.get(name)) is int)
    return one | other | {name: one[name] + other[name] for name in both}


class ResponseAssembly(Assembly):
    """A response from its events."""

    def __init__(self) -> None:
        super().__init__()
        self._items: dict[int, JsonObject] = {}
        # An item that was sent as a whole is not added to any more.
        self._whole: set[int] = set()
        # What was said so far in a conversation, by both sides.
        self._said: list[JsonObject] = []
        self._of_client: dict[str, JsonObject] = {}
        self._usage: JsonObject = {}

    def add(self, event: JsonObject) -> None:
        kind = text_in(event, "type")
        response = object_in(event, "response")
        if response:
            self.kept = response
        if kind in _ENDS:
            self.is_ended = True
            if kind == _DONE:
                self._end_turn()
        elif kind.startswith(_ITEM):
            self._add_said(kind, event)
        elif kind == "error":
            self.fail({k: v for k, v in event.items() if k in ("code", "message", "error", "param") and v is not None})
        else:
            self._add_to_item(kind, event)

    def body(self) -> JsonObject:
        self.texts.settle()
        kept = self.kept
        if not self.is_ended:
            # It says "in_progress", which is what the answer was when the stream began.
            kept = {name: value for name, value in kept.items() if name != "status"}
        return kept | {"output": [*self._said, *(kept.get("output") or in_order(self._items))]}

    def _end_turn(self) -> None:
        """An answer of a conversation is complete. Others may follow."""
        self.texts.settle()
        self._usage = _added(self._usage, object_in(self.kept, "usage"))
        self.kept = self.kept | {"usage": self._usage}
        self._said += objects_in(self.kept, "output") or in_order(self._items)
        self.kept = {name: value for name, value in self.kept.items() if name != "output"}
        self._items.clear()
        self._whole.clear()

    def _add_said(self, kind: str, event: JsonObject) -> None:
        """What the client said. The model's items come with its answers."""
        item = object_in(event, "item")
        item_id = text_in(item, "id") or text_in(event, "item_id")
        if item and item.get("role") != "assistant" and not text_in(item, "type").endswith("_call"):
            known = self._of_client.get(item_id)
            if known is None:
                self._of_client[item_id] = dict(item)
                self._said.append(self._of_client[item_id])
        elif kind == _HEARD and isinstance(event.get("transcript"), str):
            heard = {"type": "input_audio", "transcript": event["transcript"]}
            if item_id not in self._of_client:
                self._of_client[item_id] = {"type": "message", "role": "user", "id": item_id}
                self._said.append(self._of_client[item_id])
            self._of_client[item_id]["content"] = [heard]

    def _add_to_item(self, kind: str, event: JsonObject) -> None:
        index = index_in(event, "output_index") or 0
        item = object_in(event, "item")
        if kind == "response.output_item.done" and item:
            self._items[index] = item
            self._whole.add(index)
        elif index in self._whole:
            return
        elif kind == "response.output_item.added" and item:
            self._items[index] = dict(item)
        elif kind == _ANNOTATION:
            self._add_annotation(index, event)
        else:
            self._add_text(index, kind, event)

    def _add_text(self, index: int, kind: str, event: JsonObject) -> None:
        name, _, stage = kind.rpartition(".")
        if name in _ITEM_TEXTS:
            member = _ITEM_TEXTS[name]
            item = self._item(index, event, name.removeprefix("response.").rpartition("_")[0])
            self._grow(item, member, stage, event)
        elif name in _PART_TEXTS:
            holder, part_kind, member, part_index = _PART_TEXTS[name]
            item = self._item(index, event, "reasoning" if "reasoning" in name else "message")
            part = self._part(self._parts(item, holder), index_in(event, part_index), part_kind, member)
            self._grow(part, member, stage, event)

    def _grow(self, holder: JsonObject, member: str, stage: str, event: JsonObject) -> None:
        if stage == "delta":
            self.texts.add(holder, member, event.get("delta"))
        elif stage == "done" and isinstance(event.get(member), str):
            self.texts.take(holder, member)
            holder[member] = event[member]

    def _item(self, index: int, event: JsonObject, kind: str) -> JsonObject:
        """The item; one whose beginning was not received is of the kind that its pieces tell."""
        if index not in self._items:
            role = {"role": "assistant"} if kind == "message" else {}
            self._items[index] = {"type": kind} | role | {k: event[v] for k, v in _ITEM_IDS if v in event}
        return self._items[index]

    def _parts(self, item: JsonObject, name: str) -> list[Any]:
        if not isinstance(item.get(name), list):
            item[name] = []
        parts: list[Any] = item[name]
        return parts

    def _part(self, parts: list[Any], index: int | None, kind: str, member: str) -> JsonObject:
        position = len(parts) - 1 if index is None else index
        if not 0 <= position < len(parts) or not isinstance(parts[position], dict):
            parts.append({"type": kind, member: ""})
            position = len(parts) - 1
        part: JsonObject = parts[position]
        return part

    def _add_annotation(self, index: int, event: JsonObject) -> None:
        parts = self._parts(self._item(index, event, "message"), "content")
        part = self._part(parts, index_in(event, "content_index"), "output_text", "text")
        self._parts(part, "annotations").append(event.get("annotation"))
