"""Arguments of a function call that Vertex AI streams piece by piece (google-genai 1.52): `partialArgs`."""

from __future__ import annotations

import re
from typing import Any

from sessions_app.content.json_values import JsonObject
from sessions_app.wire.streams.assembly import objects_in, text_in

_PIECES = ("partialArgs", "partial_args")
_CONTINUES = ("willContinue", "will_continue")
_PATHS = ("jsonPath", "json_path")
_TEXTS = ("stringValue", "string_value")
_VALUES = ("numberValue", "number_value", "boolValue", "bool_value", "nullValue", "null_value")
_STEP = re.compile(r"\.([^.\[\]]+)|\[(\d{1,6})\]|\['([^']*)'\]|\[\"([^\"]*)\"\]")
_MOST_PATH, _MOST_STEPS = 1_000, 50


def is_partial(call: JsonObject) -> bool:
    """Whether more of this call may follow."""
    return any(name in call for name in (*_PIECES, *_CONTINUES))


class Arguments:
    """The arguments of one call. `is_open`: the next piece without a name belongs to it."""

    def __init__(self, call: JsonObject) -> None:
        self._call = call
        self._found: dict[str, Any] = {}
        self.is_open = True
        self.add(call)

    def add(self, piece: JsonObject) -> None:
        """Take in the next piece of the call."""
        for name in _PIECES:
            for part in objects_in(piece, name):
                self._add(part)
        self.is_open = any(piece.get(name) is True for name in _CONTINUES)

    def settle(self) -> None:
        """Put the arguments into the call."""
        for name in (*_PIECES, *_CONTINUES):
            self._call.pop(name, None)
        given = self._call.get("args")
        root: JsonObject = dict(given) if isinstance(given, dict) else {}
        for path, value in self._found.items():
            _put(root, path, "".join(value) if isinstance(value, list) else value)
        self._call["args"] = root

    def _add(self, part: JsonObject) -> None:
        path = next((found for name in _PATHS if (found := text_in(part, name))), "")
        text = next((part[name] for name in _TEXTS if isinstance(part.get(name), str)), None)
        if text is not None:
            known = self._found.get(path)
            if isinstance(known, list):
                known.append(text)
            else:
                self._found[path] = [text]
            return
        name = next((name for name in _VALUES if name in part), "")
        if name:
            self._found[path] = None if name.startswith("null") or isinstance(part[name], list) else part[name]


def _put(root: JsonObject, path: str, value: Any) -> None:
    """Set the value at a path. What cannot be placed stands under its path."""
    steps = _steps(path)
    if not steps:
        root[path] = value
        return
    holder: Any = root
    for step, following in zip(steps, [*steps[1:], None], strict=True):
        at_end = following is None
        inner: Any = value if at_end else [] if isinstance(following, int) else {}
        if isinstance(holder, dict) and isinstance(step, str):
            holder = _set(holder, step, inner, at_end)
        elif isinstance(holder, list) and isinstance(step, int) and step <= len(holder):
            if step == len(holder):
                holder.append(inner)
            elif at_end:
                holder[step] = inner
            holder = holder[step]
        else:
            root[path] = value
            return


def _set(holder: JsonObject, step: str, inner: Any, at_end: bool) -> Any:
    if at_end:
        holder[step] = inner
    return holder.setdefault(step, inner)


def _steps(path: str) -> list[str | int]:
    """The names and indexes of a JSON path; none if it is of another form."""
    if not path.startswith("$") or len(path) > _MOST_PATH:
        return []
    found: list[str | int] = []
    at = 1
    while at < len(path):
        step = _STEP.match(path, at)
        if step is None or len(found) == _MOST_STEPS:
            return []
        found.append(
            int(step[2]) if step[2] else next(name for name in (step[1], step[3], step[4]) if name is not None)
        )
        at = step.end()
    return found
