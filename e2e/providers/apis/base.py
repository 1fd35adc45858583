"""What the evaluation asks of each API."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any, ClassVar, Protocol

from conversations import Answer, Conversation, Turn
from replies import Reply


@dataclass
class Logged:
    """A call as its SDK knows it: what it was asked with, and what it gave. `response` is None when it raised."""

    request: Any
    response: Any = None
    error: str = ""


@dataclass
class Expected:
    """Tokens that the API reports; None where it does not say."""

    input: int | None = None
    output: int | None = None
    cached: int | None = None
    thought: int | None = None


class Api(Protocol):
    """An API of a provider. `can`: what conversations may need of it. `remembers`: a request holds what came before."""

    name: ClassVar[str]
    can: ClassVar[frozenset[str]]
    remembers: ClassVar[bool]

    def reply(self, answer: Answer, number: int, stream: bool) -> Reply:
        """The answer as the provider's server sends it."""

    def expected(self, answer: Answer, stream: bool) -> Expected:
        """The tokens that this reply tells."""

    def talk(self, conversation: Conversation, url: str, stream: bool) -> Iterator[tuple[Turn, Logged]]:
        """Hold a conversation through the SDK."""


def plain(value: Any) -> Any:
    """What an SDK gave, as JSON values: what a program would log."""
    if hasattr(value, "model_dump"):
        return value.model_dump(mode="json")
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        return dataclasses.asdict(value)
    if isinstance(value, list):
        return [plain(item) for item in value]
    return value


def called(call: Callable[..., Any], asked: dict[str, Any], stream: bool) -> Logged:
    """A call of an SDK, as it would be logged. Of a stream that breaks off, the events until then."""
    logged = Logged(asked)
    try:
        got = call(**asked)
        if stream:
            logged.response = []
            logged.response.extend(plain(event) for event in got)
        else:
            logged.response = plain(got)
    except Exception as error:  # each SDK, and the transport below it, has errors of its own
        logged.error = str(error)
    return logged
