"""Facts of a request as terms of the search index: `model:gpt-4o` is found like a word.

A fact is marked by a control character, which no word has. Like all terms, facts only say where something may be: what
counts is what is stored.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from functools import lru_cache
from typing import Any, Protocol

from sessions_app.content.blocks import (
    MediaBlock,
    Message,
    ReasoningBlock,
    RefusalBlock,
    ToolCallBlock,
    ToolResultBlock,
)
from sessions_app.content.endings import is_cut
from sessions_app.content.search_text import FACT_MARK, Hasher, folded

VALUE_CHARS = 200
# Of metadata: so many values, so deep.
MOST_VALUES, MOST_LEVELS = 250, 6


# Of these a message may tell; of all others only the request itself.
_OF_MESSAGES = (f"{FACT_MARK}has:", f"{FACT_MARK}tool:")


def may_be_in_messages(facts: Iterable[str]) -> bool:
    """Whether a message can show one of these facts."""
    return any(one.startswith(_OF_MESSAGES) for one in facts)


class Searchable(Protocol):
    """What a request says of itself; records and stored requests both have it."""

    @property
    def source(self) -> str: ...
    @property
    def kind(self) -> str: ...
    @property
    def model(self) -> str: ...
    @property
    def requested_model(self) -> str: ...
    @property
    def provider(self) -> str: ...
    @property
    def status(self) -> str: ...
    @property
    def error_type(self) -> str: ...
    @property
    def error_message(self) -> str: ...
    @property
    def finish_reason(self) -> str: ...
    @property
    def end_user(self) -> str: ...
    @property
    def key_alias(self) -> str: ...
    @property
    def request_id(self) -> str: ...
    @property
    def name(self) -> str: ...
    @property
    def tool_name(self) -> str: ...
    @property
    def step(self) -> bool: ...
    @property
    def tags(self) -> Sequence[str]: ...


# Most requests of a project say the same few things of themselves.
@lru_cache(maxsize=4_096)
def fact(key: str, value: str) -> str:
    """The term for a fact. `key` is that of the search language, `metadata.<path>` too."""
    return f"{FACT_MARK}{key}:{folded(value[:VALUE_CHARS])}"


def facts_of(request: Searchable, metadata: dict[str, Any] | None) -> set[str]:
    """The facts that a request says of itself."""
    pairs = [
        *(("source", request.source), ("kind", request.kind), ("model", request.model)),
        *(("model", request.requested_model), ("provider", request.provider), ("status", request.status)),
        *(("error", request.error_type), ("finish", request.finish_reason), ("user", request.end_user)),
        *(("key", request.key_alias), ("tool", request.tool_name)),
        *(("tag", tag) for tag in request.tags),
        *metadata_values(metadata or {}),
    ]
    if request.requested_model != request.model:
        # Roll-ups list the models that answered: only this one is missing there.
        pairs.append(("asked", request.requested_model))
    if is_cut(request.finish_reason):
        pairs.append(("has", "cut"))
    return {fact(key, value) for key, value in pairs if value}


def add_own(
    hasher: Hasher,
    request: Searchable,
    metadata: dict[str, Any],
    session_key: str,
    rule: str,
    failed_tools: Iterable[str],
) -> None:
    """Add what a request says beside its messages, with its facts."""
    hasher.add_text(f"{own_text(request)}\n{session_key}")
    hasher.add(facts_of(request, metadata))
    hasher.add([fact("rule", rule), *(fact("failed_tool", tool) for tool in failed_tools)])
    if request.step:
        hasher.add([fact("has", "step")])


def own_text(request: Searchable) -> str:
    """The short texts that a request has beside its messages."""
    return "\n".join(filter(None, (error_text(request), text_beside(request))))


def error_text(request: Searchable) -> str:
    return "\n".join(filter(None, (request.error_type, request.error_message)))


def text_beside(request: Searchable) -> str:
    """What it has beside its messages and its error."""
    texts = (request.end_user, request.key_alias, request.request_id, request.name, request.tool_name, *request.tags)
    return "\n".join(filter(None, texts))


def metadata_values(metadata: dict[str, Any]) -> Iterator[tuple[str, str]]:
    """The values in metadata with their keys, as the search language writes them: `metadata.<path>`."""
    waiting: list[tuple[str, Any, int]] = [("metadata", metadata, 0)]
    count = 0
    while waiting and count < MOST_VALUES:
        name, item, level = waiting.pop()
        if isinstance(item, dict) and level < MOST_LEVELS:
            waiting += [(f"{name}.{key}", inner, level + 1) for key, inner in sorted(item.items(), reverse=True)]
        elif isinstance(item, list) and level < MOST_LEVELS:
            waiting += [(name, inner, level + 1) for inner in reversed(item[:MOST_VALUES])]
        elif not isinstance(item, (dict, list)):
            count += 1
            yield name, as_text(item)


def as_text(value: Any) -> str:
    """A value of metadata as one writes it in a query."""
    if value is None or isinstance(value, bool):
        return {True: "true", False: "false", None: "null"}[value]
    # PostgreSQL gives large numbers back without exponents.
    return str(int(value)) if isinstance(value, float) and value.is_integer() else str(value)


def facts_of_message(message: Message) -> Iterable[str]:
    """The facts that a message shows: tools that it calls, media, reasoning."""
    for block in message.blocks:
        match block:
            case ToolCallBlock(name=name):
                yield fact("has", "tool")
                if name:
                    yield fact("tool", name)
            case ToolResultBlock(name=name) if name:
                yield fact("tool", name)
            case MediaBlock(modality=modality):
                yield fact("has", modality)
            case ReasoningBlock():
                yield fact("has", "reasoning")
            case RefusalBlock():
                yield fact("has", "refusal")
