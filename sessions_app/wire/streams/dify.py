"""Events of Dify's chat, agent and completion apps (1.9)."""

from __future__ import annotations

from sessions_app.content.json_values import JsonObject
from sessions_app.wire.streams.assembly import Assembly, object_in, text_in

_PIECES = frozenset({"message", "agent_message", "text_chunk"})
_ENDS = frozenset({"message_end", "workflow_finished"})
_EVENTS = _PIECES | _ENDS | {"agent_thought", "message_replace", "workflow_started", "node_started", "node_finished"}
_IDS = ("task_id", "conversation_id", "message_id")


def recognises(event: JsonObject) -> bool:
    """Whether this is an event of Dify."""
    return event.get("event") in _EVENTS and any(isinstance(event.get(name), str) for name in _IDS)


class DifyAssembly(Assembly):
    """An answer of an app from its events, with the tools that its agent ran."""

    def __init__(self) -> None:
        super().__init__()
        self._answer: JsonObject = {"answer": ""}
        self._thoughts: dict[str, JsonObject] = {}

    def add(self, event: JsonObject) -> None:
        kind = text_in(event, "event")
        if kind in _PIECES:
            piece = event.get("answer") or object_in(event, "data").get("text")
            self.texts.add(self._answer, "answer", piece)
        elif kind == "message_replace":
            self.texts.take(self._answer, "answer")
            self._answer["answer"] = text_in(event, "answer")
        elif kind == "agent_thought":
            # The same thought comes again, with more of it.
            key = text_in(event, "id") or str(len(self._thoughts))
            self._thoughts[key] = self._thoughts.get(key, {}) | {name: item for name, item in event.items() if item}
        elif kind == "error":
            self.fail({name: event[name] for name in ("code", "message", "status") if name in event})
        if kind in _ENDS:
            self.is_ended = True
            self.keep({"metadata": event.get("metadata")})
        self.keep({name: event.get(name) for name in _IDS})

    def body(self) -> JsonObject:
        self.texts.settle()
        thoughts = {"agent_thoughts": list(self._thoughts.values())} if self._thoughts else {}
        return {"event": "message"} | self.kept | thoughts | self._answer
