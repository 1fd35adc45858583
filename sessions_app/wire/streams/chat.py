"""Chunks of OpenAI's Chat Completions and Completions (openai 2.9), as vLLM, Mistral, OpenRouter and others send them
too.

Some send more than OpenAI does: the role or the id of a tool call again in each chunk, all tool calls with index 0 or
none, content as a list of parts, reasoning in members of their own.
"""

from __future__ import annotations

from typing import Any

from sessions_app.content.json_values import JsonObject
from sessions_app.wire.streams.assembly import Assembly, in_order, index_in, object_at, object_in, objects_in, text_in

# Texts of a delta that are names and no pieces.
_NAMES = frozenset({"role", "id", "type", "name", "format", "index"})
_CHOICE_MEMBERS = frozenset({"index", "delta", "message", "text", "logprobs"})
# Items of these types continue the one before them.
_CONTINUED = frozenset({"text", "thinking", "reasoning.text", "reasoning.summary"})
_PIECES = ("text", "summary", "data", "thinking")


def recognises(event: JsonObject) -> bool:
    """Whether this is a chunk of a chat or a completion."""
    if not isinstance(event.get("choices"), list):
        return False
    kind = text_in(event, "object")
    return kind.endswith("chunk") or any("delta" in choice for choice in objects_in(event, "choices"))


def is_completion(event: JsonObject) -> bool:
    """Whether this is a piece of a completion, if there are several."""
    return text_in(event, "object") == "text_completion" and any("text" in c for c in objects_in(event, "choices"))


class ChatAssembly(Assembly):
    """A chat completion from its chunks."""

    def __init__(self) -> None:
        super().__init__()
        self._choices: dict[int, JsonObject] = {}
        # The tool calls of each choice, with the index they have, and the last one of each index.
        self._calls: dict[int, list[tuple[int, JsonObject]]] = {}
        self._open: dict[tuple[int, int | None], JsonObject] = {}

    def add(self, event: JsonObject) -> None:
        for choice in objects_in(event, "choices"):
            self._add_choice(choice)
        if event.get("error"):
            self.fail(event["error"])
        self.keep(event, frozenset({"choices", "error"}))

    def body(self) -> JsonObject:
        self.texts.settle()
        for index, calls in self._calls.items():
            calls.sort(key=lambda found: found[0])
            object_in(self._choices[index], "message")["tool_calls"] = [call for _, call in calls]
        choices = in_order(self._choices)
        self.is_ended = self.is_ended or (bool(choices) and all(choice.get("finish_reason") for choice in choices))
        kind = text_in(self.kept, "object").removesuffix(".chunk")
        return self.kept | ({"object": kind} if kind else {}) | {"choices": choices}

    def _add_choice(self, choice: JsonObject) -> None:
        index = index_in(choice) or 0
        mine = self._choices.setdefault(index, {"index": index})
        delta = choice.get("delta")
        if isinstance(delta, dict):
            self._add_delta(index, mine, delta)
        elif isinstance(choice.get("message"), dict):
            mine["message"] = choice["message"]
        if isinstance(choice.get("text"), str):
            self.texts.add(mine, "text", choice["text"])
        for name, value in object_in(choice, "logprobs").items():
            _extend(object_at(mine, "logprobs"), name, value)
        mine.update({k: v for k, v in choice.items() if k not in _CHOICE_MEMBERS and v is not None})
        if choice.get("error"):
            self.is_ended = True

    def _add_delta(self, index: int, choice: JsonObject, delta: JsonObject) -> None:
        message = choice.setdefault("message", {"role": "assistant", "content": None})
        for name, value in delta.items():
            if name == "tool_calls":
                for call in objects_in(delta, name):
                    self._add_call(index, call)
            elif name == "function_call":
                self._add_function(object_at(message, name), object_in(delta, name))
            elif isinstance(value, str):
                self._add_text(message, name, value)
            elif isinstance(value, list):
                self._add_items(message, name, value)
            elif isinstance(value, dict):
                self._add_object(message, name, value)
            elif value is not None:
                message[name] = value

    def _add_text(self, message: JsonObject, name: str, value: str) -> None:
        if name in _NAMES:
            if value:
                message[name] = value
        elif isinstance(message.get(name), list):
            self._add_item(message[name], {"type": "text", "text": value})
        else:
            self.texts.add(message, name, value)

    def _add_items(self, message: JsonObject, name: str, items: list[Any]) -> None:
        if not isinstance(message.get(name), list):
            text = self.texts.take(message, name)
            message[name] = [{"type": "text", "text": text}] if text else []
        for item in items:
            self._add_item(message[name], item)

    def _add_item(self, found: list[Any], item: Any) -> None:
        last = found[-1] if found else None
        if not (isinstance(item, dict) and isinstance(last, dict) and _continues(last, item)):
            found.append(dict(item) if isinstance(item, dict) else item)
            return
        for name, value in item.items():
            if name in _PIECES and isinstance(value, str):
                self.texts.add(last, name, value)
            elif isinstance(value, list) and isinstance(last.get(name), list):
                self._add_items(last, name, value)
            elif value is not None:
                last[name] = value

    def _add_object(self, message: JsonObject, name: str, value: JsonObject) -> None:
        """The recording of a spoken answer comes in pieces; other objects bring members."""
        mine = message.setdefault(name, {})
        if not isinstance(mine, dict):
            message[name] = value
            return
        for key, item in value.items():
            if isinstance(item, str) and name == "audio" and key not in _NAMES:
                self.texts.add(mine, key, item)
            elif item is not None:
                mine[key] = item

    def _add_call(self, choice: int, call: JsonObject) -> None:
        calls = self._calls.setdefault(choice, [])
        index, call_id = index_in(call), text_in(call, "id")
        known = self._open.get((choice, index))
        if known is None or (call_id and text_in(known, "id") not in ("", call_id)):
            known = self._open[choice, index] = {}
            calls.append((len(calls) if index is None else index, known))
        for name, value in call.items():
            if name in ("function", "custom") and isinstance(value, dict):
                self._add_function(object_at(known, name), value)
            elif value not in (None, "") and name != "index":
                known[name] = value

    def _add_function(self, mine: JsonObject, function: JsonObject) -> None:
        for name, value in function.items():
            if name == "name":
                # Most send the name once, some in pieces, some as a whole again and again.
                before = text_in(mine, "name")
                if isinstance(value, str) and value != before:
                    mine["name"] = before + value if len(before) < _MOST_NAME else before
            else:
                self.texts.add(mine, name, value)


_MOST_NAME = 10_000


def _continues(last: JsonObject, item: JsonObject) -> bool:
    kind = item.get("type")
    return kind in _CONTINUED and last.get("type") == kind and last.get("index") == item.get("index")


def _extend(holder: JsonObject, name: str, value: Any) -> None:
    mine = holder.get(name)
    if isinstance(mine, list) and isinstance(value, list):
        mine.extend(value)
    elif value is not None:
        holder[name] = list(value) if isinstance(value, list) else value
