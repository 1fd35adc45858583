"""Events of Mistral's Conversations API (mistralai 1.9)."""

from __future__ import annotations

from typing import Any

from sessions_app.content.json_values import JsonObject
from sessions_app.wire.streams.assembly import Assembly, list_at, text_in

_RESPONSE = "conversation.response."
_MESSAGE, _CALL, _EXECUTION, _HANDOFF = "message.output", "function.call", "tool.execution", "agent.handoff"
_ENTRIES = (_MESSAGE, _CALL, _EXECUTION, _HANDOFF)
_PLACES = frozenset({"type", "output_index", "content_index", "content", "arguments"})


def recognises(event: JsonObject) -> bool:
    """Whether this is an event of a conversation."""
    kind = text_in(event, "type")
    return kind.startswith(_RESPONSE) or kind.rpartition(".")[0] in _ENTRIES


class ConversationAssembly(Assembly):
    """A response from its events: the entries in the order in which they began."""

    def __init__(self) -> None:
        super().__init__()
        self._entries: dict[Any, JsonObject] = {}

    def add(self, event: JsonObject) -> None:
        kind, _, what = text_in(event, "type").rpartition(".")
        if kind in _ENTRIES:
            self._add_to_entry(kind, event)
        elif what == "error":
            self.fail({name: value for name, value in event.items() if name != "type"})
        elif kind + "." == _RESPONSE:
            self.keep(event, frozenset({"type"}))
            self.is_ended = self.is_ended or what == "done"

    def body(self) -> JsonObject:
        self.texts.settle()
        return {"object": "conversation.response"} | self.kept | {"outputs": list(self._entries.values())}

    def _add_to_entry(self, kind: str, event: JsonObject) -> None:
        key = text_in(event, "id") or (kind, str(event.get("output_index")))
        entry = self._entries.setdefault(key, {"type": kind})
        entry.update({name: value for name, value in event.items() if name not in _PLACES and value is not None})
        if kind == _MESSAGE:
            self.keep({"model": event.get("model")})
            self._add_content(entry, event.get("content"))
        elif isinstance(event.get("arguments"), str):
            self.texts.add(entry, "arguments", event["arguments"])

    def _add_content(self, entry: JsonObject, piece: Any) -> None:
        """A text, or a chunk with one; other chunks are whole."""
        chunk = {"type": "text", "text": piece} if isinstance(piece, str) else piece
        if not isinstance(chunk, dict):
            return
        content = list_at(entry, "content")
        last = content[-1] if content else {}
        name = {"text": "text", "thinking": "thinking"}.get(text_in(chunk, "type"), "")
        pieces = chunk.get(name)
        if name == "thinking" and isinstance(pieces, list):
            pieces = "".join(text_in(one, "text") for one in pieces if isinstance(one, dict))
        if not isinstance(pieces, str):
            content.append(chunk)
            return
        if last.get("type") != name:
            last = {"type": name}
            content.append(last)
        self.texts.add(last, name, pieces)
