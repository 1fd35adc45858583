"""Streams whose chunks look like the whole answer: Ollama, text-generation-inference, and Bedrock's models of texts.

Followed: Ollama 0.6 (chat, generate), text-generation-inference 3, Bedrock InvokeModelWithResponseStream (Titan, Llama,
Mistral, Cohere Command, AI21).
"""

from __future__ import annotations

from sessions_app.content.json_values import JsonObject
from sessions_app.wire.streams.assembly import Assembly, object_in, objects_in, text_in

# Members that are a piece of the answer in each chunk.
_PIECES = ("response", "thinking", "outputText", "generation", "completion", "text")
_MESSAGE_PIECES = ("content", "thinking")


def is_ollama(event: JsonObject) -> bool:
    """Whether this is a line of Ollama."""
    return isinstance(event.get("done"), bool) and ("message" in event or "response" in event)


def is_tgi(event: JsonObject) -> bool:
    """Whether this is an event of text-generation-inference."""
    return "text" in object_in(event, "token")


def is_text(event: JsonObject) -> bool:
    """Whether this is a chunk of a model at Bedrock, if there are several."""
    if any(isinstance(event.get(name), str) for name in ("outputText", "generation", "completion")):
        return True
    if isinstance(event.get("is_finished"), bool):
        return True
    return any("text" in item and "stop_reason" in item for item in objects_in(event, "outputs"))


class LinesAssembly(Assembly):
    """An answer of Ollama or of a model of texts from its lines."""

    def __init__(self) -> None:
        super().__init__()
        self._answer: JsonObject = {}
        self._message: JsonObject = {}

    def add(self, event: JsonObject) -> None:
        for name in _PIECES:
            if isinstance(event.get(name), str):
                self.texts.add(self._answer, name, event[name])
        self._add_message(object_in(event, "message"))
        for output in objects_in(event, "outputs")[:1]:
            self.texts.add(self._answer, "text", output.get("text"))
            self.keep({"stop_reason": output.get("stop_reason")})
        if event.get("error"):
            self.fail(event["error"])
        self.is_ended = self.is_ended or _is_end(event)
        self.keep(event, frozenset({*_PIECES, "message", "error", "outputs"}))

    def body(self) -> JsonObject:
        self.texts.settle()
        message = {"message": {"role": "assistant"} | self._message} if self._message else {}
        return self.kept | self._answer | message

    def _add_message(self, message: JsonObject) -> None:
        for name, value in message.items():
            if name in _MESSAGE_PIECES and isinstance(value, str):
                self.texts.add(self._message, name, value)
            elif isinstance(value, list) and isinstance(self._message.get(name), list):
                self._message[name].extend(value)
            elif value is not None:
                self._message[name] = list(value) if isinstance(value, list) else value


def _is_end(event: JsonObject) -> bool:
    if event.get("done") is True or event.get("is_finished") is True:
        return True
    ends = (event, *objects_in(event, "outputs"))
    return any(text_in(end, name) for end in ends for name in ("stop_reason", "completionReason", "finish_reason"))


class TokenAssembly(Assembly):
    """An answer of text-generation-inference from its tokens. The last event has the whole text."""

    def __init__(self) -> None:
        super().__init__()
        self._answer: JsonObject = {}

    def add(self, event: JsonObject) -> None:
        token = object_in(event, "token")
        if token.get("special") is not True:
            self.texts.add(self._answer, "generated_text", token.get("text"))
        if isinstance(event.get("generated_text"), str):
            self.texts.take(self._answer, "generated_text")
            self._answer["generated_text"] = event["generated_text"]
            self.is_ended = True
        if event.get("error"):
            self.fail(event["error"])
        self.keep(event, frozenset({"token", "generated_text", "error", "index", "top_tokens"}))

    def body(self) -> JsonObject:
        self.texts.settle()
        return self._answer | self.kept
