"""What the assemblies of all APIs share: texts that grow piece by piece, and members that events bring one by one."""

from __future__ import annotations

from contextlib import suppress
from typing import Any

from sessions_app.content.json_bytes import DocumentError, loads
from sessions_app.content.json_values import JsonObject

# Of these members the first value counts; of all others the last one.
_FIRST = frozenset({"id", "model", "created", "object", "created_at", "responseId", "response_id"})
_NOTHING: tuple[Any, ...] = (None, "", [], {})


class GrowingTexts:
    """Texts in objects, each put together from many pieces; joined once, so that the work stays in proportion."""

    def __init__(self) -> None:
        self._found: dict[tuple[int, str], tuple[JsonObject, str, list[str]]] = {}

    def add(self, holder: JsonObject, name: str, piece: Any) -> None:
        """Add a piece to the text `holder[name]`; anything but a text replaces it."""
        if not isinstance(piece, str):
            if piece is not None:
                self._found.pop((id(holder), name), None)
                holder[name] = piece
            return
        key = (id(holder), name)
        if key not in self._found:
            before = holder.get(name)
            self._found[key] = (holder, name, [before] if isinstance(before, str) else [])
            holder[name] = ""
        self._found[key][2].append(piece)

    def take(self, holder: JsonObject, name: str) -> str:
        """The text so far, which is no longer in the object."""
        _, _, pieces = self._found.pop((id(holder), name), (holder, name, []))
        before = holder.pop(name, "")
        return "".join(pieces) or (before if isinstance(before, str) else "")

    def settle(self) -> None:
        """Put all texts into their objects."""
        for holder, name, pieces in self._found.values():
            holder[name] = "".join(pieces)
        self._found.clear()


class Assembly:
    """The body of an answer that is put together from its events.

    `is_ended`: the end of the stream was received, or the error that ended it.
    """

    def __init__(self) -> None:
        self.texts = GrowingTexts()
        self.kept: JsonObject = {}
        self.is_ended = False

    def add(self, event: JsonObject) -> None:
        """Take in the next event."""
        raise NotImplementedError

    def body(self) -> JsonObject:
        """The body, once all events were added."""
        raise NotImplementedError

    def keep(self, members: JsonObject, apart_from: frozenset[str] = frozenset()) -> None:
        """Take over members of an event into the body."""
        for name, value in members.items():
            if name in apart_from or value in _NOTHING or (name in _FIRST and name in self.kept):
                continue
            self.kept[name] = value

    def fail(self, error: Any) -> None:
        """An error ended the stream."""
        self.kept["error"] = error if error not in _NOTHING else "the stream ended with an error"
        self.is_ended = True


def object_at(holder: JsonObject, name: str) -> JsonObject:
    """The object in a member, to be filled. Anything else there, of an event of a wrong kind, gives way to one."""
    found = holder.get(name)
    if not isinstance(found, dict):
        found = holder[name] = {}
    return found


def list_at(holder: JsonObject, name: str) -> list[Any]:
    """The same for a list."""
    found = holder.get(name)
    if not isinstance(found, list):
        found = holder[name] = []
    return found


def object_in(holder: Any, name: str) -> JsonObject:
    """A member that is an object; {} when it is absent or of another kind."""
    value = holder.get(name) if isinstance(holder, dict) else None
    return value if isinstance(value, dict) else {}


def objects_in(holder: JsonObject, name: str) -> list[JsonObject]:
    """The objects in a member that is a list."""
    value = holder.get(name)
    return [item for item in value if isinstance(item, dict)] if isinstance(value, list) else []


def text_in(holder: JsonObject, name: str) -> str:
    value = holder.get(name)
    return value if isinstance(value, str) else ""


def index_in(holder: JsonObject, name: str = "index") -> int | None:
    value = holder.get(name)
    return value if isinstance(value, int) and not isinstance(value, bool) else None


def in_order(found: dict[int, JsonObject]) -> list[JsonObject]:
    """The values by their indexes."""
    return [found[index] for index in sorted(found)]


def read_json(holder: JsonObject, name: str) -> None:
    """Replace a JSON text by its value. It stays the text that it is if the stream broke off within it."""
    text = holder.get(name)
    if isinstance(text, str):
        with suppress(DocumentError):
            holder[name] = loads(text.encode("utf-8", "surrogatepass")) if text.strip() else {}
