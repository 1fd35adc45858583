"""Chunks of Gemini's and Vertex AI's streamGenerateContent (v1beta, google-genai 1.52), in camel or snake case."""

from __future__ import annotations

from typing import Any

from sessions_app.content.json_values import JsonObject
from sessions_app.wire.streams.assembly import Assembly, in_order, index_in, object_in, objects_in
from sessions_app.wire.streams.partial_arguments import Arguments, is_partial

_SIGNS = ("candidates", "promptFeedback", "prompt_feedback")
_TEXT = frozenset({"text", "thought"})
_SIGNATURES = ("thoughtSignature", "thought_signature")
_ENDS = ("finishReason", "finish_reason")
_ADDED = frozenset({"citationMetadata", "citation_metadata", "groundingMetadata", "grounding_metadata"})


def recognises(event: JsonObject) -> bool:
    """Whether this is a chunk of generated content. The backend of Google's CLI wraps chunks."""
    inner = object_in(event, "response") or event
    return any(isinstance(inner.get(name), (list, dict)) for name in _SIGNS)


class ContentAssembly(Assembly):
    """Generated content from its chunks."""

    def __init__(self) -> None:
        super().__init__()
        self._candidates: dict[int, JsonObject] = {}
        # The calls whose arguments are not complete yet, by their identity.
        self._open: dict[int, Arguments] = {}

    def add(self, event: JsonObject) -> None:
        event = object_in(event, "response") or event
        for candidate in objects_in(event, "candidates"):
            self._add_candidate(candidate)
        if event.get("error"):
            self.fail(event["error"])
        if object_in(event, "promptFeedback") or object_in(event, "prompt_feedback"):
            self.is_ended = True
        self.keep(event, frozenset({"candidates", "error"}))

    def body(self) -> JsonObject:
        self.texts.settle()
        for arguments in self._open.values():
            arguments.settle()
        candidates = in_order(self._candidates)
        ended = (any(candidate.get(name) for name in _ENDS) for candidate in candidates)
        self.is_ended = self.is_ended or (bool(candidates) and all(ended))
        return ({"candidates": candidates} if candidates else {}) | self.kept

    def _add_candidate(self, candidate: JsonObject) -> None:
        index = index_in(candidate) or 0
        mine = self._candidates.setdefault(index, {"content": {"parts": [], "role": "model"}, "index": index})
        content = object_in(candidate, "content")
        for part in objects_in(content, "parts"):
            self._add_part(mine["content"]["parts"], part)
        if isinstance(content.get("role"), str):
            mine["content"]["role"] = content["role"]
        for name, value in candidate.items():
            if name in _ADDED and isinstance(value, dict) and isinstance(mine.get(name), dict):
                _add_members(mine[name], value)
            elif name not in ("content", "index") and value is not None:
                mine[name] = dict(value) if isinstance(value, dict) else value

    def _add_part(self, parts: list[JsonObject], part: JsonObject) -> None:
        part = {name: value for name, value in part.items() if value is not None}
        last = parts[-1] if parts else None
        if self._continues_call(last, part):
            return
        if last is not None and _is_text(last) and _is_text(part) and _is_thought(last) == _is_thought(part):
            self.texts.add(last, "text", part["text"])
            last.update({name: part[name] for name in _SIGNATURES if name in part})
        else:
            parts.append(part)

    def _continues_call(self, last: JsonObject | None, part: JsonObject) -> bool:
        """Whether a part only goes on with the call before it (Vertex AI's `streamFunctionCallArguments`)."""
        piece = _call_in(part)
        if piece is None:
            return False
        call = _call_in(last) if last is not None else None
        known = self._open.get(id(call)) if call is not None else None
        if known is not None and known.is_open and not piece.get("name"):
            known.add(piece)
            return True
        if is_partial(piece):
            self._open[id(piece)] = Arguments(piece)
        return False


def _call_in(part: JsonObject) -> JsonObject | None:
    return next((part[name] for name in ("functionCall", "function_call") if isinstance(part.get(name), dict)), None)


def _is_text(part: JsonObject) -> bool:
    return isinstance(part.get("text"), str) and all(name in _TEXT or name in _SIGNATURES for name in part)


def _is_thought(part: JsonObject) -> bool:
    return part.get("thought") is True


def _add_members(mine: JsonObject, members: dict[str, Any]) -> None:
    """Citations and sources come with the chunk that they belong to."""
    for name, value in members.items():
        if isinstance(value, list) and isinstance(mine.get(name), list):
            mine[name] = [*mine[name], *(item for item in value if item not in mine[name][:_MOST_COMPARED])]
        elif value is not None:
            mine[name] = value


_MOST_COMPARED = 100
