"""Chunks of a message as LangChain 1 writes them: as objects, or as its own serialisation (`lc`)."""

from __future__ import annotations

from sessions_app.content.json_values import JsonObject
from sessions_app.wire.streams.assembly import Assembly, object_at, object_in, objects_in, text_in
from sessions_app.wire.streams.chat import ChatAssembly

_CHUNK = "AIMessageChunk"


def chunk_of(event: JsonObject) -> JsonObject:
    """The members of a chunk; {} for anything else."""
    inner = object_in(event, "kwargs")
    if inner and isinstance(event.get("id"), list) and _CHUNK in event["id"][-1:]:
        return inner
    if event.get("type") == _CHUNK:
        return object_in(event, "data") or event
    return {}


def recognises(event: JsonObject) -> bool:
    """Whether this is a chunk of an AI message."""
    return bool(chunk_of(event))


class LangChainAssembly(Assembly):
    """A message from its chunks, in the form of a chat completion."""

    def __init__(self) -> None:
        super().__init__()
        self._chat = ChatAssembly()

    def add(self, event: JsonObject) -> None:
        chunk = chunk_of(event)
        delta = {name: chunk[name] for name in ("content", "additional_kwargs") if chunk.get(name)}
        extra = delta.pop("additional_kwargs", {})
        if isinstance(extra, dict):
            delta |= {name: value for name, value in extra.items() if name != "tool_calls"}
        calls = objects_in(chunk, "tool_call_chunks")
        if calls:
            delta["tool_calls"] = [_call(call) for call in calls]
        metadata = object_in(chunk, "response_metadata")
        reason = text_in(metadata, "finish_reason") or text_in(metadata, "stop_reason")
        self._chat.add({"choices": [{"index": 0, "delta": delta, "finish_reason": reason or None}]})
        self.keep({"id": chunk.get("id")})
        self._add_usage(object_in(chunk, "usage_metadata"))
        self.keep({"model": metadata.get("model_name") or metadata.get("model")})

    def body(self) -> JsonObject:
        found = self._chat.body()
        self.is_ended = self._chat.is_ended
        return self.kept | found

    def _add_usage(self, usage: JsonObject) -> None:
        """LangChain adds the counts of all chunks."""
        mine = object_at(self.kept, "usage_metadata") if usage else {}
        for name, value in usage.items():
            number = isinstance(value, int) and isinstance(mine.get(name), int)
            mine[name] = mine[name] + value if number else value


def _call(chunk: JsonObject) -> JsonObject:
    function = {"name": chunk.get("name"), "arguments": chunk.get("args")}
    return {"index": chunk.get("index"), "id": chunk.get("id"), "type": "function", "function": function}
