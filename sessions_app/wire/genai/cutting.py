"""Cut a span into parts: its messages, system prompt, tools and everything else that is large.

The document that is stored is the span itself, with two changes: JSON that came as a text, and lists that came spread
over many attributes, are opened (unfolded). So equal messages of different spans are equal parts. `unfolded`, next to
the attributes, says how each of these was written, and `closing.py` restores it.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterable, Mapping
from typing import Any

from sessions_app.content.documents import PartKind, SplitDocument
from sessions_app.content.json_bytes import DocumentError, JsonBytes, array_items, kind_of, object_fields
from sessions_app.content.splitting import LARGE_VALUE_BYTES, Splitter
from sessions_app.wire import bodies
from sessions_app.wire.answer_shapes import generations_in
from sessions_app.wire.genai.broken_json import mended
from sessions_app.wire.genai.indexed import DIALECTS, run_of, taken
from sessions_app.wire.genai.unfolding import (
    closed,
    dumped_style_of,
    dumps,
    is_json,
    is_nested,
    style_of,
    text_of,
    written,
)

UNFOLDED = "unfolded"
_RESPONSE_MEMBERS = frozenset({"choices", "candidates"})

Raws = dict[str, JsonBytes]


class OrderedSplitter:
    """Lets readers cut in any order. The parts are in the order in which they stand in the document."""

    _PLACE = re.compile(rb"\x02(\d+);")

    def __init__(self, splitter: Splitter) -> None:
        self._splitter = splitter
        self._calls: list[Callable[[], bytes]] = []
        self._derived: list[tuple[str, JsonBytes, PartKind]] = []

    def items(self, letter: str, raw: JsonBytes, kind: PartKind) -> bytes:
        return self._later(lambda: self._splitter.items(letter, raw, kind))

    def item(self, letter: str, raw: JsonBytes, kind: PartKind) -> bytes:
        return self._later(lambda: self._splitter.item(letter, raw, kind))

    def derived(self, letter: str, raw: JsonBytes, kind: PartKind) -> None:
        # Parts that no hole stands for end their list.
        self._derived.append((letter, raw, kind))

    def _later(self, cut: Callable[[], bytes]) -> bytes:
        self._calls.append(cut)
        return b"\x02%d;" % (len(self._calls) - 1)

    def finish(self, skeleton: bytes) -> SplitDocument:
        written = self._PLACE.sub(lambda place: self._calls[int(place[1])](), skeleton)
        for part in self._derived:
            self._splitter.derived(*part)
        return self._splitter.finish(written)


class Attributes:
    """The attributes of a span, event or log record while they are cut: their exact bytes, and what was unfolded."""

    def __init__(
        self, splitter: OrderedSplitter, values: Mapping[str, Any], raws: Raws, problem: Callable[[str], None]
    ) -> None:
        self.splitter = splitter
        self.values = values
        self.raws = raws
        self.written: dict[str, bytes] = {}
        self.unfolded: dict[str, Any] = {}
        self.gone: set[str] = set()
        self.problem = problem

    def is_done(self, name: str) -> bool:
        return name in self.written or name in self.gone

    # --- what is a message ------------------------------------------------------------------------------------------

    def cut(self, name: str, letter: str, kind: PartKind) -> None:
        """Cut an attribute that holds messages, a system prompt or tools: JSON, JSON text or plain text."""
        raw = self.raws.get(name)
        if raw is None or self.is_done(name) or kind_of(raw) == "null":
            return
        text = text_of(self.values[name])
        if text is None:
            is_nested = kind_of(raw) in ("array", "object")
            self.written[name] = (self._open if is_nested else self.splitter.item)(raw=raw, letter=letter, kind=kind)
            return
        self.written[name], style = self._opened_text(name, raw, text, letter, kind)
        if style is not None:
            self.unfolded[name] = style

    def cut_whole(self, name: str, letter: str, kind: PartKind) -> None:
        """Cut an attribute as one part, also if it is a list: the pieces of a streamed answer are one message."""
        raw = self.raws.get(name)
        if raw is None or self.is_done(name) or kind_of(raw) == "null":
            return
        text = text_of(self.values[name])
        if text and not is_json(text):
            self.cut(name, letter, kind)
            return
        self.written[name] = self.splitter.item(letter, text or raw, kind)
        if text:
            # As in `_opened_text`: an unusual text is kept too.
            self.unfolded[name] = style_of(text) or self.splitter.item("c", raw, PartKind.OTHER)

    def _opened_text(self, name: str, raw: JsonBytes, text: bytes, letter: str, kind: PartKind) -> tuple[bytes, Any]:
        """The skeleton of an attribute that is a text, and how the text was written; None when it was not opened."""
        if letter == "o" and (response := self._open_response(text)):
            return response
        if letter == "o" and (generations := generations_in(text)):
            for message in generations:
                self.splitter.derived("o", dumps(message), PartKind.MESSAGE)
            return self.large(raw), None
        if style := style_of(text):
            return self._open(text, letter, kind), style
        if is_json(text):
            # Indented or otherwise unusual. It cannot be restored from its pieces, so the text is kept too.
            return self._open(text, letter, kind), self.splitter.item("c", raw, PartKind.OTHER)
        if kind_of(text) != "string":
            found = mended(name, self.values[name])
            if found.problem:
                self.problem(found.problem)
            if found.value:
                self._derive(found.value, letter, kind)
                return self.large(raw), None
        return self.splitter.item(letter, raw, kind), None

    def _derive(self, value: Any, letter: str, kind: PartKind) -> None:
        """Parts of what could be read of a text that is no JSON. The text stands where it stood."""
        if isinstance(value, dict):
            names = bodies.INPUT_MEMBERS & value.keys() if letter == "i" and "role" not in value else ()
            value = next((value[name] for name in sorted(names) if isinstance(value[name], list)), [value])
        items = [value] if kind is PartKind.SYSTEM else value
        for item in items:
            self.splitter.derived(letter, json.dumps(item).encode(), kind)

    def _open(self, raw: JsonBytes, letter: str, kind: PartKind) -> bytes:
        if kind_of(raw) == "array":
            if kind is PartKind.SYSTEM:
                return self.splitter.item(letter, raw, kind)
            return self._array(raw, letter, kind)
        if kind_of(raw) == "string":
            return self.splitter.item(letter, raw, kind)
        members = object_fields(raw)
        if letter == "i" and members.keys() & bodies.INPUT_MEMBERS and "role" not in members:
            return self._request(members)
        if letter == "o" and "messages" in members and kind_of(members["messages"]) == "array":
            return written({n: self._last(v) if n == "messages" else self.large(v) for n, v in members.items()})
        if letter == "o" and kind_of(members.get("replies", b"0")) == "array":
            # Haystack.
            return written(
                {n: self._array(v, "o", kind) if n == "replies" else self.large(v) for n, v in members.items()}
            )
        return self.splitter.item(letter, raw, kind)

    def _last(self, raw: JsonBytes) -> bytes:
        """The final state of a graph. Its last message is the answer; the messages before it are context."""
        *before, last = array_items(raw) or [b"null"]
        kept = [self.splitter.item("c", item, PartKind.OTHER) for item in before]
        return b"[" + b",".join([*kept, self.splitter.item("o", last, PartKind.MESSAGE)]) + b"]"

    def _request(self, members: dict[str, JsonBytes]) -> bytes:
        """A request body: its messages, system prompt and tools."""
        return written({name: self._request_member(name, raw) for name, raw in members.items()})

    def _request_member(self, name: str, raw: JsonBytes) -> bytes:
        if name in bodies.INPUT_MEMBERS and kind_of(raw) in ("array", "object", "string"):
            is_list = kind_of(raw) == "array"
            return (self._array if is_list else self.splitter.item)(raw=raw, letter="i", kind=PartKind.MESSAGE)
        if name in bodies.SYSTEM_MEMBERS and kind_of(raw) != "null":
            return self.splitter.item("c", raw, PartKind.SYSTEM)
        if name in bodies.TOOL_MEMBERS and kind_of(raw) == "array":
            return self._array(raw, "c", PartKind.TOOL)
        return self.large(raw)

    def _array(self, raw: JsonBytes, letter: str, kind: PartKind, depth: int = 0) -> bytes:
        """The items of an array one by one; arrays of arrays are opened too."""
        items = array_items(raw)
        if is_nested(items, depth):
            return b"[" + b",".join([self._item(item, letter, kind, depth + 1) for item in items]) + b"]"
        if letter == "i" and _is_tool_definition(items[-1] if items else b""):
            return b"[" + b",".join([self._message_or_tool(item) for item in items]) + b"]"
        if items and kind_of(items[0]) not in ("object", "string"):
            return self.large(raw)
        return self.splitter.items(letter, raw, kind)

    def _item(self, raw: JsonBytes, letter: str, kind: PartKind, depth: int) -> bytes:
        is_array = kind_of(raw) == "array"
        return self._array(raw, letter, kind, depth) if is_array else self.splitter.item(letter, raw, kind)

    def _message_or_tool(self, raw: JsonBytes) -> bytes:
        """Langfuse's LangChain callback sends tool definitions among the messages, as those of a tool."""
        if _is_tool_definition(raw):
            return self.splitter.item("c", raw, PartKind.TOOL)
        return self.splitter.item("i", raw, PartKind.MESSAGE)

    def _open_response(self, text: bytes) -> tuple[bytes, int] | None:
        """The body of a model's response, with the messages of its choices as parts. None when it cannot be opened."""
        if kind_of(text) != "object" or b'"message"' not in text:
            return None
        try:
            members = object_fields(text)
        except DocumentError:
            return None
        style = dumped_style_of(text) if members.keys() & _RESPONSE_MEMBERS else None
        if style is None:
            return None
        write = dict.fromkeys(_RESPONSE_MEMBERS, self._choices)
        return written({name: write.get(name, self.large)(value) for name, value in members.items()}), style

    def _choices(self, raw: JsonBytes, letter: str = "o") -> bytes:
        if kind_of(raw) != "array":
            return self.large(raw)
        return b"[" + b",".join([self._choice(choice, letter) for choice in array_items(raw)]) + b"]"

    def _choice(self, raw: JsonBytes, letter: str) -> bytes:
        if kind_of(raw) != "object":
            return self.large(raw)
        members = object_fields(raw)
        kind = PartKind.MESSAGE if letter == "o" else PartKind.OTHER
        return written(
            {
                name: self.splitter.item(letter, value, kind) if name in ("message", "content") else self.large(value)
                for name, value in members.items()
            }
        )

    def cut_last(self, name: str) -> None:
        """Cut an array whose last item is the answer, and whose other items are intermediate results."""
        text = text_of(self.values.get(name))
        style = style_of(text) if text and kind_of(text) == "array" else None
        if text and style and not self.is_done(name):
            self.written[name], self.unfolded[name] = self._last(text), style

    # --- what is put together from several attributes ----------------------------------------------------------------

    def compose(self, name: str, message: Mapping[str, str], fixed: Mapping[str, Any], letter: str) -> None:
        """Write one message under `name`. `message` names the attribute of each member; `fixed` are further members."""
        if name in self.raws:
            name = f"{name} (message)"
        found = {
            member: source for member, source in message.items() if source in self.raws and not self.is_done(source)
        }
        if not found or name in self.raws:
            return
        members: dict[str, bytes] = {member: dumps(value) for member, value in fixed.items()}
        styles: dict[str, list[Any]] = {}
        for member, source in found.items():
            text = text_of(self.values[source])
            style = style_of(text) if text else None
            members[member] = closed(text, 1) if text and style else bytes(self.raws[source])
            styles[source] = [member, style or 0]
            self.gone.add(source)
        self.written[name] = self.splitter.item(letter, written(members), PartKind.MESSAGE)
        self.unfolded[name] = styles

    def nest(
        self,
        prefix: str,
        group: Mapping[int, dict[str, Any]],
        dialect: str,
        letter: str,
        candidates: Iterable[tuple[dict[str, Any], JsonBytes]] = (),
    ) -> None:
        """Write the attributes `<prefix>.<index>.*` as a list of messages.

        `candidates` are messages that the span holds in another place too. If one of them says exactly the same as a
        message of the list, its bytes are used, so that both are stored once.
        """
        nest, spread = DIALECTS[dialect].nest, DIALECTS[dialect].spread
        remaining = list(candidates)
        known: dict[int, Any] = {}
        items: list[bytes] = []
        indexes: list[int] = []
        for index in sorted(group):
            flat = group[index]
            raw = taken(flat, remaining, spread, known)
            if raw is None:
                nested = nest(flat)
                if spread(nested) != flat:
                    continue
                raw = _json(nested)
            items.append(raw)
            indexes.append(index)
            self.gone.update([f"{prefix}.{index}.{name}" if name else f"{prefix}.{index}" for name in flat])
        if items and prefix not in self.raws:
            kind = PartKind.MESSAGE
            self.written[prefix] = self.splitter.items(letter, b"[" + b",".join(items) + b"]", kind)
            self.unfolded[prefix] = [dialect, run_of(indexes)]
        elif items:
            self.gone.clear()

    def nest_tools(self, prefix: str, group: Mapping[int, dict[str, Any]], read: Callable[[Any], bytes | None]) -> None:
        """Write a list of tool definitions. `read` gives the JSON of a definition, None for anything else."""
        dialect = "schema" if prefix == "llm.tools" else "function"
        items = [(index, read(group[index])) for index in sorted(group)]
        if not items or prefix in self.raws or any(item is None for _, item in items):
            return
        for index, _ in items:
            self.gone.update(f"{prefix}.{index}.{name}" for name in group[index])
        tools = b"[" + b",".join([item for _, item in items if item]) + b"]"
        self.written[prefix] = self.splitter.items("c", tools, PartKind.TOOL)
        self.unfolded[prefix] = [dialect, run_of([index for index, _ in items])]

    def cut_texts(self, name: str, letter: str, kind: PartKind) -> None:
        """Cut an attribute that is an array of JSON texts (the AI SDK's tools). Each text is one part."""
        values = self.values.get(name)
        if self.is_done(name) or not isinstance(values, list) or not values:
            return
        texts = [text_of(value) for value in values]
        if any(text is None or not is_json(text) for text in texts):
            return
        self.written[name] = self.splitter.items(
            letter, b"[" + b",".join([text for text in texts if text]) + b"]", kind
        )
        self.unfolded[name] = "texts"

    # --- everything else ----------------------------------------------------------------------------------------------

    def rest(self) -> None:
        """Write the attributes that no reader has cut. Large ones become parts of the context."""
        for name, raw in self.raws.items():
            if not self.is_done(name):
                self.written[name] = bytes(raw) if len(raw) < LARGE_VALUE_BYTES else self._large_attribute(name, raw)

    def _large_attribute(self, name: str, raw: JsonBytes) -> bytes:
        text = text_of(self.values.get(name))
        # Lists may be histories, which are cut into their items.
        if text is None or not (b"[{" in text or b"[[" in text):
            return self.large(raw)
        style = dumped_style_of(text) if b'"choices"' in text else style_of(text)
        if style is None:
            return self.large(raw)
        self.unfolded[name] = style
        return self._context(text)

    def _context(self, raw: JsonBytes) -> bytes:
        """JSON of unknown meaning. Its lists are cut item by item, because they may be histories that grow."""
        if kind_of(raw) == "array":
            return self._context_array(raw)
        write = {"choices": lambda value: self._choices(value, "c")}
        return written(
            {name: write.get(name, self._context_member)(value) for name, value in object_fields(raw).items()}
        )

    def _context_member(self, raw: JsonBytes, depth: int = 0) -> bytes:
        return self._context_array(raw, depth) if kind_of(raw) == "array" else self.large(raw)

    def _context_array(self, raw: JsonBytes, depth: int = 0) -> bytes:
        items = array_items(raw)
        if is_nested(items, depth):
            return b"[" + b",".join([self._context_member(item, depth + 1) for item in items]) + b"]"
        if not items or kind_of(items[0]) != "object":
            return self.large(raw)
        return self.splitter.items("c", raw, PartKind.OTHER)

    def large(self, raw: JsonBytes) -> bytes:
        """The value itself; as a part when it is large."""
        return bytes(raw) if len(raw) < LARGE_VALUE_BYTES else self.splitter.item("c", raw, PartKind.OTHER)

    def object(self) -> bytes:
        """The attributes as they are stored: in their order, then those that were put together."""
        order = [
            *(name for name in self.raws if name in self.written),
            *(n for n in self.written if n not in self.raws),
        ]
        return written({name: self.written[name] for name in order})


def written_unfolded(unfolded: Mapping[str, Any]) -> bytes:
    """The value of `unfolded`, which says how attributes were written. Bytes are JSON already."""
    return written({name: how if isinstance(how, bytes) else dumps(how) for name, how in unfolded.items()})


def _json(value: Any) -> bytes:
    """As Python's json.dumps writes it. Most instrumentations do, so equal messages have equal bytes."""
    return json.dumps(value).encode()


def _is_tool_definition(raw: JsonBytes) -> bool:
    start = bytes(memoryview(raw)[:80]).replace(b" ", b"")
    return start.startswith(b'{"role":"tool","content":{"type":"function","function":')
