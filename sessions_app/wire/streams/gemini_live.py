"""Messages of the server of Gemini's Live API (v1beta, 2026): one turn of the model."""

from __future__ import annotations

from sessions_app.content.json_values import JsonObject
from sessions_app.wire.streams.assembly import Assembly, object_in, objects_in, text_in

_SIGNS = ("serverContent", "setupComplete", "toolCall")
_SAID = ("outputTranscription", "output_transcription")


def recognises(event: JsonObject) -> bool:
    """Whether this is a message of the server."""
    return any(isinstance(event.get(name), dict) for name in _SIGNS)


class LiveAssembly(Assembly):
    """A candidate of `generateContent` from what the server sent."""

    def __init__(self) -> None:
        super().__init__()
        self._parts: list[JsonObject] = []
        self._spoken: JsonObject = {}
        self._reason = ""

    def add(self, event: JsonObject) -> None:
        content = object_in(event, "serverContent")
        for part in objects_in(object_in(content, "modelTurn"), "parts"):
            self._add_part(part)
        for name in _SAID:
            self.texts.add(self._spoken, "text", object_in(content, name).get("text"))
        self._parts += [{"functionCall": call} for call in objects_in(object_in(event, "toolCall"), "functionCalls")]
        if content.get("turnComplete") is True:
            self.is_ended, self._reason = True, self._reason or "STOP"
        if content.get("interrupted") is True:
            self._reason = "INTERRUPTED"
        if event.get("error"):
            self.fail(event["error"])
        self.keep({"usageMetadata": event.get("usageMetadata")})

    def _add_part(self, part: JsonObject) -> None:
        """A piece of a text or thought goes on with the one before it."""
        last = self._parts[-1] if self._parts else {}
        is_piece = text_in(part, "text") and "text" in last and last.get("thought") == part.get("thought")
        if not is_piece:
            self._parts.append(dict(part))
        else:
            self.texts.add(last, "text", part["text"])

    def body(self) -> JsonObject:
        self.texts.settle()
        spoken = [self._spoken] if self._spoken.get("text") else []
        candidate: JsonObject = {"content": {"role": "model", "parts": [*self._parts, *spoken]}}
        return {"candidates": [candidate | ({"finishReason": self._reason} if self._reason else {})]} | self.kept
