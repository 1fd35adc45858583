"""Finds the events in a response that was logged as a stream, and puts them together.

Read are a JSON array of events, and the text of a stream: server-sent events (WHATWG: `data:` and `event:` lines, any
line ends, comments, `[DONE]`), JSON lines, or the beginning of a JSON array.
"""

from __future__ import annotations

import base64
import binascii
import json
import re
from collections.abc import Callable, Iterable, Iterator
from itertools import chain, islice
from typing import Any, NamedTuple

from sessions_app.content.json_bytes import DocumentError, JsonBytes, array_items, loads
from sessions_app.content.json_values import JsonObject
from sessions_app.wire.streams import (
    ai_sdk,
    anthropic,
    bedrock,
    chat,
    cohere,
    dify,
    gemini,
    gemini_live,
    langchain,
    lines,
    mistral,
    responses,
)
from sessions_app.wire.streams.assembly import Assembly, text_in

# The API is recognised by one of the first events.
_MOST_LOOKED_AT = 50
_MOST_EVENTS = 2_000_000
# After so many values that are no events it is no use to look for more.
_MOST_OTHERS = 10_000
_MOST_WRAPPED = 4
DONE = "[DONE]"

_APIS: tuple[tuple[Callable[[JsonObject], bool], type[Assembly]], ...] = (
    (anthropic.recognises, anthropic.MessageAssembly),
    (responses.recognises, responses.ResponseAssembly),
    (mistral.recognises, mistral.ConversationAssembly),
    (dify.recognises, dify.DifyAssembly),
    (chat.recognises, chat.ChatAssembly),
    (gemini.recognises, gemini.ContentAssembly),
    (gemini_live.recognises, gemini_live.LiveAssembly),
    (bedrock.recognises, bedrock.ConverseAssembly),
    (ai_sdk.recognises, ai_sdk.PartsAssembly),
    (cohere.recognises, cohere.CohereAssembly),
    (cohere.is_old, cohere.OldCohereAssembly),
    (lines.is_ollama, lines.LinesAssembly),
    (lines.is_tgi, lines.TokenAssembly),
    (langchain.recognises, langchain.LangChainAssembly),
)
# Chunks that look like whole answers: one alone is an answer.
_APIS_OF_SEVERAL: tuple[tuple[Callable[[JsonObject], bool], type[Assembly]], ...] = (
    (chat.is_completion, chat.ChatAssembly),
    (lines.is_text, lines.LinesAssembly),
)

# How the text of a stream begins. A text of a model that begins so is hardly JSON in the next moment.
_SSE = re.compile(r"\s*(?:data|event|id|retry)?:")
_LINE_END = re.compile(r"\r\n|\n|\r")
_BETWEEN = re.compile(r"[\s,]*")


class Assembled(NamedTuple):
    """An answer that was put together: the JSON of its body, from how many events, and whether the end is missing."""

    body: bytes
    events: int
    is_broken_off: bool


def of_array(raw: JsonBytes) -> Assembled | None:
    """The answer in a JSON array of events; None if this is no stream of a known API."""
    begins = bytes(memoryview(raw)[:_MOST_SPACE]).lstrip(b"[ \t\r\n")[:1]
    if begins not in (b"{", b'"') or bytes(raw).count(b"{") > _MOST_EVENTS:
        return None
    items = array_items(raw)
    if begins == b'"':
        texts = [text for item in items if isinstance(text := _decoded(item), str)]
        return of_text(("" if any(text.endswith("\n") for text in texts) else "\n\n").join(texts))
    return _assembled(_decoded(item) for item in items)


def of_text(text: str) -> Assembled | None:
    """The answer in the text of a stream; None for any other text."""
    text = text.lstrip("\ufeff")
    if _SSE.match(text):
        return _assembled(_server_sent(text))
    start = text.lstrip()[:1]
    if start == "{" and _LINE_END.search(text.strip()):
        first = _LINE_END.split(text.lstrip(), 1)[0]
        return _assembled(_json_lines(text)) if isinstance(_from_text(first), dict) else None
    if text[1:2] == ":" and (parts := ai_sdk.parts_of_lines(text.split("\n"))) is not None:
        return _assembled(iter(parts))
    return _assembled(_beginning_of_array(text)) if start == "[" else None


_MOST_SPACE = 1_000


def _assembled(values: Iterator[Any]) -> Assembled | None:
    try:
        first = list(islice(values, _MOST_LOOKED_AT))
        assembly = _assembly_for(list(_Events(first)))
        if assembly is None:
            return None
        source = _Events(chain(first, values))
        for event in source:
            assembly.add(event)
        body = _json(assembly.body())
    except RecursionError:
        return None
    return Assembled(body, source.count, not (assembly.is_ended or source.is_done))


def _assembly_for(events: list[JsonObject]) -> Assembly | None:
    apis = (*_APIS, *_APIS_OF_SEVERAL) if len(events) > 1 else _APIS
    return next((make() for recognises, make in apis if any(map(recognises, events))), None)


class _Events:
    """The events without what was put around them. `is_done`: the mark of the end was among them."""

    def __init__(self, values: Iterable[Any]) -> None:
        self._values = iter(values)
        self._others = 0
        self.count = 0
        self.is_done = False

    def __iter__(self) -> Iterator[JsonObject]:
        return self

    def __next__(self) -> JsonObject:
        while self._others < _MOST_OTHERS:
            event = _unwrapped(next(self._values))
            if isinstance(event, dict):
                self.count += 1
                return event
            self.is_done = self.is_done or event == DONE
            self._others += 1
        raise StopIteration


def _unwrapped(value: Any, depth: int = 0) -> Any:
    """An event without its wrappings: `{"event", "data"}` of a server-sent event, Bedrock's `{"chunk": {"bytes"}}`."""
    for _ in range(_MOST_WRAPPED):
        if isinstance(value, str):
            value = _from_text(value)
        elif not isinstance(value, dict):
            return value
        elif isinstance(value.get("chunk"), (dict, str)):
            value = value["chunk"]
        elif isinstance(value.get("bytes"), str):
            value = value["bytes"]
        elif isinstance(value.get("data"), (dict, str)) and value.keys() <= _AROUND_DATA and depth < _MOST_WRAPPED:
            value = _named(text_in(value, "event"), _unwrapped(value["data"], depth + 1))
        else:
            return value
    return value


_AROUND_DATA = frozenset({"data", "event", "id", "retry", "raw", "comment"})


def _named(name: str, data: Any) -> Any:
    """The data of an event with the name that stood beside it."""
    if not isinstance(data, dict) or not name or "type" in data or "event_type" in data:
        return data
    if name == "error":
        return {"type": "error", "error": data.get("error", data)}
    return {name: data} if name in bedrock.EVENTS else {"type": name} | data


def _from_text(text: str) -> Any:
    text = text.strip()
    if text[:1] in ("{", "["):
        try:
            return DONE if text == DONE else loads(text.encode("utf-8", "surrogatepass"))
        except DocumentError:
            return None
    if _SSE.match(text):
        return next(_server_sent(text), None)
    try:
        return loads(base64.b64decode(text, validate=True))
    except (binascii.Error, ValueError):
        return None


def _server_sent(text: str) -> Iterator[Any]:
    """The events of a text, with their names. What was received of the last one counts even without the blank line."""
    name, data = "", list[str]()
    for line in chain(_LINE_END.split(text), ("",)):
        field, _, value = line.partition(":")
        value = value.removeprefix(" ")
        if field == "event":
            name = value
        elif field == "data":
            data.append(value)
        elif not line and data:
            yield _named(name, _from_text("\n".join(data)))
            name, data = "", []


def _json_lines(text: str) -> Iterator[Any]:
    for line in _LINE_END.split(text):
        if line.strip():
            yield _from_text(line)


def _beginning_of_array(text: str) -> Iterator[Any]:
    """The items of a JSON array, up to where it breaks off."""
    decoder = json.JSONDecoder()
    at = text.index("[") + 1
    while (at := _end_of_space(text, at)) < len(text):
        try:
            value, at = decoder.raw_decode(text, at)
        except (ValueError, RecursionError):
            return
        yield value


def _end_of_space(text: str, at: int) -> int:
    space = _BETWEEN.match(text, at)
    return space.end() if space else at


def _decoded(raw: JsonBytes) -> Any:
    try:
        return loads(raw)
    except DocumentError:
        return None


def _json(body: JsonObject) -> bytes:
    try:
        return json.dumps(body, ensure_ascii=False).encode()
    except UnicodeEncodeError:
        return json.dumps(body).encode()
